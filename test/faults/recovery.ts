import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { format } from 'prettier';
import { results, type Result } from './results.ts';

/** The cases that CI runs, by the beginnings of their names: one of each kind, in less than three minutes. */
export const SUBSET_OF_FAULTS = [
  // Around the publication, and before the offsets are committed.
  'F[346]: SIGKILL of the worker',
  'F9: .*answer does not come back',
  'F14: a worker is frozen',
  'F20: ',
  // On three brokers.
  'control of F32: ',
];

const FILE = fileURLToPath(new URL('../../docs/recovery.md', import.meta.url));

const INTRODUCTION = `# Recovery

Every crash and outage below was provoked for real, amid a load of mixed commands: \`npm run test:faults\` wrote this page. After each
of them an oracle that shares no code with the worker's domain has compared all that came of the load (tables, events, rejections, dead
letters) with what the contract says. _Lost_ are messages without their effect, _doubled_ those with more than one; _repeated_ are
events that came again with the same id and bytes, which consumers drop; _seconds_ are those from the fault's end until the lag was 0
and nothing was owed, on a two-core machine with a session timeout of 6 s (the default is 30 s, so a killed worker's partitions come
free that much later). _held_ is how many runs of the whole suite in a row each case has held; the worst of them is shown. A run in
which anything fails writes nothing. The numbers only tell the faults apart; _parked_ and _misplaced_ are cases beside them.`;

/** Writes docs/recovery.md from the results of whole runs, in each of which every case has held. */
export async function writeRecovery(): Promise<void> {
  const all = await results();
  if (all.length === 0) return;
  const page = [INTRODUCTION, '## What was observed', observed(all), '## What to see and to do', advice(all)];
  await writeFile(FILE, await format(page.join('\n\n'), { parser: 'markdown', printWidth: 120 }));
}

function observed(all: readonly Result[]): string {
  const rows = all.map(({ fault, what, runs }) => {
    const worst = (of: (run: Result['runs'][number]) => number): number => Math.max(...runs.map(of));
    const { lost, doubled, repeated } = {
      lost: worst((run) => run.lost),
      doubled: worst((run) => run.doubled),
      repeated: worst((run) => run.repeated),
    };
    const seconds = worst((run) => run.seconds).toFixed(1);
    return `| ${fault} | ${what} | ${lost} | ${doubled} | ${repeated} | ${seconds} | ${runs.length} |`;
  });
  return ['| | fault | lost | doubled | repeated | seconds | held |', '|-|-|-:|-:|-:|-:|-:|', ...rows].join('\n');
}

/** One row for all faults that show the same and ask for the same. */
function advice(all: readonly Result[]): string {
  const groups = Map.groupBy(all, ({ shows, todo }) => `| ${shows} | ${todo} |`);
  const rows = [...groups].map(
    ([text, some]) =>
      `| ${some.length > 2 ? [...new Set(some.map(({ fault }) => fault))].join(', ') : some.map(nameOf).join('; ')} ${text}`,
  );
  return ['| | what shows | what to do |', '|-|-|-|', ...rows].join('\n');
}

function nameOf({ fault, what }: Result): string {
  return `${fault} ${what}`;
}
