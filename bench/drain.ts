import type { OutgoingMessage } from '../src/ports/messages.ts';
import type { Bench } from './bench.ts';
import { check } from './check.ts';
import type { Place } from './load.ts';
import { mixed } from './mixed.ts';
import { inTurn, ratios, spreadOf } from './pairs.ts';
import type { ContenderName, Program } from './programs.ts';
import type { DrainResult } from './results.ts';
import { costsOf, Meter } from './use.ts';
import { World } from './world.ts';

/** How far rows lie ahead of the set-up's activations: far enough to count, and not in what the rules call the future. */
const AHEAD_MS = 60_000;

type Kind = 'drain' | 'mixed' | 'hot';
export type DrainKind = Kind;

/** The baseline's share of the commands. It takes about as long for them as the others take for all. */
const BASELINE_SHARE = 0.03;

/** Kinds and contenders take turns, so that the ratios of each run hold although the machine's speed drifts. */
export async function drains(bench: Bench, kinds: readonly Kind[]): Promise<Partial<Record<Kind, DrainResult[]>>> {
  const results: Partial<Record<Kind, DrainResult[]>> = {};
  for (let run = 1; run <= bench.runs; run += 1) {
    const drainSpeeds = new Map<ContenderName, number>();
    for (const kind of kinds) {
      for (const program of inTurn(run, kind === 'drain' ? bench.contenders : bench.workers)) {
        const result = await drainOf(bench, kind, program, run);
        if (kind === 'drain') drainSpeeds.set(program.name, result.perSecond);
        const drain = drainSpeeds.get(program.name);
        const ofDrain = kind === 'drain' || drain === undefined ? {} : { ofDrain: result.perSecond / drain };
        (results[kind] ??= []).push({ ...result, ...ofDrain });
      }
    }
  }
  for (const [kind, runs] of Object.entries(results)) sayRatios(bench, kind, runs);
  return results;
}

function sayRatios({ contenders, say }: Bench, kind: string, runs: readonly DrainResult[]): void {
  for (const { name } of contenders) {
    const ofPairs = name === 'worker' ? [] : ratios(runs, 'worker', name);
    if (ofPairs.length > 0) say(`${kind}: worker is ${spreadOf(ofPairs)} x ${name}, of ${ofPairs.length} pairs`);
  }
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
