import { randomUUID } from 'node:crypto';
import { encodeHeaders } from '../../../src/adapters/record-headers.ts';
import type { Claimable, ClaimedState, Entitlements } from '../../../src/ports/entitlements.ts';
import { ConfigurationError, PublicationFailed } from '../../../src/ports/errors.ts';
import type { OutgoingMessage } from '../../../src/ports/messages.ts';
import type { SubdivisionKey } from '../../../src/ports/repositories.ts';
import { EntitlementPublisher, type EntitlementSettings } from '../../../src/worker/entitlements.ts';
import * as a from '../../support/builders.ts';
import { NO_ENTITLEMENTS, RARE_PUBLICATIONS } from '../../support/entitlements.ts';
import { TOPICS } from '../../support/tasks.ts';
import { silentTelemetry } from '../../support/telemetry.ts';
import { until } from '../../support/world-until.ts';

const MINUTE = 60_000;
/** No less than the first wait for another try of what has failed. */
const SOON = 200;
const EPOCH = 7;
const keyOf = (number: number): SubdivisionKey => ({
  tenantId: a.tenantId(1),
  subdivisionId: a.subdivisionId(number),
});

let world: World;
beforeEach(() => {
  world = new World();
});
afterEach(() => world.stop());

test('what is owed is published under its key, as it is, and then counts as published', async () => {
  world.owe(1);
  world.start();
  await until('it is published', () => world.done.length > 0);
  const [message] = world.published;
  expect(message?.topic).toBe(TOPICS.entitlements);
  expect(String(message?.key)).toBe(`${a.tenantId(1)}/${a.subdivisionId(1)}`);
  expect(JSON.parse(String(message?.value))).toMatchObject({
    type: 'licensing.entitlements.Entitlement',
    data: { ...keyOf(1), epoch: EPOCH, version: 1, allowed: true, reason: 'active', issuedAt: a.NOW },
  });
  expect(world.done).toEqual([{ ...keyOf(1), isDeleted: false, epoch: EPOCH }]);
  expect(world.counted).toEqual(['1 published entitlements']);
});

test('a deleted subdivision has a tombstone', async () => {
  world.owe(1);
  world.deleted.add(a.subdivisionId(1));
  world.start();
  await until('it is published', () => world.done.length > 0);
  expect(world.published.map(({ key, value }) => [String(key), value])).toEqual([
    [`${a.tenantId(1)}/${a.subdivisionId(1)}`, null],
  ]);
  expect(world.done).toEqual([{ ...keyOf(1), isDeleted: true, epoch: EPOCH }]);
});

test('nothing is sent behind the end of the claim, as it was before the state was read', async () => {
  world.owe(1);
  world.now = 1_000;
  world.leftMs = 300;
  world.readFor = 200;
  world.start();
  await until('it is sent', () => world.before.length > 0);
  expect(world.before).toEqual([1_300]);
});

test('what was marked anew before the state was read is not sent', async () => {
  world.owe(1, 2);
  world.marked.add(a.subdivisionId(1));
  world.start();
  await until('it is published', () => world.done.length > 0);
  expect(world.done.map(({ subdivisionId }) => subdivisionId)).toEqual([a.subdivisionId(2)]);
  expect(world.published).toHaveLength(1);
});

test('what was not acknowledged is left over, and sent again soon', async () => {
  world.owe(1, 2);
  world.failures.push(
    (messages) => new PublicationFailed(messages.slice(0, 1), new Error('no leader')),
    () => new Error('no broker'),
  );
  world.start({ interval: 1 });
  await until('one has failed twice', () => world.released === 2);
  expect(world.done).toHaveLength(1);
  expect(world.waits).toEqual(['entitlements']);
  world.now += SOON;
  await until('both are published', () => world.done.length === 2);
  expect(world.published.map(({ key }) => a.numberOf(String(key).slice(-36)))).toEqual([1, 2]);
  await until('nothing is waited for', () => world.waits.length === 0);
});

