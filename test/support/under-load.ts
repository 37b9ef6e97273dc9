import { generate } from '../oracle/generate.ts';
import type { RawSending, Sending } from './load.ts';
import type { WorkerProcess } from './world-process.ts';
import { dateByProducers } from './topic-settings.ts';
import { unlessNotYet } from './world-offsets.ts';
import { owedIn } from './owed.ts';
import { until } from './world-until.ts';
import type { World } from './world.ts';

/** Many transactions in a load, so that a fault finds some before it, some after it, and one under way. */
export const SMALL_CHUNKS = { CHUNK_MAX_MESSAGES: '20' };

const AT_ONCE = 100;
/** A worker that lives tells what it has committed long before that, or has deleted it. */
const TOLD_WITHIN_MS = 500;

export interface UnderLoadOptions {
  readonly seed: number;
  readonly messages: number;
  readonly unknownSchemas?: boolean;
  readonly letters?: boolean;
  /** Whether what is sent before the fault comes from producers of the version before time. */
  readonly olderFirst?: boolean;
  /** What is sent before the fault; the rest is sent while it lasts. Default 0.7. */
  readonly firstShare?: number;
}

/** A mixed load on its way through a world. */
export class UnderLoad {
  readonly messages: readonly (Sending | RawSending)[];
  private readonly world: World;
  private readonly before: number;
  private sent: number;

  private constructor(world: World, messages: readonly (Sending | RawSending)[], sent: number, before: number) {
    this.world = world;
    this.messages = messages;
    this.sent = sent;
    this.before = before;
  }

  /** Resolves when the first share of it is sent. */
  static async start(world: World, options: UnderLoadOptions): Promise<UnderLoad> {
    const { firstShare = 0.7, olderFirst = false, ...rest } = options;
    const older = olderFirst ? Math.round(rest.messages * firstShare) : 0;
    await dateByProducers(world);
    const { first, load } = generate({ ...rest, older, partitions: world.partitions, now: Date.now() });
    await world.send(first);
    await world.settled();
    const before = await world.count('inbox');
    const share = Math.round(load.length * firstShare);
    await world.send(load.slice(0, share));
    return new UnderLoad(world, load, share, before);
  }

  /** Sends what is left, and what a broker refuses again and again, as producers do. Resolves when all of it is acknowledged. */
  async sendRest(): Promise<void> {
    for (let some = this.next(); some.length > 0; some = this.next()) await this.send(some);
  }

  /** Sends on until then, a batch whenever fewer messages than that wait: so there is always something to be done. */
  async sendUntil(over: () => boolean, waiting: number): Promise<void> {
    const wanted = async (): Promise<boolean> =>
      over() || ((await unlessNotYet(this.world.lag())) ?? waiting) < waiting;
    while (!over()) {
      await until('more is wanted', wanted, 120_000);
      const some = over() ? [] : this.next();
      if (some.length === 0) return;
      await this.send(some);
    }
  }

  private async send(some: readonly (Sending | RawSending)[]): Promise<void> {
    await until('a batch is acknowledged', async () => unlessNotYet(this.world.send(some).then(() => true)), 120_000);
  }

  private next(): readonly (Sending | RawSending)[] {
    const some = this.messages.slice(this.sent, this.sent + AT_ONCE);
    this.sent += some.length;
    return some;
  }

  async handled(): Promise<number> {
    return (await this.world.count('inbox')) - this.before;
  }

  /** Resolves with a part of the load handled, and a part not. @throws when it is nearly over */
  async amid(): Promise<void> {
    const handled = await until('the load is under way', async () => {
      const n = await this.handled();
      return n > this.messages.length / 20 && n;
    });
    const { length } = this.messages;
    if (handled > length * 0.6) throw new Error(`a load of ${length} is too small: ${handled} are handled already`);
  }

  /**
   * Stops the worker's process at a moment when it has committed what nobody is told without it, and has more before it.
   * @returns the values of what is owed then
   */
  async frozen(worker: WorkerProcess): Promise<readonly Buffer[]> {
    return until('the worker is caught between a commit and its publication', async () => {
      worker.signal('SIGSTOP');
      const values = await stayUntold(this.world);
      if (values.length > 0 && (await this.world.lag()) > 0) return values;
      worker.signal('SIGCONT');
      return undefined;
    });
  }
}

/** Whether all of these values are in topics. */
export async function areTold(world: World, values: readonly Buffer[]): Promise<boolean> {
  const told = await toldBy(world);
  return values.every((value) => told.has(value.toString('hex')));
}

/** The values of rows that stay in the outbox, and are not in their topics: whoever wrote them does not get to it. */
async function stayUntold(world: World): Promise<readonly Buffer[]> {
  const since = performance.now();
  let rows = await untold(world);
  if (rows.size === 0) return [];
  await until('the rows are told, or not in time', async () => {
    const still = await untold(world);
    rows = new Map([...rows].filter(([row]) => still.has(row)));
    return rows.size === 0 || performance.now() - since > TOLD_WITHIN_MS;
  });
  return [...rows.values()];
}

/** The values of the rows of the outbox that are not in their topics, by lane and number. */
async function untold(world: World): Promise<ReadonlyMap<string, Buffer>> {
  const owed = await owedIn(world.db);
  if (owed.length === 0) return new Map();
  const told = await toldBy(world);
  return new Map(
    owed.flatMap(({ lane, seq, value }) =>
      value === null || told.has(value.toString('hex')) ? [] : [[`${lane}/${seq}`, value] as const],
    ),
  );
}

/** The values of all that is out, in hexadecimal. */
async function toldBy({ collector, allTopics }: World): Promise<ReadonlySet<string | undefined>> {
  await collector.caughtUp(allTopics);
  return new Set(allTopics.flatMap((topic) => collector.records(topic)).map(({ value }) => value?.toString('hex')));
}
