import { writeFile } from 'node:fs/promises';
import { format, resolveConfig } from 'prettier';
import { chart } from './chart.ts';
import { about, number, spread, table, type Cells } from './format.ts';
import { GOAL_HEAD, goalRows } from './goals.ts';
import { byContender } from './pairs.ts';
import { CATEGORIES, REASONS } from './profile-categories.ts';
import type { ContenderName } from './programs.ts';
import { readResults, type PacedResult, type Results, type SoakSample, type TimersResult } from './results.ts';
import { drains } from './report-drains.ts';
import { median } from './statistics.ts';

// `npm run bench:report` makes RESULTS.md and results.svg from results.json.

const TARGETS = {
  paced: '1,000/s: p50 <= 10, p99 <= 25; 5,000/s: p50 <= 12, p99 <= 30',
  leftovers: '>= 40,000 rows/s',
  timers: 'all within 3 minutes, p99 of the commands <= 1 s',
  start: '<= 1,500 ms',
  soak: 'flat; RSS <= 300 MB',
};

export async function report(): Promise<void> {
  const results = await readResults();
  const parts = [
    '# Results of the benchmark',
    `\`npm run bench\` makes this page from \`results.json\`, which has every run. A real broker, registry and PostgreSQL (fsync on, synchronous_commit on,
acks = all) share one machine with the measured process. The speed of the machine drifts, so ratios count, between programs that took turns in a run.
Figures are medians; a spread is the least and the greatest of the runs. A run whose rows, sums, inbox or event ids were wrong has no figure.`,
    '## What is to be reached',
    'A figure beside another commit, the reference or the drain is of the same run as theirs. History has a run of its own, since it takes minutes to make one.',
    table(GOAL_HEAD, goalRows(results)),
    '![Commands a second](results.svg)',
    ...[
      drains(results),
      paced(results),
      history(results),
      leftovers(results),
      timers(results),
      starts(results),
      profiles(results),
      soak(results),
    ].flat(),
  ];
  const file = new URL('RESULTS.md', import.meta.url);
  const style = await resolveConfig(file);
  await writeFile(file, await format(parts.join('\n\n'), { ...style, parser: 'markdown' }));
  await writeFile(new URL('results.svg', import.meta.url), chart(results));
}

function paced({ paced: measured }: Results): readonly string[] {
  if (measured === undefined) return [];
  const rates = [...new Set(measured.runs.map(({ rate }) => rate))];
  const cells = (rate: number, who: ContenderName, all: readonly PacedResult[]): Cells => {
    const runs = all.filter((run) => run.rate === rate);
    const of = (name: 'p50' | 'p99' | 'p999'): string =>
      spread(
        runs.map((run) => run[name]),
        1,
      );
    return [number(rate), who, of('p50'), of('p99'), of('p999'), runs.length];
  };
  return [
    '## At a steady pace',
    `Milliseconds from handing a command to a producer until its event arrives at a consumer, each in a process of its own. To reach: ${TARGETS.paced}.`,
    about(measured),
    table(
      ['commands/s', 'who', 'p50', 'p99', 'p99.9', 'runs'],
      rates.flatMap((rate) => [...byContender(measured.runs)].map(([who, runs]) => cells(rate, who, runs))),
    ),
  ];
}

function history({ history: measured }: Results): readonly string[] {
  if (measured === undefined) return [];
  const { runs } = measured;
  return [
    '## With a past',
    `The drain with an empty database, and with one that has ${number(runs[0]?.history ?? 0)} statistic rows, as many inbox rows and as many
delivered outbox rows, in turns. A fifth of the inbox rows is older than its retention, so pruning goes on during the run: ${spread(
      runs.map(({ pruned }) => pruned),
      0,
    )} rows a run.`,
    about(measured),
    table(
      ['empty, commands/s', 'with a past, commands/s', 'ratio', 'runs'],
      [
        [
          spread(
            runs.map(({ empty }) => empty.perSecond),
            0,
          ),
          spread(
            runs.map(({ full }) => full.perSecond),
            0,
          ),
          spread(
            runs.map(({ ratio }) => ratio),
            2,
          ),
          runs.length,
        ],
      ],
    ),
  ];
}

