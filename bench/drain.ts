import type { OutgoingMessage } from '../src/ports/messages.ts';
import type { Bench } from './bench.ts';
import { check } from './check.ts';
import type { Place } from './load.ts';
import { describeLocks, watchLocks } from './locks.ts';
import { mixed } from './mixed.ts';
import { byContender, inTurn, ratios, spreadOf } from './pairs.ts';
import { WORKER, type Program } from './programs.ts';
import { Reference } from './reference.ts';
import type { DrainResult } from './results.ts';
import { costsOf, Meter } from './use.ts';
import { World } from './world.ts';

/** How far rows lie ahead of the set-up's activations: far enough to count, and not in what the rules call the future. */
const AHEAD_MS = 60_000;

export const KINDS = ['drain', 'mixed', 'hot', 'workers', 'large', 'many'] as const;
type Kind = (typeof KINDS)[number];

interface Shape {
  readonly tenants: number;
  readonly subdivisions: number;
  readonly partitions?: number;
  /** How many processes of the contender. */
  readonly workers?: number;
}

function shapeOf(kind: Kind, { tenants, subdivisions, large, many }: Bench): Shape {
  switch (kind) {
    case 'drain':
    case 'mixed':
      return { tenants, subdivisions };
    case 'hot':
      return { tenants: 1, subdivisions };
    case 'workers':
      return { tenants, subdivisions, partitions: 12, workers: 4 };
    case 'large':
      return { tenants: 1, subdivisions: large };
    case 'many':
      return { tenants: many, subdivisions: many };
  }
}

type Measurements = Partial<Record<Kind, DrainResult[]>>;

/** The baseline's share of the commands. It takes about as long for them as the others take for all. */
const BASELINE_SHARE = 0.03;

/** Kinds and contenders take turns, so that the ratios of each run hold although the machine's speed drifts. */
export async function drains(bench: Bench, kinds: readonly Kind[]): Promise<Measurements> {
  const results: Measurements = {};
  for (let run = 1; run <= bench.runs; run += 1) {
    for (const kind of inTurn(run, kinds)) {
      for (const contender of inTurn(run, takingPart(kind, bench))) {
        (results[kind] ??= []).push(await drainBy(bench, kind, contender, run));
      }
    }
  }
  for (const [kind, runs] of Object.entries(results)) sayRatios(bench, kind, runs);
  return shareOfDrain(results);
}

function takingPart(
  kind: Kind,
  { contenders, references, workers, goalOnly }: Bench,
): readonly (Program | Reference)[] {
  if (kind === 'drain') return [...contenders, ...references];
  return (kind === 'mixed' || kind === 'hot') && !goalOnly ? workers : [WORKER];
}

/** Tells the other kinds' speed as shares of the same contender's drain in the same run. */
function shareOfDrain({ drain = [], ...others }: Measurements): Measurements {
  const share = (result: DrainResult): DrainResult => {
    const beside = drain.find(({ run, contender }) => run === result.run && contender === result.contender);
    return beside === undefined ? result : { ...result, ofDrain: result.perSecond / beside.perSecond };
  };
  const shares = Object.entries(others).map(([kind, runs]) => [kind, runs.map(share)] as const);
  return { ...(drain.length > 0 && { drain }), ...Object.fromEntries(shares) };
}

function sayRatios({ say }: Bench, kind: string, runs: readonly DrainResult[]): void {
  for (const name of byContender(runs).keys()) {
    const ofPairs = name === 'worker' ? [] : ratios(runs, 'worker', name, ({ perSecond }) => perSecond);
    if (ofPairs.length > 0) say(`${kind}: worker is ${spreadOf(ofPairs)} x ${name}, of ${ofPairs.length} pairs`);
  }
}

async function drainBy(bench: Bench, kind: Kind, contender: Program | Reference, run: number): Promise<DrainResult> {
  if (!(contender instanceof Reference)) return drainOf(bench, kind, contender, run);
  const result = await contender.drain(run);
  bench.say(`${kind} ${run}: ${describe(result)}`);
  return result;
}

