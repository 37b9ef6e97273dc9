import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { ConfigurationError } from '../ports/errors.ts';
import { codeOf } from './error-code.ts';

/** The PEM files of a TLS connection. */
export interface TlsFiles {
  readonly caLocation: string | undefined;
  readonly certificateLocation: string | undefined;
  readonly keyLocation: string | undefined;
  /** Of the key. */
  readonly keyPassword?: (() => string) | undefined;
}

export interface TlsContents {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
  readonly passphrase?: string;
}

/**
 * Reads the files. Each connection does so anew, so that a rotated certificate needs no restart.
 * @param prefix of the settings that name the files, such as `KAFKA_SSL_`
 * @throws ConfigurationError
 */
export function readTlsFiles(files: TlsFiles, prefix: string): TlsContents {
  const { caLocation, certificateLocation, keyLocation, keyPassword } = files;
  return {
    ...(caLocation && { ca: readPem(caLocation, `${prefix}CA_LOCATION`) }),
    ...(certificateLocation && { cert: readPem(certificateLocation, `${prefix}CERTIFICATE_LOCATION`) }),
    ...(keyLocation && { key: readPem(keyLocation, `${prefix}KEY_LOCATION`) }),
    ...(keyPassword && { passphrase: keyPassword() }),
  };
}

/** Reads the files once to see that they fit each other. @throws ConfigurationError */
export function checkTlsFiles(files: TlsFiles, prefix: string): void {
  const contents = readTlsFiles(files, prefix);
  try {
    createSecureContext(contents);
    // What is no certificate among the authorities would be passed over in silence.
    if (contents.ca) new X509Certificate(contents.ca);
  } catch (error) {
    const code = codeOf(error) ?? String(error);
    throw new ConfigurationError(tlsFault(code, code, prefix) ?? `${prefix}...: the files can't be used (${code})`);
  }
}

function readPem(file: string, variable: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new ConfigurationError(`${variable} is '${file}', which can't be read (${codeOf(error)})`);
  }
}

/**
 * Why a TLS connection failed, by the setting that mends it. Source: Node's TLS documentation, "X509 certificate error codes".
 * @returns undefined for other errors
 */
export function tlsFault(code: string, message: string, prefix: string): string | undefined {
  if (UNTRUSTED.has(code)) {
    return `${prefix}CA_LOCATION: the certificate of the server is not signed by an authority that is trusted here (${code})`;
  }
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID') {
    return `the certificate of the server is not valid now, by the clock of this machine (${code})`;
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return `the certificate of the server is another host's: ${message}`;
  if (/^ERR_SSL_WRONG_VERSION_NUMBER|^ERR_SSL_PACKET_LENGTH_TOO_LONG/.test(code)) {
    return `the port does not speak TLS (${code})`;
  }
  // Node tells it so when the answer comes while it still writes: the reason stands in OpenSSL's own words.
  if (code === 'EPROTO' && /wrong version number|packet length too long/.test(message)) {
    return 'the port does not speak TLS (EPROTO)';
  }
  if (REFUSED.test(code)) {
    return `${prefix}CERTIFICATE_LOCATION: the server asks for a certificate of its clients, and refuses this one or its absence (${code})`;
  }
  if (/^ERR_OSSL_/.test(code)) {
    return `${prefix}CA_LOCATION, ${prefix}CERTIFICATE_LOCATION or ${prefix}KEY_LOCATION: no PEM file, or a key of another certificate or password (${code})`;
  }
  return undefined;
}

const UNTRUSTED = new Set([
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'CERT_SIGNATURE_FAILURE',
  'CERT_UNTRUSTED',
]);

const REFUSED =
  /^ERR_SSL_(TLSV1|SSLV3|TLSV13|SSL\/TLS)_ALERT_(CERTIFICATE_REQUIRED|UNKNOWN_CA|BAD_CERTIFICATE|CERTIFICATE_UNKNOWN|CERTIFICATE_EXPIRED|HANDSHAKE_FAILURE)$/;
