import { randomUUID } from 'node:crypto';
import { identity } from '../oracle/identity.ts';
import { header, type WireRecord } from '../support/collect.ts';
import { examplesOf, wordsOf } from '../support/help-examples.ts';
import { command, outside, type Sending } from '../support/load.ts';
import { licensing } from '../support/world-process.ts';
import { until } from '../support/world-until.ts';
import { theWorld } from '../support/world-of-tests.ts';
import { CONTACT, createTenant, givenLicense, refused, strange, told } from './given.ts';

const world = theWorld();
const SOURCE = 'billing';

interface Explanation {
  readonly state: string;
  readonly says: readonly string[];
  readonly record: { readonly offset: number; readonly type: string | null } | null;
  readonly answers: readonly { readonly type: string; readonly index: number }[];
  readonly answerCount: number | null;
  readonly rejection: { readonly code: string; readonly message: string } | null;
  readonly letter: { readonly letterId: number; readonly reason: string; readonly state: string } | null;
  readonly unread: { readonly messages: number; readonly before: number | null };
}

describe('explain', () => {
  test('an accepted command: its events, by id and by position', () =>
    world.guard(async () => {
      const sent = createTenant({}, { source: SOURCE });
      await told(world, sent, 'TenantCreated', 'UserCreated');
      const byId = await explained('--source', SOURCE, '--id', idOf(sent));
      expect(byId).toMatchObject({ state: 'accepted', answerCount: 2, says: ['Accepted. Its 2 events are in Kafka.'] });
      expect(byId.answers.map(({ type }) => type)).toEqual([
        'licensing.events.TenantCreated',
        'licensing.events.UserCreated',
      ]);
      const byPosition = await explained('--position', positionOf(await recordOf(sent)));
      expect(byPosition.record?.type).toBe('licensing.commands.CreateTenant');
      expect(byPosition).toEqual({ ...byId, record: byPosition.record, unread: byPosition.unread });
      const { stdout } = await licensing(['explain', '--source', SOURCE, '--id', idOf(sent)], world.env);
      expect(stdout).toMatch(/^state +accepted\nwhat +Accepted[^]*\nanswers +TenantCreated /);
    }));

  test('a rejected command: the code and the sentence', () =>
    world.guard(async () => {
      const sent = command('UpdateTenant', { tenantId: randomUUID(), name: 'Nobody', ...CONTACT }, { source: SOURCE });
      const { message } = await refused(world, sent);
      expect(await explained('--source', SOURCE, '--id', idOf(sent))).toMatchObject({
        ...{ state: 'rejected', says: [`TenantNotFound: ${String(message)}`] },
        rejection: { code: 'TenantNotFound', message },
      });
    }));

  test('a dead letter: its number, its reason and what to do; once its message was sent again, it is superseded', () =>
    world.guard(async () => {
      const sent = createTenant();
      const { id, key } = { id: idOf(sent), key: sent.data.tenantId };
      await world.send([{ topic: 'commands', key, value: Buffer.from('no frame'), headers: { ce_id: id } }]);
      await until('a letter', async () => (await world.count('dead_letters')) === 1);
      const dead = await explained('--id', id);
      expect(dead).toMatchObject({ state: 'dead', letter: { reason: 'UndecodableMessage', state: 'open' } });
      expect(dead.says.join(' ')).toMatch(/^Dead letter \d+, UndecodableMessage: .* What to do: /);
      const first = positionOf(await recordOf(sent));
      expect(await explained('--position', first)).toMatchObject({ state: 'dead', letter: dead.letter });
      await told(world, sent, 'TenantCreated', 'UserCreated');
      const superseded = await explained('--position', first);
      expect(superseded).toMatchObject({ state: 'superseded', letter: { letterId: dead.letter?.letterId } });
      expect(superseded.says[0]).toMatch(/was sent again as .*: that one is accepted\.$/);
      expect(await explained('--id', id)).toMatchObject({
        state: 'accepted',
        letter: { state: 'superseded' },
        answerCount: 2,
      });
    }));

  test('a command in a partition that is not that of its key: its order is not kept', () =>
    world.guard(async () => {
      const tenantId = randomUUID();
      const placed = createTenant({ tenantId }, { source: SOURCE });
      await told(world, placed, 'TenantCreated', 'UserCreated');
      const { partition } = await recordOf(placed);
      const elsewhere = (partition + 1) % world.partitions;
      const misplaced = command(
        'UpdateTenant',
        { tenantId, name: `Tenant ${tenantId}`, ...CONTACT, address: 'Elsewhere' },
        { source: SOURCE, partition: elsewhere },
      );
      await told(world, misplaced, 'TenantUpdated');
      const [of, not] = await Promise.all(
        [misplaced, placed].map(async (sent) => explained('--position', positionOf(await recordOf(sent)))),
      );
      expect(of?.says).toEqual([
        'Accepted. Its event is in Kafka.',
        expect.stringMatching(
          `^It lies in ${world.topics.commands}/${elsewhere}, and murmur2 of its key gives ${partition}: `,
        ),
      ]);
      expect(not?.says).toEqual(['Accepted. Its 2 events are in Kafka.']);
    }));

  test('a message that is not read yet: how many come before it; and what nobody has sent', () =>
    world.guard(async () => {
      const { tenantId } = strange();
      await world.settled();
      const unknown = await explained('--id', randomUUID());
      expect(unknown).toMatchObject({ state: 'undecided', unread: { messages: 0, before: null } });
      expect(unknown.says[0]).toMatch(/^Nothing is known of it, and no message is unread: it was not sent here/);
      await world.worker().stop('SIGTERM');
      const sent = [createTenant({ tenantId }), ...[1, 2].map((n) => update(tenantId, `${n} Street`))];
      await world.send(sent);
      await world.collector.caughtUp([world.topics.commands]);
      const last = sent[2] ?? createTenant();
      expect(await explained('--position', positionOf(await recordOf(last)))).toMatchObject({
        ...{ state: 'undecided', unread: { messages: 3, before: 2 } },
        says: [expect.stringMatching(/^Not decided yet: 2 messages come before it in /)],
      });
      const byId = await explained('--id', idOf(last));
      expect(byId).toMatchObject({ state: 'undecided', unread: { messages: 3, before: null } });
      expect(byId.says[0]).toBe(
        'Not decided, as far as is remembered. 3 messages are unread, and it may be among them.',
      );
      await world.worker().restart();
      await world.answers(idOf(last));
    }));

  test('a message of the user domain that changes nothing has no event', () =>
    world.guard(async () => {
      const userId = randomUUID();
      const same = { userId, email: null, tgId: null, superadmin: false, updatedAt: null };
      await told(world, outside('UserCreated', same), 'UserCreated');
      const again = outside('UserUpdated', same);
      await world.send([again]);
      await world.settled();
      const explanation = await explained('--id', idOf(again));
      expect(explanation).toMatchObject({ state: 'accepted', answers: [] });
      expect(explanation.says[0]).toContain('what changes nothing has no event');
    }));

  test('what the inbox has forgotten is told by its answer, and without one it is forgotten', () =>
    world.guard(async () => {
      const sent = createTenant();
      await told(world, sent, 'TenantCreated', 'UserCreated');
      const position = positionOf(await recordOf(sent));
      await world.settled();
      expect(await world.db('inbox').where('identity', hashOf(sent)).del()).toBe(1);
      const pruned = await explained('--position', position);
      expect(pruned).toMatchObject({ state: 'accepted', answerCount: 2 });
      expect(pruned.says).toContain('The inbox has forgotten it; its answer in Kafka tells how it ended.');
      expect(await explained('--id', idOf(sent))).toMatchObject({ state: 'undecided', unread: { messages: 0 } });
      await deleteEvents();
      expect(await explained('--position', position)).toMatchObject({ state: 'forgotten', answers: [] });
    }));

  test('events that retention has deleted are told to be gone', () =>
    world.guard(async () => {
      const sent = createTenant();
      await told(world, sent, 'TenantCreated', 'UserCreated');
      await deleteEvents();
      const gone = await explained('--id', idOf(sent));
      expect(gone).toMatchObject({ state: 'accepted', answers: [], answerCount: null });
      expect(gone.says[0]).toMatch(
        /^Accepted\. Its answers, if it has had any, are gone: .* retention has deleted records\.$/,
      );
    }));

  test('a call that can not be answered says why', async () => {
    const { commands } = world.topics;
    const calls: readonly (readonly [args: readonly string[], code: number, says: RegExp])[] = [
      [[], 2, /expected --source and --id, or --position/],
      [['--position', 'commands'], 2, /expected TOPIC\/PARTITION\/OFFSET/],
      [['--position', `${world.topics.events}/0/0`], 2, /the worker reads no topic/],
      [
        ['--position', 'commands/0/999999'],
        1,
        new RegExp(`${commands}/0 ends at offset \\d+: nothing is at 999999 yet`),
      ],
      [['--position', 'commands/99/0'], 1, /has no partition 99/],
    ];
    const [without, ...ended] = await Promise.all([
      licensing(['explain', '--id', 'x'], { ...world.env, DATABASE_URL: '' }),
      ...calls.map(([args]) => licensing(['explain', ...args], world.env)),
    ]);
    expect(ended.map((one) => [one.code, one.stderr])).toEqual(
      calls.map(([, code, says]) => [code, expect.stringMatching(says)]),
    );
    expect([without.code, without.stderr]).toEqual([1, expect.stringContaining('DATABASE_URL is not set')]);
  });
});

