import { X509Certificate } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { createSecureContext, getCACertificates, rootCertificates, type ConnectionOptions } from 'node:tls';
import { ConfigurationError } from '../../ports/errors.ts';
import { SYSTEM, type TlsParameters } from './parameters.ts';

/** How one try talks: without TLS, with it, or with it if the server offers it. */
export type Way = 'plain' | 'tls' | 'tls if offered';

/** The ways that a mode allows, in the order in which libpq tries them. A socket of this machine needs no TLS. */
export function waysOf({ mode }: Pick<TlsParameters, 'mode'>, isSocket: boolean): readonly [Way, ...Way[]] {
  if (isSocket || mode === 'disable') return ['plain'];
  if (mode === 'allow') return ['plain', 'tls'];
  if (mode === 'prefer') return ['tls if offered', 'plain'];
  return ['tls'];
}

/** What Node is to be told. Reads the files anew: a rotated certificate needs no restart. @throws ConfigurationError */
export function tlsOptionsOf(tls: TlsParameters): ConnectionOptions {
  const { cert, key, password, revoked, oldest, newest } = tls;
  const own = cert ?? fileOfUser('postgresql.crt');
  const ownKey = key ?? (own && fileOfUser('postgresql.key'));
  if ((own === undefined) !== (ownKey === undefined)) {
    throw new ConfigurationError('DATABASE_URL: sslcert and sslkey are expected together; one of them is not set');
  }
  const options: ConnectionOptions = {
    ...trustOf(tls),
    ...(own && ownKey && { cert: readPem('sslcert', own), key: readPem('sslkey', ownKey) }),
    ...(password !== undefined && { passphrase: password }),
    ...(revoked !== undefined && { crl: readPem('sslcrl', revoked) }),
    ...(oldest && { minVersion: oldest }),
    ...(newest && { maxVersion: newest }),
  };
  try {
    createSecureContext(options);
    // What is no certificate among the authorities would be passed over in silence.
    if (Buffer.isBuffer(options.ca)) new X509Certificate(options.ca);
  } catch (error) {
    // Its text may tell of the key.
    const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : 'no code';
    throw new ConfigurationError(
      `DATABASE_URL: sslrootcert, sslcert or sslkey: no PEM file, or a key of another certificate or password (${code})`,
    );
  }
  return options;
}

/** Whom the mode trusts. `require` checks the authority, too, where one is named: so libpq has always done. */
function trustOf({ mode, rootCert }: TlsParameters): ConnectionOptions {
  if (rootCert === SYSTEM) return { ca: [...getCACertificates('system')] };
  const file = rootCert ?? fileOfUser('root.crt');
  switch (mode) {
    case 'disable':
    case 'allow':
    case 'prefer':
      return { rejectUnauthorized: false };
    case 'require':
      return file === undefined ? { rejectUnauthorized: false } : { ca: readPem('sslrootcert', file), ...ANY_NAME };
    case 'verify-ca':
      if (file === undefined)
        throw new ConfigurationError('DATABASE_URL: sslrootcert is not set; sslmode verify-ca needs it');
      return { ca: readPem('sslrootcert', file), ...ANY_NAME };
    case 'verify-full':
      return { ca: file === undefined ? [...rootCertificates] : readPem('sslrootcert', file) };
  }
}

const ANY_NAME: ConnectionOptions = { checkServerIdentity: () => undefined };

function readPem(parameter: string, file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : 'no code';
    throw new ConfigurationError(`DATABASE_URL: ${parameter} is '${file}', which can't be read (${code})`);
  }
}

/** Where libpq looks when the URL names no file. */
function fileOfUser(name: string): string | undefined {
  const file = join(homedir(), '.postgresql', name);
  return existsSync(file) ? file : undefined;
}
