import type { Bench } from './bench.ts';
import { drainOf, drains, KINDS } from './drain.ts';
import { history } from './history.ts';
import { leftovers } from './leftovers.ts';
import { paced } from './paced.ts';
import { WORKER } from './programs.ts';
import { machine, type Measured, type Results } from './results.ts';
import type { ScenarioName } from './scenarios.ts';
import { soak } from './soak.ts';
import { profile } from './profile.ts';
import { start } from './start.ts';
import { timers } from './timers.ts';
import { versionsOf } from './versions.ts';

/** Runs the scenarios one after the other, and hands over the results of each as soon as it has ended. */
export async function measure(
  bench: Bench,
  wanted: readonly ScenarioName[],
  command: string,
  keep: (measured: Results) => Promise<void>,
): Promise<void> {
  const versions = await versionsOf(bench.stack);
  const of = <R>(runs: readonly R[]): Measured<R> => ({
    date: new Date().toISOString(),
    command,
    machine: machine(),
    versions,
    runs,
  });
  bench.say(`${machine()}, ${Object.entries(versions).flat().join(' ')}`);
  await warmUp(bench);
  const kinds = KINDS.filter((kind) => wanted.includes(kind));
  if (kinds.length > 0) {
    const measured = Object.entries(await drains(bench, kinds)).map(([kind, runs]) => [kind, of(runs)] as const);
    await keep(Object.fromEntries(measured));
  }
  if (wanted.includes('paced')) await keep({ paced: of(await paced(bench)) });
  if (wanted.includes('history')) await keep({ history: of(await history(bench)) });
  if (wanted.includes('leftovers')) await keep({ leftovers: of(await leftovers(bench)) });
  if (wanted.includes('timers')) await keep({ timers: of(await timers(bench)) });
  if (wanted.includes('start')) await keep({ start: of(await start(bench)) });
  if (wanted.includes('profile')) await keep({ profile: of(await profile(bench)) });
  if (wanted.includes('soak')) await keep({ soak: of(await soak(bench)) });
}

/** Drains that are not counted: the broker is cold at first, and the first drains are half as fast as later ones. */
async function warmUp(bench: Bench): Promise<void> {
  if (bench.warmUp === 0) return;
  await drainOf(
    { ...bench, commands: bench.warmUp, say: (line) => bench.say(`warming up, ${line}`) },
    'drain',
    WORKER,
    0,
  );
}