export async function drainOf(bench: Bench, kind: Kind, program: Program, run: number): Promise<DrainResult> {
  const { tenants, subdivisions, partitions, workers } = shapeOf(kind, bench);
  const world = await World.create(bench.stack, program.root, partitions);
  const places = await world.settle(tenants, subdivisions);
  const commands = Math.ceil(bench.commands * (program.name === 'baseline' ? BASELINE_SHARE : 1));
  const messages = messagesOf(world, kind, places, commands);
  const result = await drain(world, { run, program, commands, messages, ...(workers && { workers }) });
  bench.say(`${kind} ${run}: ${describe(result)}`);
  await world.close();
  return result;
}

function messagesOf(world: World, kind: Kind, places: readonly Place[], commands: number): Iterable<OutgoingMessage> {
  const from = Date.now() + AHEAD_MS;
  const { load, ledger } = world;
  return kind === 'mixed' ? mixed(load, places, commands, from, ledger) : load.rows(places, commands, from, ledger);
}

interface Draining extends Pick<DrainResult, 'run' | 'commands'> {
  readonly program: Program;
  /** Further options of Node. */
  readonly flags?: readonly string[];
  /** How many processes; default 1. */
  readonly workers?: number;
  readonly messages: Iterable<OutgoingMessage>;
}

/**
 * Makes a backlog and starts a contender. Measures from its first fetch until the last event is on the topic and all offsets are committed, then
 * checks. Several workers join one after the other, so they are measured from the moment at which the last of them has partitions; what the
 * others have done by then does not count.
 */
export async function drain(world: World, order: Draining): Promise<DrainResult> {
  const { run, program, messages, flags, workers = 1 } = order;
  const owing = world.ledger.events;
  await world.publish(messages);
  await world.checkpoint();
  const processes = Array.from({ length: workers }, () => world.start(program, flags));
  const starts = await Promise.all(processes.map(({ working }) => working));
  const done = workers === 1 ? 0 : (await world.size(world.config.topics.events)) - owing;
  // The first worker does a small load of --quick alone. Then there is nothing to measure but all of it.
  const together = done < order.commands;
  const start = together ? Math.max(...starts) : Math.min(...starts);
  const commands = together ? order.commands - done : order.commands;
  const meter = new Meter(
    world.stack,
    processes.map(({ pid }) => pid),
    () => world.walBytes(),
  );
  const before = await meter.read();
  const locks = workers === 1 ? undefined : watchLocks(world);
  const end = await world.drained({ check: () => processes.forEach((process) => process.check()) });
  const after = await meter.read();
  const peakMemoryMb = Math.max(...(await Promise.all(processes.map((process) => process.peakMemory()))));
  await Promise.all(processes.map((process) => process.stop()));
  const waits = await locks?.();
  await check(world, { mayRepeat: workers > 1 });
  const seconds = (end - start) / 1_000;
  return {
    run,
    contender: program.name,
    commands,
    seconds,
    perSecond: commands / seconds,
    ...costsOf(before, after, commands, seconds),
    peakMemoryMb,
    ...(waits && { locks: waits }),
  };
}

/** The line about a drain. Builds are compared by its beginning, so what is new goes to its end. */
export function describe(result: DrainResult): string {
  const { contender, commands, perSecond, seconds, cpu, cpuPerCommand, peakMemoryMb } = result;
  const split = `CPU s: worker ${cpu.worker.toFixed(1)}, database ${cpu.database.toFixed(1)}, broker ${cpu.broker.toFixed(1)}`;
  return (
    `${contender} ${Math.round(perSecond)} commands/s in ${seconds.toFixed(2)} s; ${split}; ` +
    `${cpuPerCommand.toFixed(1)} us a command; ${peakMemoryMb} MB; ` +
    `database ${((cpu.database / commands) * 1e6).toFixed(1)} us and ${(result.walPerCommand ?? Number.NaN).toFixed(0)} bytes of WAL a command; ` +
    `cores ${(100 * (result.busy ?? Number.NaN)).toFixed(0)} % busy` +
    (result.locks === undefined ? '' : `; ${describeLocks(result.locks)}`)
  );
}
