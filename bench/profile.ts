import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Bench } from './bench.ts';
import { CATEGORIES, categoryOf, type Category } from './profile-categories.ts';
import { WORKER } from './programs.ts';
import type { ProfileResult } from './results.ts';
import { drain } from './drain.ts';
import { World } from './world.ts';

const AHEAD_MS = 60_000;

/** Drains under V8's sampling profiler, to see where the worker's main thread spends its time. The profiler slows it down, so only the shares count. */
export async function profile(bench: Bench): Promise<readonly ProfileResult[]> {
  const results: ProfileResult[] = [];
  for (let run = 1; run <= bench.profiles; run += 1) {
    const folder = await mkdtemp(join(tmpdir(), 'licensing-profile-'));
    try {
      const world = await World.create(bench.stack);
      const places = await world.settle(bench.tenants, bench.subdivisions);
      const messages = world.load.rows(places, bench.commands, Date.now() + AHEAD_MS, world.ledger);
      const flags = ['--cpu-prof', '--cpu-prof-dir', folder];
      await drain(world, { run, program: WORKER, commands: bench.commands, messages, flags });
      await world.close();
      const [file] = await readdir(folder);
      const microseconds = sums(JSON.parse(await readFile(join(folder, file ?? ''), 'utf8')) as CpuProfile);
      results.push({ run, commands: bench.commands, microseconds });
      const busy = CATEGORIES.map((category) => `${category} ${(microseconds[category] / bench.commands).toFixed(1)}`);
      bench.say(`profile ${run}, us a command: ${busy.join(', ')}`);
    } finally {
      await rm(folder, { recursive: true });
    }
  }
  return results;
}

/** The profile that V8 writes. Source: the protocol of its inspector, "Profiler.Profile". */
interface CpuProfile {
  readonly nodes: readonly Node[];
  readonly samples: readonly number[];
  /** Microseconds. */
  readonly timeDeltas: readonly number[];
}

interface Node {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string };
  readonly children?: readonly number[];
}

/** Counts each sample under the category of its function. A function without one (native, or Node's own) counts as its nearest caller. */
function sums({ nodes, samples, timeDeltas }: CpuProfile): Record<Category, number> {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const categories = new Map<number, Category>();
  const waiting: { readonly id: number; readonly caller: Category }[] = nodes
    .slice(0, 1)
    .map(({ id }) => ({ id, caller: 'other' }));
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const node = byId.get(next.id);
    if (node === undefined) continue;
    const category = categoryOf(node.callFrame, next.caller);
    categories.set(node.id, category);
    for (const id of node.children ?? []) waiting.push({ id, caller: category });
  }
  const totals = Object.fromEntries(CATEGORIES.map((category) => [category, 0])) as Record<Category, number>;
  for (const [i, id] of samples.entries()) totals[categories.get(id) ?? 'other'] += timeDeltas[i] ?? 0;
  return totals;
}
