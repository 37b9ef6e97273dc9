import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { createContainer } from '../src/container.ts';
import type { OutgoingMessage } from '../src/ports/messages.ts';
import { postgresStore } from '../src/repos/tables/postgres.ts';
import type { Bench } from './bench.ts';
import { checkEvents, checkOutbox, owed } from './check.ts';
import { inParts, type Place } from './load.ts';
import type { LeftoversResult } from './results.ts';
import { World } from './world.ts';

const POLL_MS = 10;

/** Fills the outbox of a lane that was given up, as by a worker that could commit but not publish. Then a worker starts. */
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
    await checkOutbox(world);
    await checkEvents(world);
    await world.close();
    const perSecond = ((bench.leftovers - first) / (end - start)) * 1_000;
    const secondsFromSpawn = (end - worker.spawnedAt) / 1_000;
    results.push({ run, rows: bench.leftovers, perSecond, secondsFromSpawn });
    bench.say(`leftovers ${run}: ${Math.round(perSecond)} rows/s, ${secondsFromSpawn.toFixed(2)} s from the start on`);
  }
  return results;
}

/** Real events, with the bytes that the worker writes: in chunks of 2,000, as it does with a backlog. */
async function leave(world: World, places: readonly Place[], count: number): Promise<void> {
  const lane = randomUUID();
  // A pool of its own: the set-up of the world ends the one of the world's container.
  const { database } = createContainer({ config: world.config }).cradle;
  const { outbox } = postgresStore(database);
  let seq = 0;
  for (const part of inParts(eventsOf(world, places, count), 2_000)) {
    const rows = part.map((message) => ({ ...message, seq: seq++ }));
    await outbox.write({ lane, living: false, delivered: undefined, rows, asChunk: true });
  }
  await database.destroy();
  await world.query('VACUUM ANALYZE outbox_chunks');
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
      data: {
        ...row,
        usedRequests,
        requestsLimit: 1e12,
        periodStartsAt: null,
        version: usedRequests + 3,
        occurredAt: now,
      },
      id: randomUUID(),
      time: now,
      subject: place.subdivisionId,
      causationId: commandId,
      correlationId: commandId,
      traceparent: null,
    });
  }
}
