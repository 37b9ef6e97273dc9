import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { ExportLog } from '../../../src/adapters/opentelemetry/export-log.ts';
import { Gauges } from '../../../src/adapters/opentelemetry/gauges.ts';
import type { Backlog } from '../../../src/ports/backlog.ts';
import { givenClock, givenLogger, until } from './given.ts';

const NONE = { count: 0, oldestMs: 0 };
const BACKLOG: Backlog = {
  ...{ outbox: NONE, parkedKeys: NONE, timers: NONE, entitlements: NONE },
  deadLetters: new Map(),
};

describe('gauges', () => {
  it('ask the database one question at a time, however often they are to be told', async () => {
    const answers: (() => void)[] = [];
    const { collect } = given(async () => {
      await new Promise<void>((resolve) => void answers.push(resolve));
      return BACKLOG;
    });
    const first = collect();
    await until(() => answers.length > 0);
    await collect();
    expect(answers).toHaveLength(1);
    answers[0]?.();
    await first;
    const next = collect();
    await until(() => answers.length > 1);
    answers[1]?.();
    await next;
  });

  it('leave out what can not be asked, tell of it once, and ask again', async () => {
    let isAway = true;
    const { collect, lines } = given(async () => {
      if (isAway) throw new Error('away');
      return BACKLOG;
    });
    expect(await collect()).not.toContain('licensing.outbox.owed');
    expect(await collect()).not.toContain('licensing.outbox.owed');
    expect(lines).toHaveLength(1);
    isAway = false;
    expect(await collect()).toContain('licensing.outbox.owed');
  });
});

describe('a gauge that outlasts its patience', () => {
  it('is told of when that begins and when it is over, and by nobody else', async () => {
    let answered: () => void = () => undefined;
    const answer = async (): Promise<void> => {
      answered();
      await nextTurn();
    };
    const slow = async (): Promise<Backlog> => {
      await new Promise<void>((resolve) => (answered = resolve));
      return BACKLOG;
    };
    let read = slow;
    const { collect, lines, errors } = given(() => read(), { patience: 20, level: 'info' });
    // The second and the fourth find the question of the one before still open.
    for (let i = 0; i < 4; i += 1) {
      expect(await collect()).not.toContain('licensing.outbox.owed');
      if (i === 1) await answer();
    }
    expect(lines.map(textOf)).toEqual(['backlog can not be exported']);
    await answer();
    read = async () => BACKLOG;
    expect(await collect()).toContain('licensing.outbox.owed');
    expect(lines.map(textOf)).toEqual(['backlog can not be exported', 'backlog are exported again']);
    expect(errors).toEqual([]);
  });
});

function textOf(line: string): string {
  return (JSON.parse(line) as { msg: string }).msg;
}

interface Settings {
  readonly patience?: number;
  readonly level?: 'info' | 'warn';
}

/** Over the real SDK, in a worker that has no partition. `collect`: the names of what is told. `errors`: what its reader would log. */
function given(read: () => Promise<Backlog>, { patience = 60_000, level = 'warn' }: Settings = {}) {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
  const provider = new MeterProvider({ readers: [reader] });
  const { logger, lines } = givenLogger(level);
  const clock = givenClock();
  const log = (what: string): ExportLog => new ExportLog(what, logger, () => clock.time);
  const gauges = new Gauges(provider.getMeter('test'), {
    worker: { waiting: 0, partitions: [] },
    backlog: { read },
    consumerGroup: {
      describe: async () => ({ state: 'empty', members: [] }),
      progress: async () => ({ partitions: [], leaderless: [] }),
      stop: async () => undefined,
    },
    topics: [],
    patience,
    logs: { backlog: log('backlog'), lag: log('lag') },
  });
  gauges.start();
  const errors: unknown[] = [];
  const collect = async (): Promise<readonly string[]> => {
    const { resourceMetrics, errors: told } = await reader.collect({ timeoutMillis: 10 * patience });
    errors.push(...told);
    return resourceMetrics.scopeMetrics.flatMap(({ metrics }) => metrics.map(({ descriptor }) => descriptor.name));
  };
  return { collect, lines, errors };
}
