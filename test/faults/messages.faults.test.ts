import { randomUUID } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { CompressionTypes } from '../../src/adapters/kafkajs.ts';
import { SCHEMAS } from '../../src/generated/schemas.ts';
import { dlqOf } from '../../src/ports/topics.ts';
import { answersTo, CONTACT, createTenant, PLACE } from '../e2e/given.ts';
import { header } from '../support/collect.ts';
import { framed, frameOf, rawCommand, registerSchema, type ForeignSchema } from '../support/foreign-schemas.ts';
import { command, type RawSending } from '../support/load.ts';
import { setTopic } from '../support/topic-settings.ts';
import { licensing } from '../support/world-process.ts';
import { until } from '../support/world-until.ts';
import type { World } from '../support/world.ts';
import { BY_ZSTD } from '../support/zstd.ts';
import { idElsewhere, onlyOtherLaneGoesOn } from './elsewhere.ts';
import { faultCase, theStack } from './fault-case.ts';

const stack = theStack();
/** Larger than a DLQ topic takes: its letter stands in the table alone. */
const LARGE_BYTES = 8_000_000;
/** Larger than the worker unpacks. */
const BOMB_BYTES = 40_000_000;
/** A command whose producer has compressed it. */
const packed = createTenant();
const LONG_TEXT = 900_000;
/** A time before any that PostgreSQL knows. A broker takes it: it refuses only what is dated an hour ahead, or more. */
const NEVER = '-1000000000000000';
const CHUNK = 20;
const ROUNDS = 10;

faultCase(stack, {
  fault: 'F20',
  what: 'poison among good messages',
  shows: '`dead letter: UndecodableMessage` and the like, one line a message, with topic, partition and offset.',
  todo: 'Find the producer by the letter. Nothing waits for it: what is behind the poison goes on.',
  async inject({ world }) {
    const poison = await poisonFor(world);
    // All under one key, with a good message behind each.
    const tenant = createTenant();
    const { tenantId, name } = tenant.data;
    const good = (i: number) => command('UpdateTenant', { tenantId, name, ...CONTACT, phone: String(i) });
    const undated = () =>
      command('UpdateTenant', { tenantId, name, ...CONTACT, phone: 'undated' }, { timestamp: NEVER });
    await world.send([tenant]);
    await world.send([undated(), ...poison.flatMap((one, i) => [one, good(i)])]);
    await world.send([packed], BY_ZSTD);
    await sendPacked(world, LARGE_BYTES + 1);
    await sendPacked(world, BOMB_BYTES);
  },
  async fired({ world }, { model }) {
    const answers = await answersTo(world, packed, 2);
    expect(answers.map(({ type }) => type)).toEqual(['TenantCreated', 'UserCreated']);
    const reasons = Map.groupBy(model.letters, ({ reason }) => reason);
    expect(reasons.get('UndecodableMessage')?.length).toBeGreaterThanOrEqual(10);
    expect(reasons.get('UnknownType')?.length).toBeGreaterThanOrEqual(1);
    const dated = model.letters.map(({ record }) => record.timestamp);
    expect(dated).toContain(Number(NEVER));
    const letters = world.db('dead_letters');
    expect(await letters.clone().whereRaw('length(value) > ?', [LARGE_BYTES])).toHaveLength(1);
    expect(await letters.clone().whereLike('message', '%unpacks to more than%')).toHaveLength(1);
  },
});

faultCase(stack, {
  fault: 'F21',
  what: 'the offsets are reset to the earliest: the whole topic again',
  shows: 'Lag jumps to the whole topic; `duplicate` counts it all, and nothing is published anew.',
  todo: 'Nothing, as long as the inbox remembers (`INBOX_RETENTION_MS`).',
  async inject({ world, load }) {
    await until('half of it is handled', async () => (await load.handled()) > 1_000);
    await world.worker().stop();
    const before = await world.lag();
    await world.resetOffsets();
    expect(await world.lag()).toBeGreaterThan(before + 1_000);
    await world.worker().restart();
  },
  async fired({ world }) {
    await world.worker().stop();
    // A worker logs its counters when it stops.
    expect(world.worker().log).toMatch(/"duplicate licensing\.commands\.AddStatisticRow":\d{3}/);
  },
});