describe('show', () => {
  test('a tenant, a subdivision, a license and a user, by id and by name', () =>
    world.guard(async () => {
      const { tenantId, subdivisionId, licenseId } = await givenLicense(world, { active: true });
      const byId = await shown('tenant', tenantId);
      expect(byId).toMatchObject({ tenantId, openLetters: 0, parked: null });
      const name = String(byId['name']);
      expect(await shown('tenant', name)).toMatchObject({ tenantId, events: byId['events'] });
      const events = byId['events'] as readonly { readonly type: string }[];
      expect(events.map(({ type }) => type.replace('licensing.events.', ''))).toEqual([
        'TenantCreated',
        'SubdivisionCreated',
        'LicenseCreated',
        'LicenseActivated',
      ]);
      expect(await shown('subdivision', name, 'North')).toMatchObject({ subdivisionId, licenses: [{ licenseId }] });
      expect(await shown('license', name, 'Trial')).toMatchObject({ licenseId, events: [{}, {}] });
      expect(await shown('user', String(byId['createdBy']))).toMatchObject({ tenantId, events: [{}] });
      const { stdout } = await licensing(['show', 'tenant', name], world.env);
      expect(stdout).toMatch(
        /^tenant .*\n[^]*North, active\n +.* Trial, bycount, current[^]*no open dead letters[^]*last events\n/,
      );
      const { code, stderr } = await licensing(['show', 'license', name, 'Gold'], world.env);
      expect([code, stderr]).toEqual([1, expect.stringContaining(`has no license named 'Gold'`)]);
    }));

  test('without Kafka the state is shown, and why no events are', () =>
    world.guard(async () => {
      const { tenantId } = await givenLicense(world);
      const { code, stdout } = await licensing(['show', 'tenant', tenantId], { ...world.env, KAFKA_BROKERS: '' });
      expect([code, stdout]).toEqual([0, expect.stringContaining('events were not read: KAFKA_BROKERS is not set')]);
    }));
});