test('while what is left over fails, what is new goes out at once, and the former is tried less and less often', async () => {
  world.stuck = new Set([1, 2, 3, 4, 5].map(a.subdivisionId));
  world.owe(1, 2, 3, 4, 5, 6, 7);
  world.start({ interval: 1, step: 2 });
  await until('what can be is published', () => world.done.length === 2);
  const tries: number[] = [];
  for (let i = 8; i < 40; i += 1) {
    world.owe(i);
    await until(`${i} is published`, () => world.done.at(-1)?.subdivisionId === a.subdivisionId(i));
    tries.push(world.released);
    world.now += SOON / 2;
  }
  expect((tries.at(-1) ?? 0) - (tries.at(-9) ?? 0)).toBeLessThanOrEqual(2);
  expect(world.waits).toEqual(['entitlements']);
  world.stuck = new Set();
  world.now += MINUTE;
  await until('all are published', () => world.done.length === 39);
  await until('nothing is waited for', () => world.waits.length === 0);
});

test('while more is owed than one send takes, the next one follows after a pause', async () => {
  world.owe(1, 2, 3, 4, 5);
  world.start({ step: 2 });
  await until('all are published', () => world.done.length === 5);
  expect(world.sizes).toEqual([2, 2, 1]);
});

test('a refusal that no waiting mends is told', async () => {
  world.owe(1);
  world.failures.push(() => new ConfigurationError('TOPIC_ENTITLEMENTS'));
  world.start();
  await until('it is told', () => world.told.length > 0);
  expect(world.told).toEqual([expect.objectContaining({ message: 'TOPIC_ENTITLEMENTS' })]);
});

test('subdivisions of an older worker are looked for each time that no such worker is left, page by page', async () => {
  world.pages = 2;
  world.gate.level = 2;
  world.start({ interval: 1 });
  await until('it looks for what is owed', () => world.claims > 3);
  expect(world.filled).toEqual([]);
  world.gate.level = 3;
  await until('all pages are looked at', () => world.filled.length === 3);
  const { claims } = world;
  await until('it goes on', () => world.claims > claims + 3);
  expect(world.filled).toEqual([undefined, a.subdivisionId(1), a.subdivisionId(2)]);
  world.gate.falls += 1;
  await until('they are looked at again', () => world.filled.length === 6);
});

test('a change that has been owed for a minute is told, once a minute', async () => {
  world.oldestMs = MINUTE;
  world.start({ interval: 1 });
  await until('it looks for what is owed', () => world.claims > 3);
  expect(world.told).toEqual([]);
  world.now += MINUTE;
  await until('it is told', () => world.told.length > 0);
  const { claims } = world;
  await until('it goes on', () => world.claims > claims + 3);
  expect(world.told).toEqual([{ oldestMs: MINUTE }]);
});

/** A publisher of what the test owes. What was claimed and neither published nor released stays claimed. */
class World {
  readonly gate = {
    level: 3,
    falls: 1,
    mayWrite(level: number): boolean {
      return level <= this.level;
    },
  };
  private readonly owed: Record<Claimable, SubdivisionKey[]> = { new: [], left: [] };
  /** Of subdivisions that the broker takes nothing of. */
  stuck: ReadonlySet<string> = new Set();
  readonly deleted = new Set<string>();
  readonly marked = new Set<string>();
  /** Of the next sends. */
  readonly failures: ((messages: readonly OutgoingMessage[]) => Error)[] = [];
  readonly published: OutgoingMessage[] = [];
  readonly done: (SubdivisionKey & { readonly isDeleted: boolean; readonly epoch: number })[] = [];
  readonly before: number[] = [];
  readonly sizes: number[] = [];
  readonly filled: unknown[] = [];
  readonly counted: string[] = [];
  readonly told: unknown[] = [];
  readonly open = new Map<object | undefined, string>();
  pages = 0;
  now = 0;
  /** How long a claim lasts from the moment of the state on, and how long it takes to read that. */
  leftMs = 10_000;
  readFor = 0;
  oldestMs = 0;
  claims = 0;
  released = 0;
  private readonly stopping = new AbortController();
  private running: Promise<void> = Promise.resolve();

