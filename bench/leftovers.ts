import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { OutgoingMessage } from '../src/ports/messages.ts';
import { byteas } from '../src/repos/tables/arrays.ts';
import { words } from '../src/repos/tables/sql.ts';
import type { Bench } from './bench.ts';
import { CheckFailed, checkEvents } from './check.ts';
import { inParts, type Place } from './load.ts';
import type { LeftoversResult } from './results.ts';
import { World } from './world.ts';

const POLL_MS = 10;

/**
 * Fills the outbox of a lane that ended long ago, as by a worker that could commit but not publish. Then a worker starts. The ten seconds for
 * which a lane has to be silent are not part of the figure.
 */
export async function leftovers(bench: Bench): Promise<readonly LeftoversResult[]> {
  const results: LeftoversResult[] = [];
  for (let run = 1; run <= bench.runs; run += 1) {
    const world = await World.create(bench.stack);
    const places = await world.settle(bench.tenants, bench.subdivisions);
    const before = world.ledger.events;
    await leave(world, places, bench.leftovers);
    await world.checkpoint();
    const worker = world.start();
    const { topics } = world.config;
    const published = async (): Promise<number> => (await world.size(topics.events)) - before;
    // The measurement begins with the first rows that are published; these are not counted.
    let first = await published();
    while (first === 0) {
      worker.check();
      await sleep(POLL_MS);
      first = await published();
    }
    const start = performance.now();
    while ((await published()) < bench.leftovers || (await owed(world)) > 0) {
      worker.check();
      await sleep(POLL_MS);
    }
    const end = performance.now();
    await worker.stop();
    if ((await owed(world)) > 0) throw new CheckFailed('the outbox is not empty');
    await checkEvents(world);
    await world.close();
    const perSecond = ((bench.leftovers - first) / (end - start)) * 1_000;
    const secondsFromSpawn = (end - worker.spawnedAt) / 1_000;
    results.push({ run, rows: bench.leftovers, perSecond, secondsFromSpawn });
    bench.say(`leftovers ${run}: ${Math.round(perSecond)} rows/s, ${secondsFromSpawn.toFixed(2)} s from the start on`);
  }
  return results;
}

async function owed(world: World): Promise<number> {
  const [row] = await world.query<{ n: number }>('SELECT count(*) AS n FROM outbox');
  return row?.n ?? Number.NaN;
}

/** Real events, with the bytes that the worker writes. */
async function leave(world: World, places: readonly Place[], count: number): Promise<void> {
  const lane = randomUUID();
  await world.query(`INSERT INTO lanes (lane, seen_at) VALUES ($1, now() - interval '1 hour')`, [lane]);
  let seq = 0;
  for (const part of inParts(eventsOf(world, places, count), 2_000)) {
    await world.query(
      `INSERT INTO outbox (lane, seq, topic, key, headers, value)
       SELECT $1::uuid, $2::bigint + n - 1, t, k, h, v
       FROM unnest($3::text[], $4::bytea[], $5::bytea[], $6::bytea[]) WITH ORDINALITY AS x (t, k, h, v, n)`,
      [
        lane,
        seq,
        words(part.map(({ topic }) => topic)),
        byteas(part.map(({ key }) => key)),
        byteas(part.map(({ headers }) => headers)),
        byteas(part.map(({ value }) => value)),
      ],
    );
    seq += part.length;
  }
  await world.query('VACUUM ANALYZE outbox');
}

function* eventsOf(
  { cradle, config, ledger }: World,
  places: readonly Place[],
  count: number,
): Generator<OutgoingMessage> {
  const now = Date.now();
  for (let i = 0; i < count; i += 1) {
    const place = places[i % places.length]!;
    const usedRequests = 1 + Math.floor(i / places.length);
    const row = {
      ...place,
      statisticRowId: randomUUID(),
      created: now + usedRequests,
      countRequests: 1,
      counted: true,
    };
    const commandId = ledger.note(1);
    yield cradle.cloudEvents.write({
      topic: config.topics.events,
      key: place.tenantId,
      type: 'licensing.events.StatisticRowAdded',
      data: { ...row, usedRequests, requestsLimit: 1e12, version: usedRequests + 3, occurredAt: now },
      id: randomUUID(),
      time: now,
      subject: place.subdivisionId,
      causationId: commandId,
      correlationId: commandId,
      traceparent: null,
    });
  }
}
