import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { MeteredTelemetry } from '../../../src/adapters/opentelemetry/metered-telemetry.ts';
import { LogTelemetry } from '../../../src/adapters/telemetry.ts';
import { givenClock, givenLogger } from './given.ts';

const KNOWN = 'licensing.commands.CreateTenant';
const AWAY = new Error('away');

describe('metered telemetry', () => {
  it('counts answers by outcome and type, and rejections by code', async () => {
    const { telemetry, points } = given();
    telemetry.ended({ outcome: 'accepted', type: KNOWN, messages: 20 });
    telemetry.ended({ outcome: 'accepted', type: KNOWN, messages: 2 });
    telemetry.ended({ outcome: 'rejected', type: KNOWN, code: 'TenantNameTaken', messages: 3 });
    expect(await points('licensing.answers')).toEqual([
      [{ outcome: 'accepted', type: KNOWN }, 22],
      [{ outcome: 'rejected', type: KNOWN }, 3],
    ]);
    expect(await points('licensing.rejections')).toEqual([[{ code: 'TenantNameTaken', type: KNOWN }, 3]]);
  });

  it('has one word for all types that this program does not know, and one for what can not be read', async () => {
    const { telemetry, points } = given();
    for (const type of ['shop.A', 'shop.B', null]) telemetry.ended({ outcome: 'dead', type, messages: 1 });
    expect(await points('licensing.answers')).toEqual([
      [{ outcome: 'dead', type: 'unknown' }, 2],
      [{ outcome: 'dead', type: 'unreadable' }, 1],
    ]);
  });

  it('tells whether and how long a dependency is waited for, and keeps telling of it after the wait', async () => {
    const { telemetry, points, clock } = given();
    const [one, other] = [{}, {}];
    telemetry.waiting('broker', AWAY, one);
    telemetry.waiting('broker', AWAY, other);
    clock.time += 3_000;
    telemetry.waitEnded('broker', one);
    expect(await points('licensing.waits.open')).toEqual([[{ dependency: 'broker' }, 1]]);
    expect(await points('licensing.wait.time')).toEqual([[{ dependency: 'broker' }, 3]]);
    telemetry.waitEnded('broker', other);
    clock.time += 60_000;
    expect(await points('licensing.waits.open')).toEqual([[{ dependency: 'broker' }, 0]]);
    expect(await points('licensing.wait.time')).toEqual([[{ dependency: 'broker' }, 3]]);
    telemetry.waiting('broker', AWAY, one);
    clock.time += 1_000;
    telemetry.waitEnded('broker', one);
    expect(await points('licensing.wait.time')).toEqual([[{ dependency: 'broker' }, 4]]);
  });

  it('counts what is sent by topic, and names the topic of a send only if it is one', async () => {
    const { telemetry, points } = given();
    const messages = new Map([
      ['events', 5],
      ['rejections', 1],
    ]);
    telemetry.sent({ topics: ['events', 'rejections'], messages, ms: 20 });
    telemetry.sent({ topics: ['events'], messages: new Map(), ms: 40, error: new TypeError('no leader') });
    const send = { 'messaging.system': 'kafka', 'messaging.operation.name': 'send' };
    expect(await points('messaging.client.sent.messages')).toEqual([
      [{ ...send, 'messaging.destination.name': 'events' }, 5],
      [{ ...send, 'messaging.destination.name': 'rejections' }, 1],
    ]);
    expect(await points('messaging.client.operation.duration')).toMatchObject([
      [send, { count: 1, sum: 0.02 }],
      [
        { ...send, 'messaging.destination.name': 'events', 'error.type': 'TypeError' },
        { count: 1, sum: 0.04 },
      ],
    ]);
  });

  it('measures a chunk by its steps, those of a transaction that was made again each time, and by what was committed', async () => {
    const { telemetry, points } = given();
    const steps = (...times: readonly number[]) =>
      times.map((begunAt, i) => ({ name: (['begin', 'decide', 'flush', 'commit'] as const)[i] ?? 'commit', begunAt }));
    telemetry.chunk({
      ...{ lane: 'lane 1', messages: 40, begunAt: 1_000, readAt: 1_250, endedAt: 4_000 },
      transactions: [
        { messages: 40, steps: steps(1_250, 1_500), endedAt: 1_750, committed: false, failure: AWAY },
        { messages: 40, steps: steps(2_000, 2_250, 2_500, 2_750), endedAt: 3_000, committed: true, failure: undefined },
      ],
      ...{ publication: { begunAt: 3_500, messages: 50 }, failure: undefined, traced: [], omitted: 0 },
    });
    expect(await points('licensing.chunk.duration')).toMatchObject([
      [{ step: 'read' }, { count: 1, sum: 0.25 }],
      [{ step: 'begin' }, { count: 2, sum: 0.5 }],
      [{ step: 'decide' }, { count: 2, sum: 0.5 }],
      [{ step: 'flush' }, { count: 1, sum: 0.25 }],
      [{ step: 'commit' }, { count: 1, sum: 0.25 }],
      [{ step: 'publish' }, { count: 1, sum: 0.5 }],
    ]);
    expect(await points('licensing.chunk.size')).toMatchObject([[{}, { count: 1, sum: 40 }]]);
    expect(await points('messaging.process.duration')).toMatchObject([[{}, { count: 1, sum: 2 }]]);
  });

  it('counts in each part of a chunk that was divided what that part holds', async () => {
    const { telemetry, points } = given();
    const parts = [
      [40, false],
      [20, true],
      [20, false],
      [10, true],
      [10, true],
    ] as const;
    telemetry.chunk({
      ...{ lane: 'lane 1', messages: 40, begunAt: 1_000, readAt: 1_250, endedAt: 4_000 },
      transactions: parts.map(([messages, committed]) => {
        return { messages, steps: [], endedAt: 2_000, committed, failure: committed ? undefined : AWAY };
      }),
      ...{ publication: undefined, failure: undefined, traced: [], omitted: 0 },
    });
    expect(await points('licensing.chunk.size')).toMatchObject([[{}, { count: 3, sum: 40, min: 10, max: 20 }]]);
    expect(await points('messaging.process.duration')).toMatchObject([[{}, { count: 1 }]]);
  });

  it('passes everything on to the log', () => {
    const { telemetry, lines } = given();
    telemetry.waiting('database', AWAY);
    telemetry.ended({ outcome: 'accepted', type: KNOWN, messages: 7 });
    telemetry.stop();
    expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { msg: 'waiting for the database' },
      { counters: { [`accepted ${KNOWN}`]: 7 } },
    ]);
  });
});

/** Over the real SDK. `points`: the attributes and the value of each point of a metric. */
function given() {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
  const provider = new MeterProvider({ readers: [reader] });
  const { logger, lines } = givenLogger('info');
  const clock = givenClock();
  const told = new LogTelemetry(logger, () => clock.time);
  const telemetry = new MeteredTelemetry(provider.getMeter('test'), { group: 'g', types: new Set([KNOWN]) }, told);
  const points = async (name: string): Promise<readonly (readonly [attributes: unknown, value: unknown])[]> => {
    exporter.reset();
    await provider.forceFlush();
    const metrics = exporter.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((scope) => scope.metrics));
    const found = metrics.find(({ descriptor }) => descriptor.name === name);
    return (found?.dataPoints ?? []).map(({ attributes, value }) => [attributes, value] as const);
  };
  return { telemetry, points, lines, clock };
}
