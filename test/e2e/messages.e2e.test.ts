import { randomUUID } from 'node:crypto';
import { check } from '../oracle/check.ts';
import { textHeaders } from '../oracle/compare.ts';
import { header, type WireRecord } from '../support/collect.ts';
import { framed, registerSchema } from '../support/foreign-schemas.ts';
import { command, outside, type RawSending } from '../support/load.ts';
import { until } from '../support/world-until.ts';
import { theWorld } from '../support/world-of-tests.ts';
import { CONTACT, createTenant, told } from './given.ts';

const world = theWorld();

describe('identity', () => {
  test('a message without ce_id goes by its position, so the same bytes take effect twice', () =>
    world.guard(async () => {
      const { tenantId, update } = await givenTenant();
      await world.send([
        { ...update, envelope: { id: null } },
        { ...update, envelope: { id: null } },
      ]);
      await world.settled();
      const sent = sourceRecords('ce_type', update.type).filter(
        ({ decoded }) => decoded?.data['tenantId'] === tenantId,
      );
      expect(sent).toHaveLength(2);
      for (const [i, { topic, partition, offset, timestamp }] of sent.entries()) {
        const position = `${topic}/${partition}/${offset}/${timestamp}`;
        const [event, ...more] = await world.answers(position);
        expect(more).toEqual([]);
        expect(event?.decoded?.data).toMatchObject({ tenantId, version: 2 + i });
        expect(header(event ?? { headers: {} }, 'ce_correlationid')).toBe(position);
      }
    }));

  test('a message with a known id and the same bytes is skipped, in the same batch and later', () =>
    world.guard(async () => {
      const { update } = await givenTenant();
      await world.send([update, update]);
      await world.settled();
      await world.send([update]);
      await world.settled();
      const answers = await world.answers(String(update.envelope.id));
      expect(answers.map(({ decoded }) => decoded?.data['version'])).toEqual([2]);
    }));

  test('a message with a known id of another source is another message', () =>
    world.guard(async () => {
      const { update } = await givenTenant();
      const id = randomUUID();
      await told(world, { ...update, envelope: { id, source: 'a' } }, 'TenantUpdated');
      await world.send([{ ...update, envelope: { id, source: 'b' } }]);
      const answers = await world.answers(id, 2);
      expect(answers.map(({ decoded }) => decoded?.data['version'])).toEqual([2, 3]);
    }));

  test('a message with a known id and other bytes is a dead letter, IdReused, and changes nothing', () =>
    world.guard(async () => {
      const { tenantId, update } = await givenTenant();
      await told(world, update, 'TenantUpdated');
      await world.send([command('DeleteTenant', { tenantId }, update.envelope)]);
      const letter = await letterOf('ce_id', String(update.envelope.id));
      expect(header(letter, 'dlq-reason')).toBe('IdReused');
      await told(world, { ...update, envelope: { id: randomUUID() } }, 'TenantUpdated');
    }));
});

