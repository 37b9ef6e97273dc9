// The floor: what remains when the domain, the unit of work, the handlers and the codec are taken away. Hand-written SQL and kafkajs as it
// comes, for AddStatisticRow alone, but as correct about duplicates and crashes as the worker: inbox, locks, outbox, events before offsets.
import { createHash, hash, randomUUID } from 'node:crypto';
// eslint-disable-next-line no-restricted-syntax -- the stock kafkajs is what this measures
import { Kafka, logLevel, Partitioners, type KafkaMessage, type Producer } from 'kafkajs';
import pg from 'pg';
import { readConfig } from '../src/config.ts';
import { byteas } from '../src/repos/sql.ts';
import { idOfSchema, typeOf } from './registry.ts';

const CHUNK = 2_000;

interface Row {
  readonly tenantId: string;
  readonly subdivisionId: string;
  readonly statisticRowId: string;
  readonly created: number;
  readonly countRequests: number;
}

interface Place {
  readonly t: string;
  readonly s: string;
  readonly license: string;
  readonly requests_limit: string;
  readonly activated: string;
  used: number;
  version: number;
}

const config = readConfig(process.env);
const { topics } = config;
const kafka = new Kafka({ brokers: [...config.kafkaBrokers], logLevel: logLevel.ERROR });
const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner });
const consumer = kafka.consumer({ groupId: config.kafkaGroupId, maxWaitTimeInMs: 250 });
const rowType = await typeOf(config, topics.commands, 'licensing.commands.AddStatisticRow');
const eventType = await typeOf(config, topics.events, 'licensing.events.StatisticRowAdded');
const eventSchemaId = await idOfSchema(config, topics.events, 'licensing.events.StatisticRowAdded');
const lanes = new Map<number, Promise<Lane>>();

interface Lane {
  readonly id: string;
  readonly client: pg.Client;
  seq: number;
  delivered: number;
}

await producer.connect();
await consumer.connect();
await consumer.subscribe({ topics: [topics.commands], fromBeginning: true });
await consumer.run({
  autoCommit: false,
  eachBatchAutoResolve: false,
  partitionsConsumedConcurrently: 4,
  eachBatch: async ({ batch: { partition, messages }, resolveOffset, heartbeat }) => {
    const lane = await laneOf(partition);
    for (let at = 0; at < messages.length; at += CHUNK) {
      const chunk = messages.slice(at, at + CHUNK);
      await work(lane, chunk, producer);
      const last = chunk.at(-1)?.offset ?? '0';
      resolveOffset(last);
      await consumer.commitOffsets([{ topic: topics.commands, partition, offset: String(Number(last) + 1) }]);
      await heartbeat();
    }
    await lane.client.query('DELETE FROM outbox WHERE lane = $1 AND seq < $2', [lane.id, lane.delivered]);
  },
});
process.stderr.write('the worker works\n');
process.once('SIGTERM', () => void consumer.disconnect().then(() => process.exit(0)));

async function laneOf(partition: number): Promise<Lane> {
  const there = lanes.get(partition);
  if (there) return there;
  const made = connect();
  lanes.set(partition, made);
  return made;
}

async function connect(): Promise<Lane> {
  const client = new pg.Client(config.databaseUrl);
  await client.connect();
  await client.query('SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off');
  return { id: randomUUID(), client, seq: 0, delivered: 0 };
}

