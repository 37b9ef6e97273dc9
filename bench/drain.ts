import type { OutgoingMessage } from '../src/ports/messages.ts';
import type { Bench } from './bench.ts';
import { check } from './check.ts';
import type { Place } from './load.ts';
import { mixed } from './mixed.ts';
import { byContender, inTurn, ratios, spreadOf } from './pairs.ts';
import type { Program } from './programs.ts';
import { Reference } from './reference.ts';
import type { DrainResult } from './results.ts';
import { costsOf, Meter } from './use.ts';
import { World } from './world.ts';

/** How far rows lie ahead of the set-up's activations: far enough to count, and not in what the rules call the future. */
const AHEAD_MS = 60_000;

type Kind = 'drain' | 'mixed' | 'hot';
export type DrainKind = Kind;

type Measurements = Partial<Record<Kind, DrainResult[]>>;

/** The baseline's share of the commands. It takes about as long for them as the others take for all. */
const BASELINE_SHARE = 0.03;

/** Kinds and contenders take turns, so that the ratios of each run hold although the machine's speed drifts. */
export async function drains(bench: Bench, kinds: readonly Kind[]): Promise<Measurements> {
  const { contenders, references, workers } = bench;
  const results: Measurements = {};
  for (let run = 1; run <= bench.runs; run += 1) {
    for (const kind of inTurn(run, kinds)) {
      for (const contender of inTurn(run, kind === 'drain' ? [...contenders, ...references] : workers)) {
        (results[kind] ??= []).push(await drainBy(bench, kind, contender, run));
      }
    }
  }
  for (const [kind, runs] of Object.entries(results)) sayRatios(bench, kind, runs);
  return shareOfDrain(results);
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
    const ofPairs = name === 'worker' ? [] : ratios(runs, 'worker', name);
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
  const world = await World.create(bench.stack, program.root);
  const places = await world.settle(kind === 'hot' ? 1 : bench.tenants, bench.subdivisions);
  const commands = Math.ceil(bench.commands * (program.name === 'baseline' ? BASELINE_SHARE : 1));
  const result = await drain(world, { run, program, commands, messages: messagesOf(world, kind, places, commands) });
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
  readonly messages: Iterable<OutgoingMessage>;
}

/** Makes a backlog and starts a contender. Measures from its first fetch until the last event is on the topic and all offsets are committed, then checks. */
export async function drain(world: World, { run, program, commands, messages, flags }: Draining): Promise<DrainResult> {
  await world.publish(messages);
  await world.checkpoint();
  const process = world.start(program, flags);
  const start = await process.working;
  const meter = new Meter(world.stack, [process.pid], () => world.walBytes());
  const before = await meter.read();
  const end = await world.drained(process);
  const after = await meter.read();
  const peakMemoryMb = await process.peakMemory();
  await process.stop();
  await check(world);
  const seconds = (end - start) / 1_000;
  return {
    run,
    contender: program.name,
    commands,
    seconds,
    perSecond: commands / seconds,
    ...costsOf(before, after, commands, seconds),
    peakMemoryMb,
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
    `cores ${(100 * (result.busy ?? Number.NaN)).toFixed(0)} % busy`
  );
}