describe('dead letters', () => {
  test.each<readonly [what: string, value: Buffer | null]>([
    ['a tombstone', null],
    ['no frame', Buffer.from('hello')],
    ['an unknown schema id', Buffer.from([0, 0x7f, 0xff, 0xff, 0xff, 1, 2])],
    ['nothing at all', Buffer.alloc(0)],
  ])('%s keeps its bytes, key and headers, and says where it came from and why', (what, value) =>
    world.guard(async () => {
      const headers = { ce_id: randomUUID(), 'x-twice': ['one', 'two'], 'x-empty': '' };
      const message: RawSending = { topic: 'commands', key: `key of ${what}`, value, headers };
      await world.send([message]);
      const letter = await letterOf('ce_id', headers.ce_id);
      const [sent] = sourceRecords('ce_id', headers.ce_id);
      expect([letter.value, letter.key, letter.topic]).toEqual([value, sent?.key, `${world.topics.commands}.dlq`]);
      expect(textHeaders(letter)).toEqual({
        ...{ ce_id: headers.ce_id, 'x-twice': 'one | two', 'x-empty': '' },
        'dlq-reason': 'UndecodableMessage',
        'dlq-message': expect.stringMatching(/./),
        'dlq-exception': 'UndecodableMessage',
        'dlq-topic': world.topics.commands,
        'dlq-partition': String(sent?.partition),
        'dlq-offset': String(sent?.offset),
        'dlq-timestamp': String(sent?.timestamp),
        'dlq-group': world.group,
        'dlq-time': expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      });
    }),
  );

  test('a truncated command, and one with bytes behind it, are dead letters; their neighbours are not', () =>
    world.guard(async () => {
      const { update } = await givenTenant();
      await told(world, update, 'TenantUpdated');
      const good = sourceRecords('ce_id', String(update.envelope.id))[0]?.value ?? Buffer.alloc(0);
      const [cut, long, after] = [randomUUID(), randomUUID(), { ...update, envelope: { id: randomUUID() } }];
      await world.send([
        { topic: 'commands', key: null, value: good.subarray(0, -3), headers: { ce_id: cut } },
        { topic: 'commands', key: null, value: Buffer.concat([good, good]), headers: { ce_id: long } },
      ]);
      await told(world, after, 'TenantUpdated');
      for (const id of [cut, long]) {
        expect(header(await letterOf('ce_id', id), 'dlq-reason')).toBe('UndecodableMessage');
      }
    }));

  test('a command that nobody takes is UnknownType; a foreign event of the users topic is skipped', () =>
    world.guard(async () => {
      const [ofCommands, ofUsers] = [randomUUID(), randomUUID()];
      const command = await foreign('licensing.commands.LaunchRocket');
      const blink = await foreign('users.events.UserBlinked');
      const event = await ours();
      await world.settled();
      const before = await world.count('inbox');
      await world.send([
        { topic: 'users', key: 'k', value: blink, headers: { ce_id: ofUsers } },
        { topic: 'commands', key: 'k', value: command, headers: { ce_id: ofCommands } },
        // A type of ours, but no command.
        { topic: 'commands', key: 'k', value: event, headers: { ce_id: `${ofCommands} II` } },
      ]);
      for (const id of [ofCommands, `${ofCommands} II`]) {
        expect(header(await letterOf('ce_id', id), 'dlq-reason')).toBe('UnknownType');
      }
      await world.settled();
      expect(world.collector.records(`${world.topics.users}.dlq`)).toEqual([]);
      expect(await world.count('inbox')).toBe(before + 2);
    }));
});

test('the oracle agrees with everything that came of these tests', () =>
  world.guard(async () => {
    await check(world);
  }));

async function givenTenant() {
  const { data } = createTenant();
  const { tenantId } = data;
  await told(world, command('CreateTenant', data), 'TenantCreated', 'UserCreated');
  return { tenantId, update: command('UpdateTenant', { tenantId, name: `${data.name} II`, ...CONTACT }) };
}

function sourceRecords(name: string, value: string): readonly WireRecord[] {
  return world.sources
    .flatMap((topic) => world.collector.records(topic))
    .filter((record) => header(record, name) === value);
}

async function letterOf(name: string, value: string): Promise<WireRecord> {
  const letters = (): readonly WireRecord[] =>
    world.sources.flatMap((topic) => world.collector.records(`${topic}.dlq`));
  return until(
    `a dead letter with ${name} ${value}`,
    () => letters().find((one) => header(one, name) === value),
    15_000,
  );
}

/** A frame of a type that another team has registered and that this version does not know. */
async function foreign(fullName: string): Promise<Buffer> {
  const topic = fullName.startsWith('users.') ? world.topics.users : world.topics.commands;
  const [, namespace = '', name = ''] = /^(.*)\.(\w+)$/.exec(fullName) ?? [];
  const id = await registerSchema(world, topic, {
    type: 'record',
    name,
    namespace,
    fields: [{ name: 'when', type: 'long' }],
  });
  return framed(id, Buffer.from([2]));
}

/** An event of the user domain, as it would stand on its own topic. */
async function ours(): Promise<Buffer> {
  const event = outside('UserDeleted', { userId: randomUUID() });
  await world.send([event]);
  const [sent] = await until('the event is there', () => {
    const found = sourceRecords('ce_id', String(event.envelope.id));
    return found.length > 0 && found;
  });
  return sent?.value ?? Buffer.alloc(0);
}
