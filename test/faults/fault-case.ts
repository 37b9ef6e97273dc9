import { check, type Checked, type CheckOptions } from '../oracle/check.ts';
import { InvariantWatch } from '../support/invariants.ts';
import { SMALL_CHUNKS, UnderLoad, type UnderLoadOptions } from '../support/under-load.ts';
import type { Environment } from '../support/world-process.ts';
import { until } from '../support/world-until.ts';
import { createWorld, type World, type WorldOptions } from '../support/world.ts';
import { startStack, type Stack, type StackOptions } from '../../stack/stack.ts';
import type { Service } from '../../stack/service.ts';
import { FAULT_PROVEN_AFTER, PROGRAM } from './points.ts';
import { keep, keepFailure, type Observation } from './results.ts';

/** What a case works with. */
export interface Around {
  readonly stack: Stack;
  readonly world: World;
  readonly load: UnderLoad;
}

/** One fault: how it is brought about, how one knows that it was, and what an operator should know of it. */
export interface FaultCase {
  /** The name of the fault in docs/recovery.md, such as `F12`. */
  readonly fault: string;
  readonly what: string;
  /** For docs/recovery.md: what shows, and what to do. Sentences. */
  readonly shows: string;
  readonly todo: string;
  /**
   * How the workers write what they owe. By default in chunks, as workers do that have long been alone with their like; `rows`: a row a message,
   * as beside an older worker; `unproven`: as they find.
   */
  readonly outbox?: 'chunks' | 'rows' | 'unproven';
  /** Settings of the workers, beside those for small chunks. */
  readonly env?: Environment;
  readonly load?: Partial<UnderLoadOptions>;
  /** The schemas that there are at first; default: all of this build. */
  readonly schemas?: WorldOptions['schemas'];
  /** The case sends the rest of the load itself. */
  readonly sendsRest?: boolean;
  /** Starts the workers; default: one real one. */
  readonly begin?: (around: Omit<Around, 'load'>) => Promise<unknown>;
  /** Brings the fault about, amid the load; resolves when it is over. */
  readonly inject: (around: Around) => Promise<void>;
  /** Throws unless the fault has happened. Called when everything has settled. */
  readonly fired: (around: Around, checked: Checked) => void | Promise<void>;
  /** Options of the oracle. */
  readonly check?: CheckOptions;
  /** Closes what `begin` has opened. */
  readonly end?: () => Promise<void>;
}

const PROVEN_AFTER: Readonly<Record<NonNullable<FaultCase['outbox']>, Environment>> = {
  chunks: { [FAULT_PROVEN_AFTER]: '0' },
  rows: { [FAULT_PROVEN_AFTER]: String(Number.MAX_SAFE_INTEGER) },
  unproven: {},
};

const MESSAGES = 3_000;
const SETTLES_WITHIN_MS = 120_000;
const CASE_WITHIN_MS = 230_000;

/**
 * A test of one fault: a load of mixed commands is sent through real workers, the fault comes amid it, the rest of the load is sent
 * while it lasts; then the oracle looks at everything. @param stack given when the test runs
 */
export function faultCase(stack: () => Stack, one: FaultCase): void {
  test(
    `${one.fault}: ${one.what}`,
    async () => {
      const env = { ...SMALL_CHUNKS, ...PROVEN_AFTER[one.outbox ?? 'chunks'], ...one.env };
      const world = await createWorld({ stack: stack(), workers: 0, env, program: PROGRAM, schemas: one.schemas });
      try {
        await keep(one, await world.guard(() => run(one, stack(), world)));
      } catch (error) {
        await keepFailure(one);
        throw error;
      } finally {
        await world.close();
        await one.end?.();
      }
    },
    CASE_WITHIN_MS,
  );
}

async function run(one: FaultCase, stack: Stack, world: World): Promise<Observation> {
  const { begin = () => world.startWorker(), outbox = 'chunks' } = one;
  await begin({ stack, world });
  if (outbox === 'chunks') await Promise.all(world.workers.map((worker) => worker.logs('what every worker can read')));
  const snapshots = new InvariantWatch(world.database.url);
  try {
    // No unknown schema ids: a lane doubts the registry for seconds at each, which would be a fault of its own.
    const load = await UnderLoad.start(world, {
      seed: seedOf(one),
      messages: MESSAGES,
      unknownSchemas: false,
      ...one.load,
    });
    const around = { stack, world, load };
    await load.amid();
    let over = 0;
    const rest = one.sendsRest === true ? undefined : load.sendRest();
    await Promise.all([rest, one.inject(around).then(() => (over = performance.now()))]);
    await world.settled(SETTLES_WITHIN_MS);
    const seconds = (performance.now() - over) / 1_000;
    const checked = await check(world, one.check);
    await snapshots.end();
    expect(snapshots.broken()).toEqual([]);
    // A session tells the statistics of what it has written up to ten seconds later.
    if (outbox === 'chunks') await until('chunks were written', async () => (await chunksWritten(world)) > 0, 20_000);
    if (outbox === 'rows') expect(await chunksWritten(world)).toBe(0);
    await one.fired(around, checked);
    // The oracle throws on anything lost or doubled.
    return { messages: checked.messages, lost: 0, doubled: 0, repeated: checked.repetitions, seconds };
  } finally {
    await snapshots.end();
  }
}

/** How many chunks the outbox has had so far. A worker tells PostgreSQL's statistics once a second. */
export async function chunksWritten({ db }: World): Promise<number> {
  const { rows } = await db.raw<{ rows: readonly { readonly n: string }[] }>(
    `SELECT n_tup_ins AS n FROM pg_stat_user_tables WHERE relname = 'outbox_chunks'`,
  );
  return Number(rows[0]?.n);
}

/** A seed for each case: its load differs from that of others, and is the same each time. */
function seedOf({ fault, what }: FaultCase): number {
  return [...`${fault} ${what}`].reduce((sum, character) => (sum * 31 + character.charCodeAt(0)) % 1_000_003, 7);
}

/** A stack for one file, whose cases break its services; it is up before the first case and down after the last. */
export function theStack(options: StackOptions = {}): () => Stack {
  let stack: Stack | undefined;
  beforeAll(async () => {
    stack = await startStack({ ...options, fewRequests: true });
  });
  afterAll(async () => {
    if (stack === undefined) return;
    await Promise.all([stack.kafka, stack.registry, stack.postgres].map(down));
    await stack.stop();
  });
  return () => {
    if (stack === undefined) throw new Error('the stack is there once the tests run');
    return stack;
  };
}

export async function down(service: Service): Promise<void> {
  // A process that ends while it is being listed makes `stop` throw, since jest has replaced `Error`.
  await service.stop().catch(() => undefined);
  await until(`${service.name} is down`, () => service.pid === undefined);
}
