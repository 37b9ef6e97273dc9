import { isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { ISocketFactory, KafkaConfig, Mechanism, SASLOptions } from 'kafkajs';
import { ConfigurationError } from '../ports/errors.ts';
import { AccessToken, TokenUnavailable } from './access-token.ts';
import { oauthBearer, type Tokens } from './kafkajs/oauth-bearer.ts';
import { reasonOf } from './retry.ts';
import { checkTlsFiles, readTlsFiles, type TlsFiles } from './tls-files.ts';

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
    readonly caLocation: string | undefined;
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
  if (protocol.endsWith('SSL')) checkTlsFiles(security, TLS_PREFIX);
  security.password?.();
  security.token.clientSecret?.();
  return {
    ...(protocol.endsWith('SSL') && { ssl: true, socketFactory: tlsSockets(security) }),
    ...(protocol.startsWith('SASL') && { sasl: saslOptions(security, now) }),
  };
}

/** Of the settings that name the files. */
export const TLS_PREFIX = 'KAFKA_SSL_';

/** kafkajs' own factory would be given certificates that were read once. */
function tlsSockets(files: TlsFiles): ISocketFactory {
  return ({ host, port, onConnect }): Socket => {
    const named = isIP(host) === 0 ? { servername: host } : {};
    const socket = connectTls({ host, port, ...named, ...readTlsFiles(files, TLS_PREFIX) }, onConnect);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    return socket;
  };
}

function saslOptions(security: KafkaSecurity, now: () => number): SASLOptions | Mechanism {
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
      return oauthBearer(tokensOf(security, now));
    case 'AWS_MSK_IAM':
      return oauthBearer({ get: signedTokens(security.awsRegion ?? ''), refused: () => undefined });
    case undefined:
      throw new ConfigurationError('KAFKA_SASL_MECHANISM is not set');
  }
}

function tokensOf({ token, extensions }: KafkaSecurity, now: () => number): Tokens {
  const { endpoint = '', clientId = '', clientSecret = () => '', scope, caLocation } = token;
  const names = { prefix: 'KAFKA_SASL_OAUTHBEARER_', tlsPrefix: 'KAFKA_HTTPS_' };
  const tokens = new AccessToken({ endpoint, clientId, clientSecret, scope, caLocation, ...names, now });
  return {
    get: async () => ({ value: await tokens.get(), ...(extensions && { extensions }) }),
    refused: (value) => tokens.refused(value),
  };
}

/** The part of the signer's module that is used. */
interface Signer {
  readonly generateAuthToken: (options: { readonly region: string }) => Promise<{ readonly token: string }>;
}

const SIGNER = 'aws-msk-iam-sasl-signer-js';

/** MSK's IAM goes over OAUTHBEARER, with a token that AWS' own library signs. Whoever needs it installs that beside the worker. */
function signedTokens(region: string): Tokens['get'] {
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
