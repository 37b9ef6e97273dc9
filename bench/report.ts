import { writeFile } from 'node:fs/promises';
import { format, resolveConfig } from 'prettier';
import { chart } from './chart.ts';
import type { Locks } from './locks.ts';
import { byContender, ratios } from './pairs.ts';
import { CATEGORIES, REASONS } from './profile-categories.ts';
import type { ContenderName } from './programs.ts';
import {
  readResults,
  type DrainResult,
  type Measured,
  type PacedResult,
  type Results,
  type SoakSample,
} from './results.ts';
import { median } from './statistics.ts';

// `npm run bench:report` makes RESULTS.md and results.svg from results.json.

/** The worker's drain, divided by that of another contender. */
const RATIO_TARGETS: Partial<Record<ContenderName, string>> = {
  'commit 08a33c2': '>= 2.2',
  reference: '>= 0.7',
  baseline: '>= 50',
};
const TARGETS = {
  drain: 'worker <= 18 us, PostgreSQL <= 15 us and <= 1,000 bytes of WAL a command, RSS <= 300 MB',
  hot: '>= 0.85',
  workers: '>= 0.9',
  large: '>= 0.9',
  many: '>= 0.9',
  mixed: '>= 0.8',
  paced: '1,000/s: p50 <= 10, p99 <= 25; 5,000/s: p50 <= 12, p99 <= 30',
  history: '>= 0.9',
  leftovers: '>= 40,000 rows/s',
  start: '<= 1,500 ms',
  soak: 'flat; RSS <= 300 MB',
};

type Cells = readonly (string | number)[];

export async function report(): Promise<void> {
  const results = await readResults();
  const parts = [
    '# Results of the benchmark',
    `\`npm run bench\` makes this page from \`results.json\`, which has every run. A real broker, registry and PostgreSQL (fsync on, synchronous_commit on,
acks = all) share one machine with the measured process. The speed of the machine drifts, so ratios count, between programs that took turns in a run.
Figures are medians; a spread is the least and the greatest of the runs. A run whose rows, sums, inbox or event ids were wrong has no figure.`,
    '![Commands a second](results.svg)',
    ...[
      drains(results),
      paced(results),
      history(results),
      leftovers(results),
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

function drains(results: Results): readonly string[] {
  const { drain, mixed, hot, workers, large, many } = results;
  if (drain === undefined) return [];
  const rows: Cells[] = [];
  for (const [what, measured] of Object.entries({ drain, mixed, hot, workers, large, many })) {
    for (const [name, runs] of byContender(measured?.runs ?? [])) rows.push([what, name, ...drainCells(runs)]);
  }
  const others = [...byContender(drain.runs).keys()].filter((name) => name !== 'worker');
  const ofDrain = (measured: Measured<DrainResult> | undefined): string =>
    spread(
      measured?.runs.flatMap(({ contender, ofDrain }) => (contender === 'worker' ? (ofDrain ?? []) : [])) ?? [],
      2,
    );
  return [
    '## A backlog is drained',
    `_drain_: statistic rows of 100 tenants with 1,000 subdivisions, 4 partitions. _mixed_: all types, 3 % refused. _hot_: the drain on one tenant,
in one partition. _workers_: the drain by four workers on 12 partitions, from when the last of them has its share. _large_: the drain on one
tenant with 10,000 subdivisions. _many_: on 100,000 tenants with one. A figure is taken from the first fetch until the last event is on its
topic and all offsets are committed. The reference is a pipeline that was written by hand for these rows alone, with narrower tables, one
header an event and a load of its own. The baseline is one knex transaction a message; it gets a small share of the commands, since all of
them would take it minutes.`,
    about(drain),
    table(
      [
        'scenario',
        'who',
        'commands',
        'commands/s',
        'spread',
        'worker, us a command',
        'PostgreSQL, us a command',
        'broker, us a command',
        'cores busy',
        'WAL, bytes a command',
        'RSS peak, MB',
      ],
      rows,
    ),
    table(
      ['ratio, of the same run', 'median (spread)', 'to reach'],
      [
        ...others.map((other) => [
          `drain, worker to ${other}`,
          spread(ratios(drain.runs, 'worker', other), 2),
          RATIO_TARGETS[other] ?? '',
        ]),
        ['mixed to drain', ofDrain(mixed), TARGETS.mixed],
        ['hot to drain', ofDrain(hot), TARGETS.hot],
        ['workers to drain', ofDrain(workers), TARGETS.workers],
        ['large to drain', ofDrain(large), TARGETS.large],
        ['many to drain', ofDrain(many), TARGETS.many],
      ],
    ),
    `To reach: ${TARGETS.drain}.`,
    ...locks(workers),
  ];
}

function locks(measured: Measured<DrainResult> | undefined): readonly string[] {
  const runs = measured?.runs.flatMap((run) => run.locks ?? []) ?? [];
  if (runs.length === 0) return [];
  const of = (name: keyof Locks): string =>
    spread(
      runs.map((run) => run[name]),
      name === 'deadlocks' ? 0 : 2,
    );
  return [
    `The sessions of the four workers, on average: ${of('active')} ran a statement; of these, ${of('waiting')} waited for a lock of another
transaction and ${of('latched')} for a latch of the server. Deadlocks in a run: ${of('deadlocks')}.`,
  ];
}

function drainCells(runs: readonly DrainResult[]): Cells {
  const speeds = runs.map(({ perSecond }) => perSecond);
  const ofCpu = (who: keyof DrainResult['cpu']): string =>
    median(runs.map(({ cpu, commands }) => (cpu[who] / commands) * 1e6)).toFixed(1);
  const busy = runs.flatMap((run) => run.busy ?? []);
  const wal = runs.flatMap(({ walPerCommand }) => walPerCommand ?? []);
  return [
    number(runs[0]?.commands ?? 0),
    number(median(speeds)),
    range(speeds),
    ...[ofCpu('worker'), ofCpu('database'), ofCpu('broker')],
    busy.length === 0 ? '' : `${(100 * median(busy)).toFixed(0)} %`,
    wal.length === 0 ? '' : number(median(wal), 0),
    number(Math.max(...runs.map(({ peakMemoryMb }) => peakMemoryMb))),
  ];
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
    )} rows a run. To reach: ${TARGETS.history}.`,
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

function about({ date, command, machine, versions }: Measured<unknown>): string {
  const named = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return `\`${command}\`, ${date.slice(0, 16).replace('T', ' ')} UTC, ${machine}; ${named.join(', ')}.`;
}

function table(head: Cells, rows: readonly Cells[]): string {
  const line = (cells: Cells): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function spread(values: readonly number[], digits: number): string {
  return values.length === 0 ? 'not measured' : `${number(median(values), digits)} (${range(values, digits)})`;
}

function range(values: readonly number[], digits = 0): string {
  return `${number(Math.min(...values), digits)} to ${number(Math.max(...values), digits)}`;
}

function number(value: number, digits = value < 100 && !Number.isInteger(value) ? 1 : 0): string {
  return value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

if (import.meta.main) await report();
