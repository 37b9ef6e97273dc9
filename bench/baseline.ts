// The baseline: the program that a competent team writes first. For each message it runs one knex transaction (inbox, row lock, outbox), then
// publishes the event, then commits the offset; four partitions at once. It handles AddStatisticRow alone, and is as correct about duplicates
// and crashes as the worker.
import { randomUUID } from 'node:crypto';
import knex, { type Knex } from 'knex';
// eslint-disable-next-line no-restricted-syntax -- the stock kafkajs is what a team starts with
import { Kafka, logLevel, Partitioners, type KafkaMessage } from 'kafkajs';
import { readConfig } from '../src/config.ts';
import { Events, headerBytes, headersOf, identityOf, type Event } from './event.ts';

const config = readConfig(process.env);
const { topics } = config;
const db = knex({ client: 'pg', connection: process.env['DATABASE_URL'] ?? '', pool: { min: 0, max: 8 } });
const kafka = new Kafka({ brokers: [...config.kafkaBrokers], logLevel: logLevel.ERROR });
const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner });
const consumer = kafka.consumer({ groupId: config.kafkaGroupId, maxWaitTimeInMs: 250 });
const events = await Events.create(config);
const lane = randomUUID();
let seq = 0;

await producer.connect();
await publishLeftovers();
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

/** Publishes what a crash has left behind, before anything new. */
async function publishLeftovers(): Promise<void> {
  type Owed = Pick<Event, 'key' | 'value'> & { readonly lane: string; readonly seq: string; readonly headers: Buffer };
  for (const owed of await db<Owed>('outbox').orderBy(['lane', 'seq'])) {
    const { key, value } = owed;
    await producer.send({
      topic: topics.events,
      acks: -1,
      messages: [{ key, value, headers: headersOf(owed.headers) }],
    });
    await db('outbox').where({ lane: owed.lane, seq: owed.seq }).delete();
  }
}

async function decide(trx: Knex.Transaction, message: KafkaMessage, number: number): Promise<Event | undefined> {
  const cause = identityOf(String(message.headers?.['ce_id']), message.value);
  const taken = await trx('inbox')
    .insert({ identity: cause.hash, digest: cause.digest, lane, outcome: 'accepted' })
    .onConflict('identity')
    .ignore()
    .returning<{ readonly identity: string }[]>('identity');
  if (taken.length === 0) return undefined;
  const row = events.read(message.value);
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
  const counted = created > license.activated_at;
  const usedRequests = Number(license.used_requests) + (counted ? row.countRequests : 0);
  const version = Number(subdivision.version) + 1;
  await trx('statistic_rows').insert({
    ...place,
    statistic_row_id: row.statisticRowId,
    license_id: subdivision.active_license_id,
    created,
    count_requests: row.countRequests,
    counted,
  });
  await trx('licenses').where(key).update({ used_requests: usedRequests });
  await trx('subdivisions').where(place).update({ version });
  const requestsLimit = Number(license.requests_limit);
  const licenseId = subdivision.active_license_id;
  const event = events.write(row, { licenseId, counted, usedRequests, requestsLimit, version }, cause);
  await trx('outbox').insert({
    ...{ lane, seq: number, topic: topics.events },
    ...{ key: event.key, headers: headerBytes(event), value: event.value },
  });
  return event;
}