faultCase(stack, {
  fault: 'F22',
  what: "a producer's own retries: same id same payload, same id other payload",
  shows: '`duplicate` for the same payload; `dead letter: IdReused` for another one.',
  todo: 'Nothing for the same payload. For another: the producer gives one `ce_id` to two messages, which it must not.',
  sendsRest: true,
  async inject({ world, load }) {
    const sent = load.messages.filter((message) => !('topic' in message) && typeof message.envelope.id === 'string');
    await load.sendRest();
    // A producer that has lost an acknowledgment sends the whole batch again.
    await world.send(sent);
    const tenant = createTenant();
    const { tenantId, name } = tenant.data;
    const update = command('UpdateTenant', { tenantId, name, ...CONTACT });
    const other = command('UpdateTenant', { tenantId, name, ...CONTACT, phone: 'another' }, update.envelope);
    await world.send([tenant, update, other, update, other]);
  },
  fired(_, { model }) {
    expect(model.endings.get('duplicate')).toBeGreaterThan(400);
    expect(model.letters.filter(({ reason }) => reason === 'IdReused').length).toBeGreaterThanOrEqual(2);
  },
});

faultCase(stack, {
  fault: 'F24',
  what: 'events larger than their topic allows',
  shows: '`dead letter: TooLarge`, with the size.',
  todo: 'Raise `max.message.bytes` of the topics, then `MAX_MESSAGE_BYTES`; or have the producer send less.',
  env: { MAX_MESSAGE_BYTES: '10000' },
  check: { tooLarge: (record) => (header(record, 'ce_correlationid')?.length ?? 0) > 9_000 },
  async inject({ world }) {
    const tenant = createTenant();
    const { tenantId } = tenant.data;
    const place = { tenantId, ...PLACE };
    const long = { correlationId: 'x'.repeat(9_500) };
    await world.send([
      tenant,
      command('CreateSubdivision', { ...place, subdivisionId: randomUUID() }),
      command('CreateSubdivision', { ...place, subdivisionId: randomUUID() }, long),
      // A rejection carries the correlation id, too, so it is as large.
      command('DeleteTenant', { tenantId: randomUUID() }, long),
      command('CreateSubdivision', { ...place, subdivisionId: randomUUID() }),
    ]);
  },
  fired(_, { model }) {
    expect(model.letters.filter(({ reason }) => reason === 'TooLarge')).toHaveLength(2);
  },
});

faultCase(stack, {
  fault: 'F24',
  what: 'the DLQ topic is missing',
  shows:
    '`waiting for the broker`, with the name of the topic; its lane waits, the other lanes go on; the letters stand in `dead_letters`.',
  todo: '`licensing topics create`. Nothing else: what is owed goes out.',
  // The letters of a deleted topic are gone, so no letters may be in it.
  load: { letters: false, firstShare: 0.3 },
  sendsRest: true,
  async inject({ world, load }) {
    await world.settled();
    const key = randomUUID();
    await world.admin.deleteTopics({ topics: [dlqOf(world.topics.commands)] });
    await world.send([rawCommand(null, key)]);
    await world.worker().logs('waiting for the broker');
    await onlyOtherLaneGoesOn(world, key);
    await load.sendRest();
    expect(await world.outboxRows()).toBeGreaterThan(0);
    await until(
      'the topic can be made again',
      async () => (await licensing(['topics', 'create'], world.env)).code === 0,
    );
  },
  fired: ({ world }) => expect(world.worker().log).toContain('no longer waiting for the broker'),
});

faultCase(stack, {
  fault: 'F24',
  what: 'the DLQ topic is not writable',
  shows:
    '`waiting for the broker` with its reason; its lane waits, the other lanes go on; the letters stand in `dead_letters`.',
  todo: 'Make the topic writable (rights, in-sync replicas). Nothing else: what is owed goes out.',
  env: { CHUNK_MAX_MESSAGES: String(CHUNK), LANES: '2' },
  // Letters in one lane only: the other lane has to go on.
  load: { letters: false },
  async inject({ world }) {
    const topic = dlqOf(world.topics.commands);
    // No record fits, so the broker refuses every write.
    await limitRecords(world, topic, 1);
    // Answers stand around the letter, in the same publication.
    const tenant = createTenant();
    const { tenantId, name } = tenant.data;
    const update = (phone: string) => command('UpdateTenant', { tenantId, name, ...CONTACT, phone });
    await world.send([tenant, update('1'), rawCommand(null, tenantId), update('2')]);
    await world.worker().logs('waiting for the broker');
    for (let i = 0; i < ROUNDS; i += 1) {
      // More than the lane has room for. If the intake waited for room, it would fetch nothing for the other lane.
      const behind = Array.from({ length: 2 * CHUNK }, (_, n) => update(`${i} ${n}`));
      const elsewhere = createTenant({ tenantId: idElsewhere(world, tenantId) });
      await world.send([...behind, elsewhere]);
      await world.answers(String(elsewhere.envelope.id));
    }
    expect(world.worker().log).not.toContain('no longer waiting for the broker');
    await until('it was refused again and again', async () => refusals(world) > 5);
    await limitRecords(world, topic, 2_000_000);
  },
  fired({ world }) {
    expect(world.worker().log).toContain('no longer waiting for the broker');
    expect(refusals(world)).toBeGreaterThan(5);
    // Topics that take their records do not get them again and again.
    expect(mostRepeated(world)).toBeLessThanOrEqual(2);
  },
});

