import { isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { ISocketFactory, KafkaConfig, SASLOptions } from 'kafkajs';
import { ConfigurationError } from '../ports/errors.ts';
import { AccessToken, TokenUnavailable } from './access-token.ts';
import { codeOf } from './error-code.ts';
import { reasonOf } from './retry.ts';
import { checkTlsFiles, readTlsFiles, tlsFault, type TlsFiles } from './tls-files.ts';

export interface KafkaSecurity extends TlsFiles {
  readonly protocol: 'PLAINTEXT' | 'SSL' | 'SASL_PLAINTEXT' | 'SASL_SSL';
  readonly mechanism: 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512' | 'OAUTHBEARER' | 'AWS_MSK_IAM' | undefined;
  readonly username: string | undefined;
  readonly password: (() => string) | undefined;
  readonly token: {
    readonly endpoint: string | undefined;
    readonly clientId: string | undefined;
    readonly clientSecret: (() => string) | undefined;
    readonly scope: string | undefined;
  };
  readonly extensions: Readonly<Record<string, string>> | undefined;
  readonly awsRegion: string | undefined;
}

const KEEP_ALIVE_MS = 60_000;

/** What kafkajs is to be told of TLS and SASL. Files and secrets are read once here, to be refused at the start, and then for each connection. */
export function securityOptions(
  security: KafkaSecurity,
  now: () => number,
): Pick<KafkaConfig, 'socketFactory' | 'ssl' | 'sasl'> {
  const { protocol } = security;
  if (protocol.endsWith('SSL')) checkTlsFiles(security, PREFIX);
  security.password?.();
  security.token.clientSecret?.();
  return {
    ...(protocol.endsWith('SSL') && { ssl: true, socketFactory: tlsSockets(security) }),
    ...(protocol.startsWith('SASL') && { sasl: saslOptions(security, now) }),
  };
}

const PREFIX = 'KAFKA_SSL_';

/** kafkajs' own factory would be given certificates that were read once. */
function tlsSockets(files: TlsFiles): ISocketFactory {
  return ({ host, port, onConnect }): Socket => {
    const named = isIP(host) === 0 ? { servername: host } : {};
    const socket = connectTls({ host, port, ...named, ...readTlsFiles(files, PREFIX) }, onConnect);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    return socket;
  };
}

function saslOptions(security: KafkaSecurity, now: () => number): SASLOptions {
  const { mechanism, username = '', password = () => '' } = security;
  switch (mechanism) {
    case 'PLAIN':
    case 'SCRAM-SHA-256':
    case 'SCRAM-SHA-512': {
      const credentials = {
        mechanism: mechanism.toLowerCase(),
        username,
        // kafkajs reads it for each connection.
        get password(): string {
          return password();
        },
      };
      return credentials as SASLOptions;
    }
    case 'OAUTHBEARER':
      return { mechanism: 'oauthbearer', oauthBearerProvider: tokensOf(security, now) };
    case 'AWS_MSK_IAM':
      return { mechanism: 'oauthbearer', oauthBearerProvider: signedTokens(security.awsRegion ?? '') };
    case undefined:
      throw new ConfigurationError('KAFKA_SASL_MECHANISM is not set');
  }
}

type TokenProvider = () => Promise<{ value: string; extensions?: Record<string, string> }>;

function tokensOf({ token, extensions }: KafkaSecurity, now: () => number): TokenProvider {
  const { endpoint = '', clientId = '', clientSecret = () => '', scope } = token;
  const prefix = 'KAFKA_SASL_OAUTHBEARER_';
  const tokens = new AccessToken({ endpoint, clientId, clientSecret, scope, prefix, now });
  return async () => ({ value: await tokens.get(), ...(extensions && { extensions: { ...extensions } }) });
}

/** The part of the signer's module that is used. */
interface Signer {
  readonly generateAuthToken: (options: { readonly region: string }) => Promise<{ readonly token: string }>;
}

const SIGNER = 'aws-msk-iam-sasl-signer-js';

/** MSK's IAM goes over OAUTHBEARER, with a token that AWS' own library signs. Whoever needs it installs that beside the worker. */
function signedTokens(region: string): TokenProvider {
  return async () => {
    let signer: Signer;
    try {
      signer = (await import(SIGNER)) as Signer;
    } catch (cause) {
      throw new ConfigurationError(
        `KAFKA_SASL_MECHANISM AWS_MSK_IAM needs the package ${SIGNER}: \`npm install ${SIGNER}\``,
        {
          cause,
        },
      );
    }
    try {
      const { token } = await signer.generateAuthToken({ region });
      return { value: token };
    } catch (error) {
      // Where AWS keeps the credentials may be out of reach for a while, as a token endpoint may.
      throw new TokenUnavailable(`AWS_REGION ${region}: ${reasonOf(error)}`, { cause: error });
    }
  };
}

/**
 * What is wrong with the settings, when a broker could be asked but not be used.
 * @returns undefined when waiting may help
 */
export function securityFault(
  error: unknown,
  { mechanism }: KafkaSecurity,
  brokers: readonly string[],
): ConfigurationError | undefined {
  const place = `KAFKA_BROKERS ${brokers.join(',')}`;
  for (const one of chainOf(error)) {
    if (one instanceof ConfigurationError) return one;
    const fault = tlsFault(codeOf(one) ?? '', one.message, PREFIX) ?? saslFault(one, mechanism);
    if (fault !== undefined) return new ConfigurationError(`${fault}; ${place}`, { cause: error });
  }
  return undefined;
}

/** Whether a broker has refused the credentials, rather than gone away while it was asked. */
export function isRefusal({ name, message }: Error): boolean {
  return name === 'KafkaJSSASLAuthenticationError' && !GONE.test(message);
}

/** How kafkajs ends the sentence when the connection ended; it makes the same error of both. */
const GONE = /failed: (Closed connection|Connection |Not connected|Request \w+\(.*\) timed out)/;

function saslFault(error: Error, mechanism: KafkaSecurity['mechanism']): string | undefined {
  if (mechanism === undefined) return undefined;
  if ('type' in error && error.type === 'UNSUPPORTED_SASL_MECHANISM') {
    return `KAFKA_SASL_MECHANISM is ${mechanism}, which the brokers do not offer`;
  }
  if (!isRefusal(error)) return undefined;
  const [unreadable] = /KAFKA_\w+_FILE is .*/.exec(error.message) ?? [];
  return unreadable ?? `${CREDENTIALS[mechanism]}: the brokers refuse them`;
}

const CREDENTIALS = {
  PLAIN: 'KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD',
  'SCRAM-SHA-256': 'KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD',
  'SCRAM-SHA-512': 'KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD',
  OAUTHBEARER: 'KAFKA_SASL_OAUTHBEARER_CLIENT_ID and its tokens',
  AWS_MSK_IAM: 'AWS_REGION and the credentials of AWS',
} as const;

const MAX_CAUSES = 5;

/** An error and its causes, the outermost first. Not by `instanceof`: errors of Node are of another realm under jest. */
function chainOf(error: unknown): readonly Error[] {
  const chain: Error[] = [];
  for (let one = error; isError(one) && chain.length < MAX_CAUSES; one = one.cause) chain.push(one);
  return chain;
}

function isError(value: unknown): value is Error {
  return typeof value === 'object' && value !== null && 'message' in value;
}
