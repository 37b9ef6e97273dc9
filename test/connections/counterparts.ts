import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startStack, type Stack } from '../../stack/stack.ts';
import { startUserDomainStandIn } from '../../stack/user-domain-stand-in.ts';
import type { Environment } from '../support/world-process.ts';
import { Authority, type Issued } from './authority.ts';
import { bearer, Gateway } from './gateway.ts';
import { ISSUER, TokenEndpoint } from './token-endpoint.ts';

/** May do everything on Kafka, by whatever it proves who it is. */
export const APP = 'app';
/** Secrets are looked for in everything that is printed. */
export const SECRET = 'kW9-Zq7x-not-to-be-told';
/** A user without any right that a test does not give. */
export const GUEST = 'guest';

/** Kafka, registry, PostgreSQL and user domain as a company has them, and how to get in. */
export interface Counterparts {
  readonly stack: Stack;
  readonly authority: Authority;
  readonly tokens: TokenEndpoint;
  readonly registry: Gateway;
  readonly userDomain: Gateway;
  /** Asks for certificates of its clients. */
  readonly registryOfMembers: Gateway;
  readonly userDomainOfMembers: Gateway;
  /** The worker's own certificate. */
  readonly member: Issued;
  /** What the settings are for Kafka by each way in. */
  readonly kafka: Readonly<Record<WayIn, Environment>>;
  /** Where PostgreSQL is, by TLS and with the server's certificate checked. */
  readonly databaseUrl: string;
  /** A file that holds the secret. */
  readonly secretFile: string;
  readonly stop: () => Promise<void>;
}

export type WayIn = 'scram' | 'plain' | 'mutual' | 'bearer' | 'open';

export async function startCounterparts(): Promise<Counterparts> {
  const authority = new Authority();
  const server = authority.issue('server');
  const member = authority.issue(APP);
  const tokens = await TokenEndpoint.start(server);
  tokens.secrets.set(APP, SECRET).set(GUEST, SECRET);
  const stack = await startStack({
    kafka: {
      listeners: { SCRAM: 'SASL_SSL', MUTUAL: 'SSL', BEARER: 'SASL_SSL' },
      properties: () => brokerSettings(authority, server, tokens),
      scram: [APP, GUEST].map((name) => `SCRAM-SHA-512=[name=${name},password=${SECRET}]`),
      jvmFlags: [`-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls=${tokens.keysUrl}`],
    },
    postgres: {
      ssl: 'on',
      ssl_cert_file: server.certificate,
      ssl_key_file: authority.keyOfPostgres(server.key),
      ssl_ca_file: authority.ca,
    },
  }).catch((error: unknown) => {
    tokens.stop();
    throw error;
  });
  const standIn = await startUserDomainStandIn();
  const gateway = (target: string, clients?: string): Promise<Gateway> =>
    Gateway.start({ target, certificate: server, ...(clients !== undefined && { clients }) });
  const [registry, userDomain] = [await gateway(stack.registryUrl), await gateway(standIn.url)];
  const registryOfMembers = await gateway(stack.registryUrl, authority.ca);
  const userDomainOfMembers = await gateway(standIn.url, authority.ca);
  registry.judge = bearer((token) => tokens.holds(token));
  userDomain.judge = bearer((token) => token === SECRET);
  const secretFile = join(authority.folder, 'secret');
  writeFileSync(secretFile, `${SECRET}\n`);
  return {
    ...{ stack, authority, tokens, registry, userDomain, registryOfMembers, userDomainOfMembers, member, secretFile },
    databaseUrl: `${stack.databaseUrl}?sslmode=verify-full&sslrootcert=${encodeURIComponent(authority.ca)}`,
    kafka: waysIn(stack, authority, member, tokens),
    stop: async () => {
      for (const one of [registry, userDomain, registryOfMembers, userDomainOfMembers, tokens]) one.stop();
      await standIn.stop();
      await stack.stop();
      authority.remove();
    },
  };
}

const CLASSES = 'org.apache.kafka.common.security';

function brokerSettings(authority: Authority, server: Issued, tokens: TokenEndpoint): readonly string[] {
  const users = [APP, GUEST].map((name) => `user_${name}="${SECRET}"`).join(' ');
  return [
    `ssl.keystore.type=PEM\nssl.keystore.location=${server.both}`,
    `ssl.truststore.type=PEM\nssl.truststore.location=${authority.ca}`,
    'ssl.principal.mapping.rules=RULE:^CN=([^,]+).*$/$1/',
    'listener.name.mutual.ssl.client.auth=required',
    'listener.name.scram.sasl.enabled.mechanisms=SCRAM-SHA-512,PLAIN',
    `listener.name.scram.scram-sha-512.sasl.jaas.config=${CLASSES}.scram.ScramLoginModule required;`,
    `listener.name.scram.plain.sasl.jaas.config=${CLASSES}.plain.PlainLoginModule required ${users};`,
    'listener.name.bearer.sasl.enabled.mechanisms=OAUTHBEARER',
    `listener.name.bearer.oauthbearer.sasl.jaas.config=${CLASSES}.oauthbearer.OAuthBearerLoginModule required;`,
    `listener.name.bearer.oauthbearer.sasl.server.callback.handler.class=${CLASSES}.oauthbearer.OAuthBearerValidatorCallbackHandler`,
    // A session has to be proved anew after 5 s at the latest.
    'listener.name.bearer.oauthbearer.connections.max.reauth.ms=5000',
    `sasl.oauthbearer.jwks.endpoint.url=${tokens.keysUrl}`,
    `sasl.oauthbearer.expected.audience=${tokens.audience}\nsasl.oauthbearer.expected.issuer=${ISSUER}`,
    'authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer',
    // The plain listener is the operator's.
    `super.users=User:ANONYMOUS;User:${APP}`,
  ];
}

function waysIn(stack: Stack, authority: Authority, member: Issued, tokens: TokenEndpoint): Counterparts['kafka'] {
  const at = (listener: string): Environment => ({
    KAFKA_BROKERS: `127.0.0.1:${stack.kafka.ports[listener]}`,
    KAFKA_SSL_CA_LOCATION: authority.ca,
  });
  const password = { KAFKA_SASL_USERNAME: APP, KAFKA_SASL_PASSWORD: SECRET };
  return {
    open: { KAFKA_BROKERS: stack.kafkaBrokers },
    scram: { ...at('SCRAM'), ...SASL, KAFKA_SASL_MECHANISM: 'SCRAM-SHA-512', ...password },
    plain: { ...at('SCRAM'), ...SASL, KAFKA_SASL_MECHANISM: 'PLAIN', ...password },
    mutual: {
      ...at('MUTUAL'),
      KAFKA_SECURITY_PROTOCOL: 'SSL',
      KAFKA_SSL_CERTIFICATE_LOCATION: member.certificate,
      KAFKA_SSL_KEY_LOCATION: member.key,
    },
    bearer: {
      ...at('BEARER'),
      ...SASL,
      KAFKA_SASL_MECHANISM: 'OAUTHBEARER',
      KAFKA_SASL_OAUTHBEARER_TOKEN_ENDPOINT_URL: tokens.url,
      KAFKA_SASL_OAUTHBEARER_CLIENT_ID: APP,
      KAFKA_SASL_OAUTHBEARER_CLIENT_SECRET: SECRET,
      KAFKA_HTTPS_CA_LOCATION: authority.ca,
    },
  };
}

const SASL: Environment = { KAFKA_SECURITY_PROTOCOL: 'SASL_SSL' };
