import { randomUUID } from 'node:crypto';
import { encodeHeaders } from '../../../src/adapters/record-headers.ts';
import { CommitOutcomeUnknown } from '../../../src/ports/errors.ts';
import type { OutboxMaintenance } from '../../../src/ports/outbox-maintenance.ts';
import type { SubdivisionKey } from '../../../src/ports/repositories.ts';
import type { Timers } from '../../../src/ports/timers.ts';
import { TimerSweeper, type TimerSettings } from '../../../src/worker/timers.ts';
import * as a from '../../support/builders.ts';
import { silentTelemetry } from '../../support/telemetry.ts';
import { RARE_SWEEPS } from '../../support/timers.ts';
import { until } from '../../support/world-until.ts';

const TOPICS = {
  commands: 'licensing.commands.v1',
  users: 'u',
  events: 'e',
  rejections: 'r',
  userLookUps: 'l',
  entitlements: 'n',
};
const KEY = { tenantId: a.tenantId(1), subdivisionId: a.subdivisionId(1) };
const MINUTE = 60_000;

let world: World;
beforeEach(() => {
  world = new World();
});
afterEach(() => world.stop());

test('what a sweep has taken is published at once, and deleted from the outbox', async () => {
  world.waiting.push(KEY);
  world.start();
  await until('it is published and deleted', () => world.deleted.length > 0);
  expect(world.published).toEqual([
    expect.objectContaining({
      topic: TOPICS.commands,
      key: KEY.tenantId,
      type: 'licensing.internal.AdvanceSubdivision',
      data: { ...KEY, upTo: a.NOW },
      id: `${KEY.tenantId}/${KEY.subdivisionId}/${a.NOW}`,
      sourceSuffix: '/timers',
    }),
  ]);
  expect(world.deleted).toEqual([[world.lanes[0], 0, 1]]);
  expect(world.counted).toEqual(['1 queued timers']);
});

test('while there is more than one sweep may take, it does not rest until the next round', async () => {
  world.waiting.push(...Array.from({ length: 25 }, (_, i) => ({ ...KEY, subdivisionId: a.subdivisionId(i) })));
  world.start();
  await until('all are published', () => world.published.length === 25);
  expect(world.sweeps).toBe(3);
});

test('after a commit whose outcome is unknown it writes under another lane id', async () => {
  world.waiting.push(KEY);
  world.failures.push(new CommitOutcomeUnknown('cut off'));
  world.start();
  await until('it is published', () => world.published.length === 1);
  expect(new Set(world.lanes).size).toBe(2);
  expect(world.retired).toEqual([world.lanes[0]]);
});

describe('where an older worker may hold a partition', () => {
  beforeEach(() => {
    world.gate.level = 2;
  });

  test('nobody sweeps, and that is told each minute while something is due', async () => {
    world.start({ interval: 1 });
    await until('it looks', () => world.gate.asked > 0);
    world.now += MINUTE - 1;
    const { asked } = world.gate;
    await until('it looks again', () => world.gate.asked > asked + 2);
    expect(world.told).toEqual([]);
    world.now += 1;
    await until('nothing is due', () => world.looks === 1);
    world.waiting.push(KEY);
    world.now += MINUTE;
    await until('it is told', () => world.told.length === 1);
    expect(world.told).toEqual([{ timers: 1, oldestMs: 5, why: 'level 3 is lacking' }]);
    expect([world.sweeps, world.filled]).toEqual([0, []]);
  });

  test('what it has written is given its timers each time that the last one has gone', async () => {
    world.pages = 2;
    world.start({ interval: 1 });
    world.gate.rise();
    await until('all was looked at', () => world.filled.length === 3);
    expect(world.filled).toEqual([undefined, a.subdivisionId(1), a.subdivisionId(2)]);
    const { sweeps } = world;
    await until('it sweeps on', () => world.sweeps > sweeps + 3);
    expect(world.filled).toHaveLength(3);
    world.gate.fall();
    world.gate.rise();
    await until('all was looked at again', () => world.filled.length === 6);
  });
});

test('what has been due for a minute is told, once a minute', async () => {
  world.oldestMs = MINUTE;
  world.start({ interval: 1 });
  await until('it sweeps', () => world.sweeps > 3);
  expect(world.told).toEqual([]);
  world.now += MINUTE;
  await until('it is told', () => world.told.length > 0);
  const { sweeps } = world;
  await until('it sweeps on', () => world.sweeps > sweeps + 3);
  expect(world.told).toEqual([{ oldestMs: MINUTE, unanswered: 0 }]);
});