function leftovers({ leftovers: measured }: Results): readonly string[] {
  if (measured === undefined) return [];
  const { runs } = measured;
  return [
    '## Leftovers',
    `${number(runs[0]?.rows ?? 0)} events that a lane owed in chunks when it was given up, published by a worker that starts: from the first of them on
the topic to an empty outbox. To reach: ${TARGETS.leftovers}.`,
    about(measured),
    table(
      ['rows/s', 'from the start of the process to the end, s', 'runs'],
      [
        [
          spread(
            runs.map(({ perSecond }) => perSecond),
            0,
          ),
          spread(
            runs.map(({ secondsFromSpawn }) => secondsFromSpawn),
            2,
          ),
          runs.length,
        ],
      ],
    ),
  ];
}

function timers({ timers: measured }: Results): readonly string[] {
  if (measured === undefined) return [];
  const { runs } = measured;
  const of = (pick: (run: TimersResult) => number, decimals = 0): string => spread(runs.map(pick), decimals);
  return [
    '## A million at one moment',
    `${number(runs[0]?.timers ?? 0)} licenses that end at one moment, while ${number(runs[0]?.rate ?? 0)} commands/s come in: from that moment until all
ends are told. To reach: ${TARGETS.timers}.`,
    about(measured),
    table(
      ['seconds', 'p50 of the commands, ms', 'p99, ms', 'max, ms', 'RSS before, MB', 'RSS at its peak, MB', 'runs'],
      [
        [
          ...[of(({ seconds }) => seconds, 1), of(({ p50 }) => p50, 1), of(({ p99 }) => p99), of(({ max }) => max)],
          ...[of(({ memoryBeforeMb }) => memoryBeforeMb), of(({ peakMemoryMb }) => peakMemoryMb), runs.length],
        ],
      ],
    ),
  ];
}

function starts({ start: measured }: Results): readonly string[] {
  if (measured === undefined) return [];
  const times = measured.runs.map(({ ms }) => ms);
  return [
    '## Start',
    `From the start of the process until the event of a command that waited for it arrives. To reach: ${TARGETS.start}.`,
    about(measured),
    table(['ms', 'starts'], [[spread(times, 0), times.length]]),
  ];
}

function profiles({ profile: measured }: Results): readonly string[] {
  if (measured === undefined) return [];
  const shares = measured.runs.map(({ commands, microseconds }) => {
    const busy = CATEGORIES.reduce((sum, one) => sum + (one === 'idle' ? 0 : microseconds[one]), 0);
    return { commands, microseconds, busy };
  });
  return [
    "## Where the worker's CPU goes",
    `The main thread in a drain under V8's profiler. The profiler slows it down, so only the shares count. Native functions and Node's own
count as their callers. The helper threads of the garbage collector are not included.`,
    about(measured),
    table(
      ['', 'us a command', 'of what is busy', 'why not less'],
      CATEGORIES.map((category) => [
        category,
        median(shares.map(({ commands, microseconds }) => microseconds[category] / commands)).toFixed(1),
        category === 'idle'
          ? ''
          : `${Math.round(100 * median(shares.map(({ busy, microseconds }) => microseconds[category] / busy)))} %`,
        REASONS[category],
      ]),
    ),
  ];
}

function soak({ soak: measured }: Results): readonly string[] {
  const run = measured?.runs[0];
  if (measured === undefined || run === undefined) return [];
  const third = Math.floor(run.samples.length / 3);
  const columns = { 'RSS, MB': 'rssMb', 'heap, MB': 'heapMb', 'event-loop delay p99, ms': 'loopDelayP99' } as const;
  const more = { 'dead tuples': 'deadTuples', 'lag, commands': 'lag' } as const;
  return [
    '## For a long time',
    `${number(run.rate)} commands/s, half of the drain speed measured just before, for ${run.minutes} minutes: medians of the first and of the last
third of the samples. To reach: ${TARGETS.soak}.`,
    about(measured),
    table(
      ['', 'first third', 'last third', 'change', 'greatest'],
      Object.entries({ ...columns, ...more }).map(([title, column]) => {
        const of = (samples: readonly SoakSample[]): number => median(samples.map((sample) => sample[column]));
        const [before, after] = [of(run.samples.slice(0, third)), of(run.samples.slice(-third))];
        const change =
          before === 0 ? '' : `${after >= before ? '+' : ''}${Math.round((100 * (after - before)) / before)} %`;
        return [
          title,
          number(before),
          number(after),
          change,
          number(Math.max(...run.samples.map((one) => one[column]))),
        ];
      }),
    ),
  ];
}

if (import.meta.main) await report();
