import { setTimeout as sleep } from 'node:timers/promises';
import { check } from '../oracle/check.ts';
import { generate } from '../oracle/generate.ts';
import type { Environment } from '../support/world-process.ts';
import { createWorld, type World } from '../support/world.ts';
import { APP, SECRET, startCounterparts, type Counterparts } from './counterparts.ts';
import { theStory } from './story.ts';

// The story of the product, by each way to prove who the worker is.

let there: Counterparts;
beforeAll(async () => {
  there = await startCounterparts();
});
afterAll(() => there.stop());

/** Registry and user domain by tokens, PostgreSQL with its certificate checked. */
const byTokens = (): Environment => ({
  SCHEMA_REGISTRY_URL: there.registry.url,
  SCHEMA_REGISTRY_SSL_CA_LOCATION: there.authority.ca,
  SCHEMA_REGISTRY_BEARER_TOKEN_ENDPOINT_URL: there.tokens.url,
  SCHEMA_REGISTRY_BEARER_TOKEN_CLIENT_ID: APP,
  SCHEMA_REGISTRY_BEARER_TOKEN_CLIENT_SECRET_FILE: there.secretFile,
  SCHEMA_REGISTRY_BEARER_TOKEN_SSL_CA_LOCATION: there.authority.ca,
  USER_DOMAIN_URL: there.userDomain.url,
  USER_DOMAIN_SSL_CA_LOCATION: there.authority.ca,
  USER_DOMAIN_BEARER_TOKEN_FILE: there.secretFile,
});

const byCertificates = (): Environment => ({
  SCHEMA_REGISTRY_URL: there.registryOfMembers.url,
  USER_DOMAIN_URL: there.userDomainOfMembers.url,
  ...Object.fromEntries(
    ['SCHEMA_REGISTRY', 'USER_DOMAIN'].flatMap((name) => [
      [`${name}_SSL_CA_LOCATION`, there.authority.ca],
      [`${name}_SSL_CERTIFICATE_LOCATION`, there.member.certificate],
      [`${name}_SSL_KEY_LOCATION`, there.member.key],
    ]),
  ),
});

const fromFile = ({ KAFKA_SASL_PASSWORD: _, ...rest }: Environment): Environment => ({
  ...rest,
  KAFKA_SASL_PASSWORD_FILE: there.secretFile,
});

const WAYS: readonly (readonly [what: string, env: () => Environment])[] = [
  ['SCRAM-SHA-512 and tokens', () => ({ ...fromFile(there.kafka.scram), ...byTokens() })],
  ['PLAIN and tokens', () => ({ ...there.kafka.plain, ...byTokens() })],
  ['certificates of both sides', () => ({ ...there.kafka.mutual, ...byCertificates() })],
  ['OAUTHBEARER and tokens', () => ({ ...there.kafka.bearer, ...byTokens() })],
];

test.each(WAYS)('worker and command line tell the story by %s', async (_, env) => {
  await inWorld(env(), async (world) => {
    await theStory(world);
    await world.worker().stop();
    expect(world.worker().log).not.toContain(SECRET);
  });
});

const LIFE_S = 8;
const LOADS = 8;

test('tokens are renewed under load, and each connection proves anew who it is before the broker ends it', async () => {
  there.tokens.life = LIFE_S;
  // The model of the oracle has no user domain.
  await inWorld({ ...there.kafka.bearer, ...byTokens(), USER_DOMAIN_URL: '' }, async (world) => {
    const before = there.tokens.issued;
    const { first, load } = generate({ seed: 5, messages: 4_000, partitions: world.partitions, now: Date.now() });
    await world.send(first);
    await world.settled();
    for (let i = 0; i < LOADS; i += 1) {
      await world.send(load.slice((i * load.length) / LOADS, ((i + 1) * load.length) / LOADS));
      await sleep((2 * LIFE_S * 1_000) / LOADS); // two lives of a token go by
    }
    await check(world);
    expect(there.tokens.issued - before).toBeGreaterThan(2);
    expect(world.worker().log).not.toMatch(/waiting for the broker|"library":"kafkajs"/);
  });
});

async function inWorld(env: Environment, body: (world: World) => Promise<void>): Promise<void> {
  const stack = { kafkaBrokers: '', registryUrl: '', databaseUrl: there.databaseUrl };
  const world = await createWorld({ stack, env });
  try {
    await world.guard(body);
  } finally {
    await world.close();
  }
}
