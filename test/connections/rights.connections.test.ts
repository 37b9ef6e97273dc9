import type { AclEntry } from 'kafkajs';
import {
  AclOperationTypes as May,
  AclPermissionTypes,
  AclResourceTypes as Of,
  ResourcePatternTypes,
} from '../../src/adapters/kafkajs.ts';
import { dlqOf } from '../../src/ports/topics.ts';
import { addRow, createTenant, PLACE, strange, TERMS, told } from '../e2e/given.ts';
import { command } from '../support/load.ts';
import { licensing, type Environment } from '../support/world-process.ts';
import { createWorld, type World } from '../support/world.ts';
import { GUEST, SECRET, startCounterparts, type Counterparts } from './counterparts.ts';
import { keep, verbWith, workerWith, type Row } from './refusals.ts';

// Each role with the rights that docs/operations.md lists for it, and no others; and what is said when one is missing.

let there: Counterparts;
let world: World;
beforeAll(async () => {
  there = await startCounterparts();
  world = await createWorld({ stack: there.stack, workers: 0 });
});
afterAll(async () => {
  await world.close();
  await there.stop();
});

/** A resource, and what the guest may do with it. */
interface Right {
  readonly type: AclEntry['resourceType'];
  readonly name: string;
  readonly operations: readonly AclEntry['operation'][];
  readonly prefix?: true;
}

const topic = (name: string, ...operations: Right['operations']): Right => ({ type: Of.TOPIC, name, operations });
const written = (): readonly string[] => {
  const { commands, events, rejections, userLookUps, entitlements } = world.topics;
  return [commands, events, rejections, userLookUps, entitlements, ...world.sources.map(dlqOf)];
};

const readingOf = (): readonly Right[] => world.sources.map((name) => topic(name, May.READ));
const writingOf = (): readonly Right[] => written().map((name) => topic(name, May.WRITE));
const groupOf = (): Right => ({ type: Of.GROUP, name: world.group, operations: [May.READ] });
/** Not needed: without it, the settings of topics are assumed. */
const settingsOf = (): readonly Right[] => world.allTopics.map((name) => topic(name, May.DESCRIBE_CONFIGS));

const byGuest = (): Environment => ({ ...world.env, ...there.kafka.scram, KAFKA_SASL_USERNAME: GUEST });

/** Runs the body while the guest has these rights alone. */
async function having<T>(rights: readonly Right[], body: () => Promise<T>): Promise<T> {
  const acl = rights.flatMap(({ type, name, operations, prefix }) =>
    operations.map((operation): AclEntry => ({
      resourceType: type,
      resourceName: name,
      resourcePatternType: prefix ? ResourcePatternTypes.PREFIXED : ResourcePatternTypes.LITERAL,
      operation,
      principal: `User:${GUEST}`,
      permissionType: AclPermissionTypes.ALLOW,
      host: '*',
    })),
  );
  if (acl.length > 0) await world.admin.createAcls({ acl });
  try {
    return await body();
  } finally {
    const filters = acl.map(({ host: _, principal, ...rest }) => ({ ...rest, principal }));
    if (acl.length > 0) await world.admin.deleteAcls({ filters });
  }
}

