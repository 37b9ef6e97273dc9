import { ValueType, type BatchObservableResult, type Meter, type ObservableGauge } from '@opentelemetry/api';
import type { Backlog, BacklogReader, Waiting } from '../../ports/backlog.ts';
import { lagOf, type ConsumerGroup } from '../../ports/consumer-group.ts';
import type { TopicPartition } from '../../ports/consumer.ts';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ExportLog } from './export-log.ts';
import { observeRuntime } from './runtime-gauges.ts';

export interface GaugeSources {
  readonly worker: {
    /** Messages that wait for a lane. */
    readonly waiting: number;
    readonly partitions: readonly TopicPartition[];
  };
  readonly backlog: BacklogReader;
  readonly consumerGroup: ConsumerGroup;
  /** The topics that the group reads. */
  readonly topics: readonly string[];
  /** How long they may take to answer. Milliseconds. */
  readonly patience: number;
  /** Where it is told that database or broker can't be asked. */
  readonly logs: { readonly backlog: ExportLog; readonly lag: ExportLog };
}

/** What is asked for once an export interval. Whatever can't be asked is left out of that export, and holds back no other gauge for long. */
export class Gauges {
  private readonly sources: GaugeSources;
  private readonly meter: Meter;
  private readonly stopping = new AbortController();

  constructor(meter: Meter, sources: GaugeSources) {
    this.meter = meter;
    this.sources = sources;
  }

  start(): void {
    observeRuntime(this.meter);
    this.observeLanes();
    this.observeBacklog();
    this.observeLag();
  }

  /** The last export has no gauges but those of the process: what they would ask is being closed. */
  async stop(): Promise<void> {
    this.stopping.abort(new Error('the worker stops'));
    await this.sources.consumerGroup.stop();
  }

  private observeLanes(): void {
    const { worker } = this.sources;
    const queue = this.gauge('licensing.lane.queue', '{message}', 'Messages that wait in the lanes of this worker');
    queue.addCallback((result) => result.observe(worker.waiting));
  }

  private observeBacklog(): void {
    const { backlog, logs } = this.sources;
    const pairs = (['outbox', 'timers', 'entitlements', 'parkedKeys'] as const).map(
      (what) => [what, this.pair(NAMES[what])] as const,
    );
    const letters = this.pair(NAMES.deadLetters);
    const observe = (result: BatchObservableResult, found: Backlog): void => {
      for (const [what, pair] of pairs) pair.observe(result, found[what]);
      for (const [reason, waiting] of found.deadLetters) letters.observe(result, waiting, { reason });
    };
    const gauges = [...pairs.map(([, pair]) => pair), letters].flatMap(({ count, age }) => [count, age]);
    this.observeAsked(gauges, logs.backlog, async (result) => observe(result, await backlog.read()));
  }

  private observeLag(): void {
    const { consumerGroup, worker, topics, logs } = this.sources;
    const lag = this.gauge('licensing.consumer.lag', '{message}', 'Messages of a partition that are not committed');
    this.observeAsked([lag], logs.lag, async (result) => {
      const mine = new Set(worker.partitions.map(({ topic, partition }) => `${topic}/${partition}`));
      if (mine.size === 0) return;
      const { partitions } = await consumerGroup.progress(topics);
      for (const progress of partitions) {
        if (!mine.has(`${progress.topic}/${progress.partition}`)) continue;
        result.observe(lag, lagOf(progress), {
          'messaging.destination.name': progress.topic,
          'messaging.destination.partition.id': String(progress.partition),
        });
      }
    });
  }

  /** @param ask its failure is told once, and its success after that */
  private observeAsked(
    gauges: ObservableGauge[],
    log: ExportLog,
    ask: (result: BatchObservableResult) => Promise<void>,
  ): void {
    let isAsking = false;
    this.meter.addBatchObservableCallback(async (result) => {
      const { signal } = this.stopping;
      // The next export does not wait for this one. Two questions at once would take a connection from the lanes, when the database is slow.
      if (signal.aborted || isAsking) return;
      isAsking = true;
      const asking = ask(result).finally(() => (isAsking = false));
      try {
        await this.inTime(asking);
        log.succeeded();
      } catch (error) {
        if (!isOver(signal)) log.failed(error instanceof Error ? error : new Error(String(error)));
      }
    }, gauges);
  }

  /** @throws NoAnswer, or what `asking` throws */
  private async inTime(asking: Promise<void>): Promise<void> {
    const { patience } = this.sources;
    const answered = new AbortController();
    const late = sleep(patience, undefined, { signal: answered.signal }).then(() => {
      throw new NoAnswer(`no answer within ${patience} ms`);
    });
    try {
      await Promise.race([asking, late]);
    } finally {
      answered.abort();
      for (const left of [asking, late]) left.catch(() => undefined); // nobody waits for it any more
    }
  }

  private pair([count, unit, age, what]: Names) {
    const counts = this.gauge(count, unit, `${what}: how many in the whole database`);
    const ages = this.meter.createObservableGauge(age, { unit: 's', description: `${what}: how long the oldest has` });
    return {
      count: counts,
      age: ages,
      observe: (result: BatchObservableResult, waiting: Waiting, attributes?: { readonly reason: string }): void => {
        result.observe(counts, waiting.count, attributes);
        result.observe(ages, waiting.oldestMs / 1_000, attributes);
      },
    };
  }

  private gauge(name: string, unit: string, description: string): ObservableGauge {
    return this.meter.createObservableGauge(name, { unit, description, valueType: ValueType.INT });
  }
}

/** A gauge has asked, and its export does not wait any longer. */
class NoAnswer extends Error {
  override readonly name = 'NoAnswer';
}

function isOver({ aborted }: AbortSignal): boolean {
  return aborted;
}

/** Of a count its name and unit, the name of the age, and what it is about. */
type Names = readonly [count: string, unit: string, age: string, what: string];

const NAMES = {
  outbox: ['licensing.outbox.owed', '{message}', 'licensing.outbox.age', 'Messages owed to Kafka'],
  deadLetters: ['licensing.dead_letters.open', '{message}', 'licensing.dead_letters.age', 'Open dead letters'],
  parkedKeys: ['licensing.parked_keys.open', '{key}', 'licensing.parked_keys.age', 'Parked keys'],
  timers: ['licensing.timers.due', '{timer}', 'licensing.timers.age', 'Timers that are due'],
  entitlements: ['licensing.entitlements.owed', '{entitlement}', 'licensing.entitlements.age', 'Entitlements owed'],
} as const;