async function work(lane: Lane, messages: readonly KafkaMessage[], to: Producer): Promise<void> {
  const { client } = lane;
  await client.query('BEGIN');
  const fresh = await unseen(client, lane, messages);
  const rows = fresh.map(({ message }) => rowType.decode(message.value ?? Buffer.alloc(0), 5).value as Row);
  const places = await lock(client, rows);
  await refuseKnown(client, rows);
  const events = rows.map((row, i) => eventOf(row, places, fresh[i]?.hash ?? ''));
  await write(client, rows, places);
  await client.query(
    `WITH gone AS (DELETE FROM outbox WHERE lane = $1 AND seq < $2)
     INSERT INTO outbox (lane, seq, topic, key, headers, value)
     SELECT $1::uuid, $3::bigint + n - 1, $4, k, '\\x00', v FROM unnest($5::bytea[], $6::bytea[]) WITH ORDINALITY AS x (k, v, n)`,
    [
      lane.id,
      lane.delivered,
      lane.seq,
      topics.events,
      byteas(events.map((event) => event.key)),
      byteas(events.map((event) => event.value)),
    ],
  );
  await client.query('COMMIT');
  lane.seq += events.length;
  for (let at = 0; at < events.length; at += 1_000) {
    await to.send({ topic: topics.events, acks: -1, messages: events.slice(at, at + 1_000) });
  }
  lane.delivered = lane.seq;
}

async function unseen(
  client: pg.Client,
  lane: Lane,
  messages: readonly KafkaMessage[],
): Promise<readonly { readonly message: KafkaMessage; readonly hash: string }[]> {
  const all = messages.map((message) => ({
    message,
    hash: hash('sha256', `bench\0${String(message.headers?.['ce_id'])}`, 'hex').slice(0, 32),
    digest: createHash('sha256')
      .update(message.value?.subarray(5) ?? '')
      .digest('hex')
      .slice(0, 32),
  }));
  const sorted = [...all].sort((a, b) => (a.hash < b.hash ? -1 : 1));
  const { rowCount } = await client.query(
    `INSERT INTO inbox (identity, digest, lane, outcome) SELECT i, d, $3, 'accepted' FROM unnest($1::uuid[], $2::uuid[]) AS m (i, d)
     ON CONFLICT DO NOTHING`,
    [`{${sorted.map((one) => one.hash).join(',')}}`, `{${sorted.map((one) => one.digest).join(',')}}`, lane.id],
  );
  if (rowCount === all.length) return all;
  const { rows } = await client.query<{ hash: string }>(
    `SELECT replace(identity::text, '-', '') AS hash FROM inbox WHERE identity = ANY ($1::uuid[]) AND xmin <> pg_current_xact_id()::xid`,
    [`{${all.map((one) => one.hash).join(',')}}`],
  );
  const seen = new Set(rows.map((row) => row.hash));
  return all.filter((one) => !seen.has(one.hash));
}

async function lock(client: pg.Client, rows: readonly Row[]): Promise<Map<string, Place>> {
  const keys = new Map(rows.map((row) => [row.subdivisionId, row.tenantId]));
  const { rows: found } = await client.query<Place>(
    `SELECT s.tenant_id AS t, s.subdivision_id AS s, s.version::int, l.license_id AS license, l.requests_limit, l.used_requests::float8 AS used,
       extract(epoch FROM l.activated_at) * 1000 AS activated
     FROM unnest($1::uuid[], $2::uuid[]) AS k (t, s) JOIN subdivisions s ON s.tenant_id = k.t AND s.subdivision_id = k.s
     JOIN licenses l ON l.tenant_id = k.t AND l.license_id = s.active_license_id
     ORDER BY s.tenant_id, s.subdivision_id FOR UPDATE OF s`,
    [`{${[...keys.values()].join(',')}}`, `{${[...keys.keys()].join(',')}}`],
  );
  return new Map(found.map((place) => [place.s, place]));
}

