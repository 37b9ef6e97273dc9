// The baseline: what a competent team writes first. One knex transaction a message (inbox, row lock, outbox), then the event, then the
// offset; four partitions at once. For AddStatisticRow alone, and as correct about duplicates and crashes as the worker.
import { hash, randomUUID } from 'node:crypto';
import knex, { type Knex } from 'knex';
// eslint-disable-next-line no-restricted-syntax -- the stock kafkajs is what a team starts with
import { Kafka, logLevel, Partitioners, type KafkaMessage } from 'kafkajs';
import { readConfig } from '../src/config.ts';
import { idOfSchema, typeOf } from './registry.ts';

interface Row {
  readonly tenantId: string;
  readonly subdivisionId: string;
  readonly statisticRowId: string;
  readonly created: number;
  readonly countRequests: number;
}

interface Event {
  readonly key: string;
  readonly value: Buffer;
  readonly headers: Record<string, string>;
}

const config = readConfig(process.env);
const { topics } = config;
const db = knex({ client: 'pg', connection: config.databaseUrl, pool: { min: 0, max: 8 } });
const kafka = new Kafka({ brokers: [...config.kafkaBrokers], logLevel: logLevel.ERROR });
const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner });
const consumer = kafka.consumer({ groupId: config.kafkaGroupId, maxWaitTimeInMs: 250 });
const rowType = await typeOf(config, topics.commands, 'licensing.commands.AddStatisticRow');
const eventType = await typeOf(config, topics.events, 'licensing.events.StatisticRowAdded');
const eventSchemaId = await idOfSchema(config, topics.events, 'licensing.events.StatisticRowAdded');
const lane = randomUUID();
let seq = 0;

await producer.connect();
await consumer.connect();
await consumer.subscribe({ topics: [topics.commands], fromBeginning: true });
await consumer.run({
  partitionsConsumedConcurrently: 4,
  autoCommitInterval: 250,
  eachMessage: async ({ message }) => {
    const number = (seq += 1);
    const event = await db.transaction((trx) => decide(trx, message, number));
    if (event === undefined) return;
    await producer.send({ topic: topics.events, acks: -1, messages: [event] });
    await db('outbox').where({ lane, seq: number }).delete();
  },
});
process.stderr.write('the worker works\n');
process.once('SIGTERM', () => void consumer.disconnect().then(() => process.exit(0)));

async function decide(trx: Knex.Transaction, message: KafkaMessage, number: number): Promise<Event | undefined> {
  const identity = hash('sha256', `bench\0${String(message.headers?.['ce_id'])}`, 'hex').slice(0, 32);
  const digest = hash('sha256', message.value?.subarray(5) ?? '', 'hex').slice(0, 32);
  const taken = await trx('inbox')
    .insert({ identity, digest, lane, outcome: 'accepted' })
    .onConflict('identity')
    .ignore();
  if ((taken as unknown as { rowCount: number }).rowCount === 0) return undefined;
  const row = rowType.decode(message.value ?? Buffer.alloc(0), 5).value as Row;
  const place = { tenant_id: row.tenantId, subdivision_id: row.subdivisionId };
  const subdivision = await trx('subdivisions')
    .where(place)
    .forUpdate()
    .first<{ version: string; active_license_id: string }>();
  const key = { tenant_id: row.tenantId, license_id: subdivision.active_license_id };
  const license = await trx('licenses')
    .where(key)
    .first<{ used_requests: string; requests_limit: string; activated_at: Date }>();
  const created = new Date(row.created);
  const known = await trx('statistic_rows')
    .where({ tenant_id: row.tenantId, statistic_row_id: row.statisticRowId })
    .orWhere({ ...place, created })
    .first<object | undefined>();
  if (known !== undefined) throw new Error('the baseline knows no rejections; the load must not need any');
  const used = Number(license.used_requests) + row.countRequests;
  const version = Number(subdivision.version) + 1;
  const counted = created > license.activated_at;
  await trx('statistic_rows').insert({
    ...place,
    statistic_row_id: row.statisticRowId,
    license_id: subdivision.active_license_id,
    created,
    count_requests: row.countRequests,
    counted,
  });
  await trx('licenses').where(key).update({ used_requests: used });
  await trx('subdivisions').where(place).update({ version });
  const event = eventOf(row, identity, {
    ...{ licenseId: subdivision.active_license_id, counted, usedRequests: used },
    ...{ requestsLimit: Number(license.requests_limit), version, occurredAt: Date.now() },
  });
  await trx('outbox').insert({
    lane,
    seq: number,
    topic: topics.events,
    key: Buffer.from(event.key),
    headers: Buffer.from([0]),
    value: event.value,
  });
  return event;
}

function eventOf(row: Row, hex: string, rest: { readonly occurredAt: number }): Event {
  const id = `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20)}`;
  const frame = Buffer.alloc(5);
  frame.writeInt32BE(eventSchemaId, 1);
  const about = {
    ce_specversion: '1.0',
    ce_type: 'licensing.events.StatisticRowAdded',
    ce_source: 'licensing',
    'content-type': 'application/avro',
  };
  const when = { ce_id: id, ce_time: new Date(rest.occurredAt).toISOString(), ce_subject: row.subdivisionId };
  return {
    key: row.tenantId,
    value: Buffer.concat([frame, eventType.toBuffer({ ...row, ...rest })]),
    headers: { ...about, ...when, ce_correlationid: id, ce_causationid: id },
  };
}