/** How often the broker has refused a record as too large. */
function refusals(world: World): number {
  return world.worker().log.split('larger than the max message size').length - 1;
}

/** How often the most frequent answer has come. */
function mostRepeated({ collector, topics }: World): number {
  const answers = [topics.events, topics.rejections].flatMap((topic) => collector.records(topic));
  const byId = Map.groupBy(answers, (record) => header(record, 'ce_id'));
  return Math.max(...[...byId.values()].map(({ length }) => length));
}

/** One of each mistake that a producer can make. */
async function poisonFor(world: World): Promise<readonly RawSending[]> {
  const { commands } = world.topics;
  const schema: ForeignSchema = { ...SCHEMAS['licensing.commands.CreateTenant'], type: 'record' };
  const id = await registerSchema(world, commands, schema);
  const frame = (name: string): Buffer =>
    frameOf(id, schema, { tenantId: randomUUID(), userId: randomUUID(), name, ...CONTACT });
  const recursive: ForeignSchema = {
    ...{ type: 'record', name: 'CreateTenant', namespace: 'licensing.commands' },
    fields: [{ name: 'next', type: ['null', 'CreateTenant'], default: null }],
  };
  const deep = await registerSchema(world, `${commands}.of-somebody-else`, recursive);
  const event: ForeignSchema = { ...SCHEMAS['licensing.events.TenantDeleted'], type: 'record' };
  const eventId = await registerSchema(world, world.topics.events, event);
  const tenant = { tenantId: randomUUID(), name: 'n', address: '', email: '', phone: '', createdBy: randomUUID() };
  const good = frame('Tenant');
  return [
    rawCommand(good.subarray(0, -7)),
    rawCommand(Buffer.concat([good, good])),
    rawCommand(Buffer.from(Array.from({ length: 300 }, (_, i) => (i * 7_919 + 13) % 256))),
    rawCommand(Buffer.concat([Buffer.from([7]), good.subarray(1)])),
    rawCommand(framed(0x7ffffff0, good.subarray(5))),
    rawCommand(framed(0xffffffff, good.subarray(5))),
    rawCommand(gzipSync(Buffer.alloc(1_000_000))),
    rawCommand(framed(deep, Buffer.concat([Buffer.alloc(100_000, 2), Buffer.from([0])]))),
    rawCommand(frame('x'.repeat(LONG_TEXT))),
    rawCommand(frame('a \0 in it')),
    rawCommand(withBytes(frame('~~~'), Buffer.from('~~~'), Buffer.from([0xed, 0xa0, 0x80]))),
    rawCommand(null),
    rawCommand(Buffer.alloc(0)),
    { ...rawCommand(Buffer.from('from before time')), timestamp: NEVER },
    rawCommand(frameOf(eventId, event, { ...tenant, version: 1, occurredAt: 1 })),
    { ...rawCommand(good), topic: 'users' },
  ];
}

/** A batch that is small on the wire and of this size unpacked, which the broker keeps as it comes. */
async function sendPacked(world: World, bytes: number): Promise<void> {
  const producer = world.kafka.producer({ allowAutoTopicCreation: false });
  await producer.connect();
  const message = { key: randomUUID(), value: Buffer.alloc(bytes, 1), headers: { ce_id: randomUUID() } };
  await producer.send({ topic: world.topics.commands, compression: CompressionTypes.GZIP, messages: [message] });
  await producer.disconnect();
}

async function limitRecords(world: World, topic: string, bytes: number): Promise<void> {
  await setTopic(world, topic, { 'max.message.bytes': String(bytes) });
}

/** Replaces bytes that stand there once. */
function withBytes(frame: Buffer, some: Buffer, other: Buffer): Buffer {
  const at = frame.indexOf(some);
  return Buffer.concat([frame.subarray(0, at), other, frame.subarray(at + some.length)]);
}