async function refuseKnown(client: pg.Client, rows: readonly Row[]): Promise<void> {
  const tenants = `{${rows.map((row) => row.tenantId).join(',')}}`;
  const { rowCount } = await client.query(
    `SELECT FROM unnest($1::uuid[], $2::uuid[]) AS k (t, r) JOIN statistic_rows r ON r.tenant_id = k.t AND r.statistic_row_id = k.r
     UNION ALL SELECT FROM unnest($1::uuid[], $3::uuid[], $4::bigint[]) AS k (t, s, c) JOIN statistic_rows r
       ON r.tenant_id = k.t AND r.subdivision_id = k.s AND r.created = timestamptz 'epoch' + k.c * interval '1 millisecond'`,
    [
      tenants,
      `{${rows.map((row) => row.statisticRowId).join(',')}}`,
      `{${rows.map((row) => row.subdivisionId).join(',')}}`,
      `{${rows.map((row) => row.created).join(',')}}`,
    ],
  );
  if (rowCount !== 0) throw new Error('the floor knows no rejections; the load must not need any');
}

function eventOf(
  row: Row,
  places: Map<string, Place>,
  hex: string,
): { key: Buffer; value: Buffer; headers: Record<string, string> } {
  const place = places.get(row.subdivisionId);
  if (place === undefined) throw new Error('the floor knows no rejections; the load must not need any');
  place.used += row.countRequests;
  place.version += 1;
  const now = Date.now();
  const { tenantId, subdivisionId, statisticRowId, created, countRequests } = row;
  const id = `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20)}`;
  const body = eventType.toBuffer({
    ...{
      tenantId,
      subdivisionId,
      licenseId: place.license,
      statisticRowId,
      created,
      countRequests,
      counted: created > Number(place.activated),
    },
    ...{
      usedRequests: place.used,
      requestsLimit: Number(place.requests_limit),
      version: place.version,
      occurredAt: now,
    },
  });
  const frame = Buffer.alloc(5);
  frame.writeInt32BE(eventSchemaId, 1);
  const about = {
    ce_specversion: '1.0',
    ce_type: 'licensing.events.StatisticRowAdded',
    ce_source: 'licensing',
    'content-type': 'application/avro',
  };
  const headers = {
    ...about,
    ce_id: id,
    ce_time: new Date(now).toISOString(),
    ce_subject: subdivisionId,
    ce_correlationid: id,
    ce_causationid: id,
  };
  return { key: Buffer.from(tenantId), value: Buffer.concat([frame, body]), headers };
}

async function write(client: pg.Client, rows: readonly Row[], places: Map<string, Place>): Promise<void> {
  const changed = [...places.values()];
  const tenants = `{${changed.map((place) => place.t).join(',')}}`;
  await client.query(
    `UPDATE subdivisions s SET version = c.v FROM unnest($1::uuid[], $2::uuid[], $3::bigint[]) AS c (t, s, v)
     WHERE s.tenant_id = c.t AND s.subdivision_id = c.s`,
    [tenants, `{${changed.map((place) => place.s).join(',')}}`, `{${changed.map((place) => place.version).join(',')}}`],
  );
  await client.query(
    `UPDATE licenses l SET used_requests = c.u FROM unnest($1::uuid[], $2::uuid[], $3::bigint[]) AS c (t, l, u)
     WHERE l.tenant_id = c.t AND l.license_id = c.l`,
    [
      tenants,
      `{${changed.map((place) => place.license).join(',')}}`,
      `{${changed.map((place) => place.used).join(',')}}`,
    ],
  );
  const licenseOf = (row: Row): string => places.get(row.subdivisionId)?.license ?? '';
  await client.query(
    `INSERT INTO statistic_rows (tenant_id, statistic_row_id, subdivision_id, license_id, created, count_requests, counted)
     SELECT t, r, s, l, timestamptz 'epoch' + c * interval '1 millisecond', n, true
     FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::bigint[], $6::bigint[]) AS x (t, r, s, l, c, n)`,
    [
      `{${rows.map((row) => row.tenantId).join(',')}}`,
      `{${rows.map((row) => row.statisticRowId).join(',')}}`,
      `{${rows.map((row) => row.subdivisionId).join(',')}}`,
      `{${rows.map(licenseOf).join(',')}}`,
      `{${rows.map((row) => row.created).join(',')}}`,
      `{${rows.map((row) => row.countRequests).join(',')}}`,
    ],
  );
}
