import { randomUUID } from 'node:crypto';
import { encodeHeaders } from '../../src/adapters/record-headers.ts';
import { SCHEMAS } from '../../src/generated/schemas.ts';
import { frameOf, rawCommand, registerSchema, type ForeignSchema } from '../support/foreign-schemas.ts';
import { partitionOf } from '../oracle/identity.ts';
import { check } from '../oracle/check.ts';
import { command } from '../support/load.ts';
import { theWorld } from '../support/world-of-tests.ts';
import { licensing } from '../support/world-process.ts';
import { until } from '../support/world-until.ts';
import { told } from './given.ts';

// Messages as producers of other teams really send them.
const world = theWorld();

describe('schemas of others', () => {
  const { namespace, name, fields } = SCHEMAS['licensing.commands.CreateUser'];
  const writer = (...added: ForeignSchema['fields']): ForeignSchema => ({
    ...{ type: 'record', namespace, name },
    fields: [...fields, ...added],
  });

  test('a schema with a default that avsc does not take is read all the same', () =>
    world.guard(async () => {
      const [userId, note] = [randomUUID(), { name: 'note', type: ['null', 'string'] }];
      const id = await registerSchema(world, world.topics.commands, writer({ ...note, default: '' }));
      const message = rawCommand(frameOf(id, writer(note), { userId, note: 'hello' }), userId);
      await world.send([message]);
      expect(await world.answers(String(message.headers['ce_id']), 1)).toMatchObject([
        { decoded: { data: { userId } } },
      ]);
    }));

  test('a schema with references is read together with the schemas that it refers to', () =>
    world.guard(async () => {
      const userId = randomUUID();
      const place: ForeignSchema = {
        ...{ type: 'record', namespace: 'of.others', name: 'Place' },
        fields: [{ name: 'street', type: 'string' }],
      };
      await registerSchema(world, 'of-others', place);
      const field = (type: unknown) => writer({ name: 'place', type: ['null', type], default: null });
      const references = [{ name: 'of.others.Place', subject: 'of-others-of.others.Place', version: 1 }];
      const id = await registerSchema(world, world.topics.commands, field('of.others.Place'), references);
      const value = frameOf(id, field(place), { userId, place: { street: '1 Main Street' } });
      const message = rawCommand(value, userId);
      await world.send([message]);
      expect(await world.answers(String(message.headers['ce_id']), 1)).toMatchObject([
        { decoded: { data: { userId } } },
      ]);
    }));
});

describe('mistakes of producers', () => {
  const letterOf = async (id: string) =>
    until('its letter is there', async () => {
      const [letter] = await world.db('dead_letters').where({ message_id: id }).orderBy('letter_id', 'desc');
      return letter as { message: string; source: string; state: string; headers: Buffer } | undefined;
    });

  test.each([
    ['JSON', Buffer.from('{"tenantId": "t"}'), {}, /it is JSON, not Avro/],
    ['an id of eight bytes', Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 9, 1, 2]), {}, /Apicurio's own frame/],
    [
      'an id in a header of Apicurio',
      Buffer.from('H'),
      { 'apicurio.value.globalId': '12345678' },
      /headers\.enabled=false/,
    ],
    ['an id in a header of Confluent', Buffer.from('H'), { __value_schema_id: '1' }, /PrefixSchemaIdSerializer/],
    ['an id of another registry', Buffer.from([0, 0x7f, 0xff, 0, 1, 2]), {}, /unknown schema id.*another registry/],
  ])('is told its mistake in the letter: %s', (_, value, headers, said) =>
    world.guard(async () => {
      const id = randomUUID();
      await world.send([
        { topic: 'commands', key: null, value, headers: { ...headers, ce_id: id, ce_source: 'shop' } },
      ]);
      expect((await letterOf(id)).message).toMatch(said);
    }),
  );

  test('a mistaken producer is found by its source in the list of letters', () =>
    world.guard(async () => {
      const { stdout } = await licensing(['dlq', 'list'], world.env);
      expect(stdout).toMatch(/SOURCE +REASON +LETTERS\nshop +UndecodableMessage +\d/);
      expect(stdout).toMatch(/UndecodableMessage +shop +- +.*it is JSON/);
    }));

  test('a mended message with the same id is handled, and supersedes its letter', () =>
    world.guard(async () => {
      const [id, userId, source] = [randomUUID(), randomUUID(), 'shop'];
      const headers = { ce_id: id, ce_source: source };
      await world.send([{ topic: 'commands', key: userId, value: Buffer.from('{}'), headers }]);
      await letterOf(id);
      await told(world, command('CreateUser', { userId }, { id, source }), 'UserCreated');
      expect(await letterOf(id)).toMatchObject({ state: 'superseded', source });
    }));

  test('a command in another partition than its key belongs to is warned of', () =>
    world.guard(async () => {
      const userId = randomUUID();
      const partition = (partitionOf(userId, world.partitions) + 1) % world.partitions;
      await told(world, command('CreateUser', { userId }, { source: 'round-robin', partition }), 'UserCreated');
      await world.worker().logs('another partition than murmur2');
      expect(world.worker().log).toMatch(/"source":"round-robin".*another partition than murmur2/);
    }));
});

test('a letter has the headers of its message, in their order and number', () =>
  world.guard(async () => {
    const id = randomUUID();
    const headers = encodeHeaders([
      ['b', 'one'],
      ['7', 'two'],
      ['ce_id', id],
      ['b', null],
    ]);
    const producer = world.kafka.producer();
    await producer.connect();
    // These headers are encoded already, and go out as they are.
    const message = { key: null, value: 'hello', headers: headers as never };
    await producer.send({ topic: world.topics.commands, acks: -1, messages: [message] });
    await producer.disconnect();
    const stored = await until('its letter is there', async () => {
      const [letter] = await world.db('dead_letters').where({ message_id: id });
      return (letter as { readonly headers: Buffer } | undefined)?.headers;
    });
    expect(stored.equals(headers)).toBe(true);
    await world.settled();
  }));

test('the oracle agrees with everything that came of these tests', () => world.guard(() => check(world)));
