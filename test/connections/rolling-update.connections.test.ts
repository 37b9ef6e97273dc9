import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { header } from '../support/collect.ts';
import { startStack, type Stack } from '../../stack/stack.ts';
import { command } from '../support/load.ts';
import { createWorld, type World } from '../support/world.ts';

// How long commands wait while three workers are replaced one after the other, under a steady trickle of them.

let stack: Stack;
beforeAll(async () => {
  stack = await startStack();
});
afterAll(() => stack.stop());

const EVERY_MS = 20;
const WORKERS = 3;
/** Far above what it takes; a session that runs out (30 s) is what must not be seen. */
const LONGEST_MS = 15_000;

test('three workers are replaced one after the other', async () => {
  const world = await createWorld({
    stack,
    workers: WORKERS,
    partitions: 12,
    env: { KAFKA_SESSION_TIMEOUT_MS: '30000' },
  });
  try {
    await world.guard(async () => {
      const sent = new Map<string, number>();
      const ended = new AbortController();
      const trickle = send(world, sent, ended.signal);
      await sleep(1_000);
      for (const worker of world.workers.slice(0, WORKERS)) {
        await worker.stop();
        await world.startWorker();
        await sleep(2_000);
      }
      ended.abort();
      await trickle;
      await world.settled();
      const waits = waitsOf(world, sent).sort((a, b) => a - b);
      const at = (part: number): number => waits[Math.floor(part * (waits.length - 1))] ?? 0;
      process.stderr.write(
        `rolling update of ${WORKERS} workers: ${waits.length} commands waited ${at(0.5)} ms (half of them), ` +
          `${at(0.99)} ms (99 %), ${at(1)} ms at the most\n`,
      );
      expect(waits).toHaveLength(sent.size);
      expect(at(1)).toBeLessThan(LONGEST_MS);
    });
  } finally {
    await world.close();
  }
});

/** A command every 20 ms, each for another user. */
async function send(world: World, sent: Map<string, number>, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const id = randomUUID();
    sent.set(id, Date.now());
    await world.send([command('CreateUser', { userId: randomUUID() }, { id })]);
    await sleep(EVERY_MS);
  }
}

/** From the command's record to that of its event, by the broker's and the worker's clock, which are one. Milliseconds. */
function waitsOf(world: World, sent: ReadonlyMap<string, number>): number[] {
  return world.collector.records(world.topics.events).flatMap((record) => {
    const began = sent.get(header(record, 'ce_causationid') ?? '');
    return began === undefined ? [] : [record.timestamp - began];
  });
}
