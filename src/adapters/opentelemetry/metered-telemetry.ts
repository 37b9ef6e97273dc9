import { ValueType, type Counter, type Histogram, type Meter } from '@opentelemetry/api';
import type { ChunkRecord } from '../../ports/chunk-record.ts';
import type { Ended, Healing, HeldBack, Telemetry } from '../../ports/telemetry.ts';
import { Sources } from '../sources.ts';

/** What is told beside the metrics: the log. */
interface Told extends Telemetry {
  /** For how long somebody has waited by now, in milliseconds, by what for. */
  readonly waits: Readonly<Record<string, number>>;
  stop(): void;
}

interface MeteredSettings {
  readonly group: string;
  /** The full names of all types that this program knows. All others share one word, since whoever sends chooses them. */
  readonly types: ReadonlySet<string>;
}

const UNKNOWN_TYPE = 'unknown';
const UNREADABLE = 'unreadable';
/** What the semantic conventions advise for messaging. Seconds. */
const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];
const STEP_SECONDS = [0.001, 0.0025, ...SECONDS];
const SIZES = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000];

/** Counts what it is told, and passes it on. Names by the semantic conventions where they have one; docs/operations.md has the table. */
export class MeteredTelemetry implements Telemetry {
  private readonly told: Told;
  private readonly settings: MeteredSettings;
  private readonly sources = new Sources();
  /** Milliseconds of the waits that have ended, by what for. */
  private readonly waited = new Map<string, number>();
  private readonly consumed: Counter;
  private readonly sentMessages: Counter;
  private readonly sends: Histogram;
  private readonly chunks: Histogram;
  private readonly sizes: Histogram;
  private readonly steps: Histogram;
  private readonly answers: Counter;
  private readonly rejections: Counter;
  private readonly decodeFailures: Counter;
  private readonly misplacedMessages: Counter;
  private readonly lost: Counter;

  constructor(meter: Meter, settings: MeteredSettings, told: Told) {
    this.told = told;
    this.settings = settings;
    const count = (name: string, description: string): Counter =>
      meter.createCounter(name, { unit: '{message}', description, valueType: ValueType.INT });
    const times = (name: string, description: string, bounds: number[]): Histogram =>
      meter.createHistogram(name, { unit: 's', description, advice: { explicitBucketBoundaries: bounds } });
    this.consumed = count('messaging.client.consumed.messages', 'Messages that the consumer has handed to the lanes');
    this.sentMessages = count('messaging.client.sent.messages', 'Messages that the brokers have acknowledged');
    this.sends = times(
      'messaging.client.operation.duration',
      'From the beginning of a send to its acknowledgment',
      SECONDS,
    );
    this.chunks = times('messaging.process.duration', 'Of a chunk, from where it is taken up to its commit', SECONDS);
    this.sizes = meter.createHistogram('licensing.chunk.size', {
      unit: '{message}',
      description: 'Messages that share a transaction',
      advice: { explicitBucketBoundaries: SIZES },
    });
    this.steps = times('licensing.chunk.duration', 'Of a chunk, by step', STEP_SECONDS);
    this.answers = count('licensing.answers', 'Messages by how they have ended');
    this.rejections = count('licensing.rejections', 'Rejected messages by code');
    this.decodeFailures = count('licensing.decode.failures', 'Messages that can not be read, by reason');
    this.misplacedMessages = count(
      'licensing.messages.misplaced',
      'Messages in another partition than murmur2 of their key gives',
    );
    this.lost = count('licensing.messages.lost', 'Messages that were deleted before they were read');
    this.observeWaits(meter);
  }

  get waits(): Readonly<Record<string, number>> {
    return this.told.waits;
  }

  fetched(batch: Parameters<Telemetry['fetched']>[0]): void {
    this.told.fetched(batch);
    this.consumed.add(batch.messages, {
      ...{ 'messaging.system': 'kafka', 'messaging.operation.name': 'poll' },
      ...{ 'messaging.consumer.group.name': this.settings.group, 'messaging.destination.name': batch.topic },
      'messaging.destination.partition.id': String(batch.partition),
    });
  }

  chunk(chunk: ChunkRecord): void {
    this.told.chunk(chunk);
    const { begunAt, readAt, transactions, publication, endedAt } = chunk;
    this.step('read', begunAt, readAt);
    for (const { messages, steps, endedAt: end, committed } of transactions) {
      if (committed) this.sizes.record(messages);
      for (const [i, { name, begunAt: from }] of steps.entries()) this.step(name, from, steps[i + 1]?.begunAt ?? end);
    }
    if (publication !== undefined) this.step('publish', publication.begunAt, endedAt);
    const last = transactions.at(-1);
    if (last?.committed !== true) return;
    this.chunks.record((last.endedAt - begunAt) / 1_000, {
      ...{ 'messaging.system': 'kafka', 'messaging.operation.name': 'process' },
      'messaging.consumer.group.name': this.settings.group,
    });
  }

