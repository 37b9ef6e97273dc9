import { createTenant, told } from '../e2e/given.ts';
import { createWorld, type World } from '../support/world.ts';
import { APP, SECRET, startCounterparts, type Counterparts } from './counterparts.ts';
import { bearer } from './gateway.ts';

// What a worker does that is refused while it runs: it says so, waits, and goes on.

let there: Counterparts;
let world: World;
beforeAll(async () => {
  there = await startCounterparts();
  there.tokens.life = 8;
  // The test's own clients come in by the plain port: they are not to be refused.
  world = await createWorld({ stack: there.stack, workers: 0 });
  await world.startWorker({
    ...there.kafka.bearer,
    SCHEMA_REGISTRY_URL: there.registry.url,
    SCHEMA_REGISTRY_SSL_CA_LOCATION: there.authority.ca,
    SCHEMA_REGISTRY_BEARER_TOKEN_ENDPOINT_URL: there.tokens.url,
    SCHEMA_REGISTRY_BEARER_TOKEN_CLIENT_ID: APP,
    SCHEMA_REGISTRY_BEARER_TOKEN_CLIENT_SECRET: SECRET,
    SCHEMA_REGISTRY_BEARER_TOKEN_SSL_CA_LOCATION: there.authority.ca,
  });
});
afterAll(async () => {
  await world.close();
  await there.stop();
});

test('a token endpoint that refuses the client', () =>
  world.guard(async () => {
    await told(world, createTenant(), 'TenantCreated', 'UserCreated');
    there.tokens.secrets.set(APP, 'another');
    await world.worker().logs('KAFKA_SASL_OAUTHBEARER_CLIENT_SECRET: the token endpoint refuses it', 60_000);
    there.tokens.secrets.set(APP, SECRET);
    await told(world, createTenant(), 'TenantCreated', 'UserCreated');
    expect(world.worker().log).not.toContain(SECRET);
  }));

test('a registry that refuses the token', () =>
  world.guard(async () => {
    there.registry.judge = () => 401;
    const unknown = Buffer.from([0, 0x7f, 0, 0, 1, 2]);
    await world.send([{ topic: 'commands', key: 'k', value: unknown, headers: {} }]);
    await world.worker().logs('the registry refuses the credentials (status 401)', 60_000);
    there.registry.judge = bearer((token) => there.tokens.holds(token));
    await world.worker().logs('dead letter: UndecodableMessage', 60_000);
    await world.settled();
  }));

test('a database that takes a right away, or a table', () =>
  world.guard(async () => {
    const worker = world.worker();
    await world.db.raw(`CREATE ROLE ${APP} LOGIN PASSWORD '${SECRET}'`);
    await world.db.raw(`GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO ${APP}`);
    const url = new URL(world.database.url);
    [url.username, url.password] = [APP, SECRET];
    await worker.restart({ ...worker.env, DATABASE_URL: url.href });
    await told(world, createTenant(), 'TenantCreated', 'UserCreated');
    const buried = await world.count('dead_letters');

    await world.db.raw(`REVOKE INSERT ON inbox FROM ${APP}`);
    await world.send([createTenant()]);
    await worker.logs('DATABASE_URL: PostgreSQL says: permission denied for table inbox (42501)', 60_000);
    await world.db.raw(`GRANT INSERT ON inbox TO ${APP}`);
    await worker.logs('no longer waiting for the database', 60_000);
    await world.settled();
    expect(await world.count('dead_letters')).toBe(buried);

    await world.db.raw('ALTER TABLE tenant_names RENAME TO elsewhere');
    await world.send([createTenant()]);
    await worker.logs('relation \\"tenant_names\\" does not exist (42P01)', 120_000);
    await world.db.raw('ALTER TABLE elsewhere RENAME TO tenant_names');
    await world.settled();
    expect(await world.count('dead_letters')).toBe(buried);
    await told(world, createTenant(), 'TenantCreated', 'UserCreated');
    expect(worker.exit).toBeUndefined();
    expect(worker.log).not.toContain(SECRET);
  }));