test('it ends although the broker takes nothing', async () => {
  world.waiting.push(KEY);
  world.brokerIsAway = true;
  world.start();
  await until('it tries', () => world.tries > 0);
  await world.stop();
  expect(world.waits).not.toContain('timers');
});

/** Of workers that share the database. */
class Gate {
  level = 3;
  falls = 1;
  asked = 0;

  mayWrite(level: number): boolean {
    this.asked += 1;
    return level <= this.level;
  }

  lacks(level: number): string {
    return `level ${level} is lacking`;
  }

  rise(): void {
    this.level = 3;
  }

  fall(): void {
    this.level = 0;
    this.falls += 1;
  }
}

/** A sweeper over timers that the test makes due, each of which is taken once. */
class World {
  readonly gate = new Gate();
  readonly waiting: SubdivisionKey[] = [];
  /** Of the next sweeps. */
  readonly failures: Error[] = [];
  oldestMs = 0;
  /** Of licenses to be looked at. */
  pages = 0;
  now = 0;
  brokerIsAway = false;
  looks = 0;
  sweeps = 0;
  tries = 0;
  readonly filled: unknown[] = [];
  readonly published: unknown[] = [];
  readonly deleted: unknown[] = [];
  readonly retired: string[] = [];
  readonly lanes: string[] = [];
  readonly counted: string[] = [];
  readonly told: unknown[] = [];
  readonly waits: string[] = [];
  private readonly stopping = new AbortController();
  private running: Promise<void> = Promise.resolve();

  start(settings: Partial<TimerSettings> = {}): void {
    const sweeper = new TimerSweeper(
      { ...RARE_SWEEPS, tellEvery: MINUTE, ...settings },
      {
        ...{ topics: TOPICS, timers: this.timers(), levelGate: this.gate, outboxMaintenance: this.maintenance() },
        cloudEvents: {
          write: (event) => ({
            ...{ topic: event.topic, key: null, headers: encodeHeaders([]) },
            value: Buffer.from(JSON.stringify(event)),
          }),
        },
        producer: {
          publish: async (messages) => {
            this.tries += 1;
            if (this.brokerIsAway) throw new Error('no broker');
            for (const { value } of messages) this.published.push(JSON.parse(String(value)));
          },
        },
        telemetry: silentTelemetry({
          count: (what, of, by) => void this.counted.push(`${by} ${what} ${of}`),
          timersBlocked: (blocked) => void this.told.push(blocked),
          timersLate: (late) => void this.told.push(late),
          waiting: (what) => void this.waits.push(what),
        }),
        newId: randomUUID,
        failed: (error) => void this.told.push(error),
      },
      () => this.now,
    );
    this.running = sweeper.run(this.stopping.signal);
  }

  async stop(): Promise<void> {
    this.stopping.abort(new Error('it stops'));
    await this.running;
  }

  private timers(): Timers {
    return {
      sweep: async ({ step }, messageOf, lane) => {
        this.sweeps += 1;
        this.lanes.push(lane.id);
        const failure = this.failures.shift();
        if (failure !== undefined) throw failure;
        const taken = this.waiting.splice(0, step);
        const seq = lane.take(taken.length);
        const outbox = taken.map((timer, i) => ({ ...messageOf(timer, a.NOW), seq: seq + i }));
        const sent = { firstSends: taken.length, resends: 0, isFull: taken.length === step, unanswered: 0 };
        return { ...sent, outbox, deleted: lane.delivered, oldestMs: this.oldestMs };
      },
      due: async () => {
        this.looks += 1;
        return this.waiting.length === 0 ? undefined : { timers: this.waiting.length, oldestMs: 5 };
      },
      addMissing: async (after) => {
        this.filled.push(after?.subdivisionId);
        const page = a.numberOf(after?.subdivisionId ?? a.subdivisionId(0)) + 1;
        return page > this.pages ? undefined : { ...KEY, subdivisionId: a.subdivisionId(page) };
      },
    };
  }

  private maintenance(): OutboxMaintenance {
    return {
      ...{ touch: none, living: none, relay: none, forget: none, pruneInbox: none, pruneDeadLetters: none },
      ...{ removeOrphanedRows: none, forgetFreedKeys: none, eraseOfDeleted: none, openOfDeleted: none },
      deleteDelivered: async (lane, from, to) => void this.deleted.push([lane, from, to]),
      retire: async (lane) => void this.retired.push(lane),
    };
  }
}

function none(): never {
  throw new Error('not used');
}