  owe(...numbers: readonly number[]): void {
    this.owed.new.push(...numbers.map(keyOf));
  }

  /** What is waited for at this moment. */
  get waits(): readonly string[] {
    return [...this.open.values()];
  }

  start(settings: Partial<EntitlementSettings> = {}): void {
    const publisher = new EntitlementPublisher(
      { ...RARE_PUBLICATIONS, tellEvery: MINUTE, ...settings },
      {
        ...{ topics: TOPICS, entitlements: this.entitlements(), levelGate: this.gate, newId: randomUUID },
        cloudEvents: {
          write: ({ topic, key, ...event }) => ({
            ...{ topic, key: Buffer.from(key ?? ''), headers: encodeHeaders([]) },
            value: Buffer.from(JSON.stringify(event)),
          }),
          encodeHeaders: () => encodeHeaders([]),
        },
        promptProducer: {
          publish: async (messages, before) => {
            this.before.push(before);
            const failure = this.failures.shift()?.(messages) ?? this.refusalOf(messages);
            const acknowledged = failure instanceof PublicationFailed ? failure.acknowledged : messages;
            if (failure === undefined || failure instanceof PublicationFailed) this.published.push(...acknowledged);
            if (failure !== undefined) throw failure;
          },
        },
        telemetry: silentTelemetry({
          count: (what, of, by) => void this.counted.push(`${by} ${what} ${of}`),
          entitlementsLate: (late) => void this.told.push(late),
          waiting: (what, _, waiter) => void this.open.set(waiter, what),
          waitEnded: (_, waiter) => void this.open.delete(waiter),
        }),
        failed: (error) => void this.told.push(error),
      },
      () => this.now,
    );
    this.running = publisher.run(this.stopping.signal);
  }

  async stop(): Promise<void> {
    this.stopping.abort(new Error('it stops'));
    await this.running;
  }

  private refusalOf(messages: readonly OutgoingMessage[]): Error | undefined {
    const taken = messages.filter(({ key }) => !this.stuck.has(String(key).slice(-36)));
    return taken.length === messages.length ? undefined : new PublicationFailed(taken, new Error('no leader'));
  }

  private entitlements(): Entitlements {
    const claimed = new Set<SubdivisionKey>();
    return {
      ...NO_ENTITLEMENTS,
      claim: async (_, { step }, which) => {
        this.claims += 1;
        const keys = this.owed[which].splice(0, step);
        for (const key of keys) claimed.add(key);
        if (keys.length > 0) this.sizes.push(keys.length);
        return { keys, oldestMs: this.oldestMs, isFull: keys.length === step };
      },
      read: async (_, keys): Promise<ClaimedState> => {
        this.now += this.readFor;
        return {
          subdivisions: keys
            .filter(({ subdivisionId }) => !this.marked.has(subdivisionId))
            .map((key) => ({
              ...key,
              subdivision: this.deleted.has(key.subdivisionId)
                ? undefined
                : a.aSubdivision(a.numberOf(key.subdivisionId), a.licensed(a.anActiveLicense(1))),
            })),
          ...{ epoch: EPOCH, at: a.NOW, leftMs: this.leftMs },
        };
      },
      published: async (_, keys, epoch) => {
        for (const { tenantId, subdivisionId, isDeleted } of keys) {
          for (const key of claimed) if (key.subdivisionId === subdivisionId) claimed.delete(key);
          this.done.push({ tenantId, subdivisionId, isDeleted, epoch });
        }
        return keys.length;
      },
      release: async () => {
        this.released += 1;
        this.owed.left.push(...claimed);
        claimed.clear();
      },
      addMissing: async (after) => {
        this.filled.push(after?.subdivisionId);
        const page = a.numberOf(after?.subdivisionId ?? a.subdivisionId(0)) + 1;
        return page > this.pages ? undefined : keyOf(page);
      },
    };
  }
}
