import { about, number, range, spread, table, type Cells } from './format.ts';
import { byContender, ratios } from './pairs.ts';
import type { DrainResult, Results } from './results.ts';
import { median } from './statistics.ts';

export function drains(results: Results): readonly string[] {
  const { drain, mixed, hot, workers, large, many } = results;
  if (drain === undefined) return [];
  const rows: Cells[] = [];
  for (const [what, measured] of Object.entries({ drain, mixed, hot, workers, large, many })) {
    for (const [name, runs] of byContender(measured?.runs ?? [])) rows.push([what, name, ...drainCells(runs)]);
  }
  const others = [...byContender(drain.runs).keys()].filter((name) => name !== 'worker');
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
      ['drain, worker to', 'ratio, of the same run: median (spread)'],
      others.map((other) => [
        other,
        spread(
          ratios(drain.runs, 'worker', other, ({ perSecond }) => perSecond),
          2,
        ),
      ]),
    ),
  ];
}

function drainCells(runs: readonly DrainResult[]): Cells {
  const speeds = runs.map(({ perSecond }) => perSecond);
  const ofCpu = (who: keyof DrainResult['cpu']): string =>
    median(runs.map(({ cpu, commands }) => (cpu[who] / commands) * 1e6)).toFixed(1);
  const busy = runs.flatMap((run) => run.busy ?? []);
  const wal = runs.flatMap(({ walPerCommand }) => walPerCommand ?? []);
  return [
    number(median(runs.map(({ commands }) => commands))),
    number(median(speeds)),
    range(speeds),
    ...[ofCpu('worker'), ofCpu('database'), ofCpu('broker')],
    busy.length === 0 ? '' : `${(100 * median(busy)).toFixed(0)} %`,
    wal.length === 0 ? '' : number(median(wal), 0),
    number(Math.max(...runs.map(({ peakMemoryMb }) => peakMemoryMb))),
  ];
}
