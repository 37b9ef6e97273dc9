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

/** Over the real SDK, in a worker that has no partition. `collect`: the names of what is told. */
function given(read: () => Promise<Backlog>) {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
  const provider = new MeterProvider({ readers: [reader] });
  const { logger, lines } = givenLogger();
  const clock = givenClock();
  const log = (what: string): ExportLog => new ExportLog(what, logger, () => clock.time);
  const gauges = new Gauges(provider.getMeter('test'), {
    worker: { waiting: 0, partitions: [] },
    backlog: { read },
    consumerGroup: {
      describe: async () => ({ state: 'empty', members: [] }),
      progress: async () => [],
      stop: async () => undefined,
    },
    topics: [],
    logs: { backlog: log('backlog'), lag: log('lag') },
  });
  gauges.start();
  const collect = async (): Promise<readonly string[]> => {
    const { resourceMetrics } = await reader.collect();
    return resourceMetrics.scopeMetrics.flatMap(({ metrics }) => metrics.map(({ descriptor }) => descriptor.name));
  };
  return { collect, lines };
}