  sent(send: Parameters<Telemetry['sent']>[0]): void {
    this.told.sent(send);
    const { topics, messages, ms, error } = send;
    const operation = { 'messaging.system': 'kafka', 'messaging.operation.name': 'send' };
    for (const [topic, acknowledged] of messages) {
      this.sentMessages.add(acknowledged, { ...operation, 'messaging.destination.name': topic });
    }
    // Of several topics the conventions want none.
    const [topic] = topics;
    this.sends.record(ms / 1_000, {
      ...operation,
      ...(topics.length === 1 && { 'messaging.destination.name': topic }),
      ...(error && { 'error.type': error.name }),
    });
  }

  ended(ended: Ended): void {
    this.told.ended(ended);
    const { outcome, code, messages } = ended;
    const type = this.typeOf(ended.type);
    this.answers.add(messages, { outcome, type });
    if (code !== undefined) this.rejections.add(messages, { code, type });
  }

  count(what: string, type: string, by?: number): void {
    this.told.count(what, type, by);
  }

  deadLetter(letter: Parameters<Telemetry['deadLetter']>[0]): void {
    this.told.deadLetter(letter);
    const { reason } = letter;
    if (reason === 'UndecodableMessage' || reason === 'UnknownType') this.decodeFailures.add(1, { reason });
  }

  misplaced(messages: Parameters<Telemetry['misplaced']>[0]): void {
    this.told.misplaced(messages);
    this.misplacedMessages.add(messages.messages, { source: this.sources.nameOf(messages.source) });
  }

  userUnknown(...user: Parameters<Telemetry['userUnknown']>): void {
    this.told.userUnknown(...user);
  }

  openLettersOfDeleted(...open: Parameters<Telemetry['openLettersOfDeleted']>): void {
    this.told.openLettersOfDeleted(...open);
  }

  waiting(what: string, error: Error, waiter?: object): void {
    this.told.waiting(what, error, waiter);
    if (!this.waited.has(what)) this.waited.set(what, 0);
  }

  waitEnded(what: string, waiter?: object): void {
    const waitedMs = this.told.waits[what];
    this.told.waitEnded(what, waiter);
    // Others may wait for the same: then the wait goes on.
    if (waitedMs === undefined || what in this.told.waits) return;
    this.waited.set(what, (this.waited.get(what) ?? 0) + waitedMs);
  }

  reset(reset: Parameters<Telemetry['reset']>[0]): void {
    this.told.reset(reset);
    const { topic, from, to } = reset;
    if (to > from) this.lost.add(to - from, { 'messaging.destination.name': topic });
  }

  healing(healing: Healing): void {
    this.told.healing(healing);
  }

  level(level: number): void {
    this.told.level(level);
  }

  timersBlocked(blocked: Parameters<Telemetry['timersBlocked']>[0]): void {
    this.told.timersBlocked(blocked);
  }

  timersLate(late: Parameters<Telemetry['timersLate']>[0]): void {
    this.told.timersLate(late);
  }

  entitlementsLate(late: Parameters<Telemetry['entitlementsLate']>[0]): void {
    this.told.entitlementsLate(late);
  }

  heldBack(held: HeldBack): void {
    this.told.heldBack(held);
  }

  heldBackEnded(held: Omit<HeldBack, 'records'>): void {
    this.told.heldBackEnded(held);
  }

  stop(): void {
    this.told.stop();
  }

  private step(step: string, from: number, to: number): void {
    this.steps.record((to - from) / 1_000, { step });
  }

  private typeOf(type: string | null): string {
    if (type === null) return UNREADABLE;
    return this.settings.types.has(type) ? type : UNKNOWN_TYPE;
  }

  /** Whatever has been waited for once is told from then on, so that its end shows. */
  private observeWaits(meter: Meter): void {
    const open = meter.createObservableGauge('licensing.waits.open', {
      unit: '{wait}',
      description: 'Whether this worker waits for a dependency',
      valueType: ValueType.INT,
    });
    const time = meter.createObservableCounter('licensing.wait.time', {
      unit: 's',
      description: 'How long this worker has waited for a dependency',
    });
    meter.addBatchObservableCallback(
      (result) => {
        const { waits } = this.told;
        for (const [dependency, ended] of this.waited) {
          const now = waits[dependency];
          result.observe(open, now === undefined ? 0 : 1, { dependency });
          result.observe(time, (ended + (now ?? 0)) / 1_000, { dependency });
        }
      },
      [open, time],
    );
  }
}