test.each([
  ['with the rights of its role', () => [...readingOf(), ...writingOf(), groupOf(), ...settingsOf()], false],
  ['without that of seeing the settings of topics', () => [...readingOf(), ...writingOf(), groupOf()], true],
])('a worker works %s', async (_, rights, assumes) => {
  await having(rights(), async () => {
    const worker = await world.startWorker(byGuest());
    const ids = strange();
    await told(world, createTenant({ tenantId: ids.tenantId }), 'TenantCreated', 'UserCreated');
    await told(world, command('CreateSubdivision', { ...ids, ...PLACE }), 'SubdivisionCreated');
    await told(world, command('CreateLicense', { ...ids, ...TERMS }), 'LicenseCreated');
    await told(world, command('ActivateSubdivisionLicense', ids), 'LicenseActivated');
    await told(world, addRow(ids, 100), 'StatisticRowAdded', 'LicenseDeactivated', 'SubdivisionLicenseExpired');
    await world.send([{ topic: 'commands', key: ids.tenantId, value: Buffer.from('no Avro'), headers: {} }]);
    await world.settled();
    await worker.stop();
    expect(/can't be read.*: assumed/.test(worker.log)).toBe(assumes);
  });
});

test('a right that is taken from a worker that runs is waited for', async () => {
  await having([...readingOf(), ...writingOf()], async () => {
    const worker = await having([groupOf()], async () => {
      const started = await world.startWorker(byGuest());
      await told(world, createTenant(), 'TenantCreated', 'UserCreated');
      return started;
    });
    await worker.logs('the brokers do not let this user read as that group');
    await having([groupOf()], async () => {
      await told(world, createTenant(), 'TenantCreated', 'UserCreated');
      await worker.stop();
    });
  });
});

test('`topics check` says what it assumes, and ends with 0', async () => {
  const seen = await having([...readingOf(), ...writingOf()], () => licensing(['topics', 'check'], byGuest()));
  expect([seen.code, seen.stderr]).toEqual([0, '']);
  expect(seen.stdout).toMatch(/^assumed: the settings of .* can't be read \(.*\): .*INBOX_RETENTION_MS/m);
});

test('`send` needs to write one topic, and `topics create` to create topics', async () => {
  const { commands } = world.topics;
  const sent = await having([topic(commands, May.WRITE)], () =>
    licensing(['send', 'CreateTenant', '{"name":"Acme"}'], byGuest()),
  );
  expect([sent.code, sent.stderr]).toEqual([0, '']);
  const names = { ...byGuest(), TOPIC_COMMANDS: 'new.commands', TOPIC_EVENTS: 'new.events' };
  const made: Right = { type: Of.TOPIC, name: 'new.', operations: [May.CREATE, May.DESCRIBE], prefix: true };
  const seen = world.allTopics.map((name) => topic(name, May.DESCRIBE));
  const created = await having([...seen, made], () => licensing(['topics', 'create'], names));
  expect([created.code, created.stderr]).toEqual([0, '']);
  expect(created.stdout).toContain('created: new.commands, new.events, new.commands.dlq');
});

test('`tail` needs to read its topics, as groups whose names begin with licensing-tail-', async () => {
  const { events } = world.topics;
  const group: Right = { type: Of.GROUP, name: 'licensing-tail-', operations: [May.READ], prefix: true };
  const seen = await having([topic(events, May.READ), group], () =>
    licensing(['tail', '--topic', 'events', '--from', 'beginning', '--count', '1'], byGuest()),
  );
  expect([seen.code, seen.stderr]).toEqual([0, '']);
});

type Case = readonly [what: string, rights: () => readonly Right[], says: RegExp, then: Row['then']];

const CASES: readonly Case[] = [
  [
    'no right on a topic',
    () => [...readingOf(), groupOf(), ...writingOf().filter(({ name }) => name !== world.topics.events)],
    /^topic \S+ does not exist, or the brokers do not let this user see it/,
    'exit 1',
  ],
  [
    'no right to write the commands',
    () => [...readingOf(), groupOf(), ...writingOf().filter(({ name }) => name !== world.topics.commands)],
    /^topic \S+: the brokers do not let this user write it/,
    'exit 1',
  ],
  [
    'no right to write the entitlements',
    () => {
      const { entitlements } = world.topics;
      const others = writingOf().filter(({ name }) => name !== entitlements);
      return [...readingOf(), groupOf(), ...others, topic(entitlements, May.DESCRIBE)];
    },
    /^topic \S+: the brokers do not let this user write it/,
    'exit 1',
  ],
  [
    'no right on the group',
    () => [...readingOf(), ...writingOf()],
    /^KAFKA_GROUP_ID .*: the brokers do not let this user read as that group/,
    'exit 1',
  ],
  [
    'no right to read the topics',
    () => [...world.sources.map((name) => topic(name, May.DESCRIBE)), ...writingOf(), groupOf()],
    /^TOPIC_\.\.\.: the brokers do not let this user read one of/,
    'exit 1',
  ],
];

const rows: Row[] = [];

test.each(CASES)('a worker with %s', async (what, rights, says, then) => {
  const seen = await having(rights(), () => workerWith(byGuest(), SECRET));
  expect(seen).toEqual({ then, sentence: expect.stringMatching(says) });
  rows.push({ what, ...seen });
});

test('a topic that may not be seen is told by the verbs, too', async () => {
  const said = await having([], () => verbWith(['tail', '--topic', 'events', '--count', '1'], byGuest(), SECRET));
  expect(said).toMatch(/does not exist, or the brokers do not let this user see it/);
});

test('the table of docs/operations.md tells what was seen', async () => {
  expect(rows).toHaveLength(CASES.length);
  await keep('refusals-rights', rows);
});