test('the examples in the help of explain and show can be run as they are', () =>
  world.guard(async () => {
    // What the examples name.
    const [id, userId] = ['8e44d251-0259-45b7-a40e-bd26d1a1a418', 'dcc5ec8f-e7b1-48fd-8db4-c256ae860ef0'];
    const { tenantId, subdivisionId, licenseId } = strange();
    const license = { name: 'Starter', description: '', type: 'bycount', requestsLimit: 100 };
    await told(
      world,
      createTenant({ tenantId, userId, name: 'Initech' }, { id, source: SOURCE }),
      'TenantCreated',
      'UserCreated',
    );
    await told(
      world,
      command('CreateSubdivision', { tenantId, subdivisionId, name: 'North', location: '' }),
      'SubdivisionCreated',
    );
    await told(world, command('CreateLicense', { tenantId, subdivisionId, licenseId, ...license }), 'LicenseCreated');
    const [first] = world.collector.records(world.topics.commands);
    const position = positionOf(first ?? (await recordOf(createTenant())));
    for (const args of (await examplesOf('explain', 'show')).map(wordsOf)) {
      // Where a record stands is up to Kafka.
      const ours = args.map((word) => (word === 'commands/3/1207' ? position : word));
      expect(await licensing(ours, world.env)).toMatchObject({
        code: 0,
        stderr: '',
        stdout: expect.stringMatching(/./),
      });
    }
  }));

async function explained(...args: readonly string[]): Promise<Explanation> {
  const { code, stdout, stderr } = await licensing(['explain', ...args, '--json'], world.env);
  expect([code, stderr]).toEqual([0, '']);
  return JSON.parse(stdout) as Explanation;
}

async function shown(...args: readonly string[]): Promise<Readonly<Record<string, unknown>>> {
  const { code, stdout, stderr } = await licensing(['show', ...args, '--json'], world.env);
  expect([code, stderr]).toEqual([0, '']);
  return JSON.parse(stdout) as Readonly<Record<string, unknown>>;
}

function update(tenantId: string, address: string): Sending {
  return command('UpdateTenant', { tenantId, name: `Tenant ${tenantId}`, ...CONTACT, address });
}

/** The first that has its id. */
async function recordOf({ envelope }: Sending): Promise<WireRecord> {
  return until('the record', () =>
    world.collector.records(world.topics.commands).find((record) => header(record, 'ce_id') === envelope.id),
  );
}

function positionOf({ topic, partition, offset }: WireRecord): string {
  return `${topic}/${partition}/${offset}`;
}

function hashOf({ envelope }: Sending): string {
  return identity(envelope.source ?? '', String(envelope.id)).hash;
}

async function deleteEvents(): Promise<void> {
  const topic = world.topics.events;
  const partitions = await world.admin.fetchTopicOffsets(topic);
  await world.admin.deleteTopicRecords({
    topic,
    partitions: partitions.map(({ partition, high }) => ({ partition, offset: high })),
  });
}

function idOf({ envelope }: Sending): string {
  return String(envelope.id);
}
