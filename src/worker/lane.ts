import { CommitOutcomeUnknown, ConfigurationError, DatabaseUnavailable, StaleRead, TimedOut } from '../ports/errors.ts';
import type { OutgoingMessage } from '../ports/messages.ts';
import type { OutboxMaintenance } from '../ports/outbox-maintenance.ts';
import type { Producer } from '../ports/producer.ts';
import type { Telemetry } from '../ports/telemetry.ts';
import type { OutboxRow, Unit, UnitOfWork } from '../ports/unit-of-work.ts';
import { asError } from './as-error.ts';
import { Backoff } from './backoff.ts';
import { ChunkReader, type Chunk, type PlanMessages } from './intake/chunk-reader.ts';
import type { Dispatcher, Ending } from './dispatcher.ts';
import { LaneOutbox } from './outbox/lane-outbox.ts';
import { LaneQueue, type LaneQueueSettings, type Queued } from './intake/lane-queue.ts';
import { publishUntilDone } from './outbox/publication.ts';
import type { Task } from './task.ts';

export interface LaneSettings extends LaneQueueSettings {
  readonly name: string;
}

export interface LaneDependencies {
  readonly unitOfWork: UnitOfWork;
  readonly dispatcher: Dispatcher;
  readonly producer: Producer;
  readonly outboxMaintenance: OutboxMaintenance;
  readonly telemetry: Telemetry;
  readonly newId: () => string;
  /** The outboxes of all lanes of this process. */
  readonly outboxes: Map<string, LaneOutbox>;
  readonly plan: PlanMessages;
  /** Told when everything up to these messages is committed and published. */
  readonly finished: (messages: readonly Queued[]) => void;
  /** Something that waiting does not mend: the process has to end. */
  readonly failed: (error: Error) => void;
}

/** How often a chunk meets a constraint before it is taken apart: twice can be a race with another lane, and a third time its echo. */
const STALE_READS_BEFORE_BISECTING = 4;
/** How often a chunk takes too long before it is taken apart: once may be a busy moment. A single message is tried for ever. */
const TIMEOUTS_BEFORE_BISECTING = 2;
/** A lane without messages deletes what it has published after this long. */
const IDLE_MS = 200;

/**
 * One ordered chain of transactions. Chunk k+1 may be in its transaction while chunk k is being published, and chunk k+2 is read by then,
 * but nothing overtakes anything: one transaction at a time, one send at a time.
 */
export class Lane {
  private readonly d: LaneDependencies;
  private readonly queue: LaneQueue;
  private readonly reader: ChunkReader;
  private outbox: LaneOutbox;
  private published: Promise<void> = Promise.resolve();
  private wake: () => void = () => undefined;
  /** Waits of an idle lane whose deletion has failed. */
  private deletions: Backoff | undefined;
  private readonly stopping = new AbortController();
  /** Aborted when what was handed over is taken back: a chunk that still waits for a schema or an answer is dropped. */
  private assignment = new AbortController();

  constructor(settings: LaneSettings, dependencies: LaneDependencies) {
    this.queue = new LaneQueue(settings);
    this.reader = new ChunkReader(this.queue, dependencies.plan);
    this.d = dependencies;
    this.outbox = new LaneOutbox(dependencies.newId(), dependencies.outboxes);
  }

  get hasRoom(): boolean {
    return this.queue.hasRoom;
  }

  /** Ids of the outboxes that this lane answers for. */
  get livingOutbox(): string {
    return this.outbox.id;
  }

  push(messages: readonly Queued[]): void {
    this.queue.push(messages);
    this.reader.pushed(this.assignment.signal);
    this.wake();
  }

  /** @returns whether a chunk has been taken from what waits, which it resolves at, or so many milliseconds have passed without */
  async room(within?: number): Promise<boolean> {
    return this.queue.room(within);
  }

  /** A new assignment: forgets what waits, and writes from now on as another lane. */
  reset(): void {
    this.assignment.abort(new Error('the group was assigned anew'));
    this.assignment = new AbortController();
    this.reader.clear();
    this.giveUpOutbox();
  }

  /** Runs until `stop`. */
  async run(): Promise<void> {
    const { signal } = this.stopping;
    try {
      while (!signal.aborted) {
        const chunk = this.reader.next(this.assignment.signal);
        await (chunk === undefined ? this.idle() : this.work(chunk));
      }
      await this.published;
      await this.deleteDelivered(this.outbox);
    } catch (error) {
      this.fail(error);
    }
  }

  /** Ends after the chunk under way and its publication. */
  stop(): void {
    this.stopping.abort(new Error('the worker stops'));
    this.assignment.abort(new Error('the worker stops'));
    this.queue.makeRoom();
    this.wake();
  }

  /** While stopping, what is not finished is left to whoever gets the partitions next. */
  private fail(error: unknown): void {
    if (!this.stopping.signal.aborted) this.d.failed(asError(error));
  }

  private async idle(): Promise<void> {
    const message = new Promise<void>((resolve) => (this.wake = resolve));
    if (!this.outbox.owesDeletion) return message;
    const timer = setTimeout(() => this.wake(), this.deletions?.next() ?? IDLE_MS);
    await message;
    clearTimeout(timer);
    if (!this.queue.isEmpty) return;
    await this.published;
    const { outbox } = this;
    await this.deleteDelivered(outbox);
    if (outbox !== this.outbox) this.d.telemetry.waitEnded('database', outbox); // given up meanwhile: nobody tries again
  }

  private async work({ messages, tasks: planned, signal }: Chunk): Promise<void> {
    const tasks = await planned;
    if (tasks === undefined || signal.aborted) return;
    const committing = tasks.length === 0 ? [] : this.commit(tasks);
    this.reader.working(this.assignment.signal);
    const committed = await committing;
    await this.published;
    this.published = this.publish(committed).then(() => this.d.finished(messages));
    this.published.catch((error: unknown) => this.fail(error));
  }

  /** Commits the tasks, in one transaction if they let it, and returns what is owed for them. */
  private async commit(tasks: readonly Task[]): Promise<readonly Owed[]> {
    const { dispatcher } = this.d;
    try {
      return await this.transaction(tasks, (unit, refused) => dispatcher.dispatch(tasks, unit, refused));
    } catch (error) {
      if (!(error instanceof Error) || error instanceof ConfigurationError || this.stopping.signal.aborted) throw error;
      const [only] = tasks;
      if (tasks.length === 1 && only !== undefined) {
        // There is nothing behind this: a letter holds bytes, and what the tables take of any text and time. Where even that is refused, every
        // letter would be. That is no matter of this message, which stays in Kafka while the process ends for it.
        const givenUp = [only.givenUp('FlushFailed', error)];
        return this.transaction(givenUp, (unit, refused) => dispatcher.dispatch(givenUp, unit, refused));
      }
      // Either the database does not take one of these messages, or all of them are too much at once. Left before right, so order holds.
      const half = tasks.length >> 1;
      return [...(await this.commit(tasks.slice(0, half))), ...(await this.commit(tasks.slice(half)))];
    }
  }

  private async transaction(
    tasks: readonly Task[],
    work: (unit: Unit, refused: boolean) => Promise<readonly Ending[]>,
  ): Promise<readonly Owed[]> {
    const { unitOfWork, telemetry } = this.d;
    const backoff = new Backoff();
    let staleReads = 0;
    let timeouts = 0;
    for (;;) {
      const { outbox } = this;
      try {
        const committed = await unitOfWork.run(tasks, (unit) => work(unit, staleReads > 0), outbox);
        outbox.committed(committed);
        this.deletions = undefined;
        telemetry.waitEnded('database', outbox);
        telemetry.waitEnded('database', this);
        this.tell(tasks, committed.value);
        return [{ outbox, rows: committed.outbox }];
      } catch (error) {
        if (error instanceof StaleRead) {
          staleReads += 1;
          if (staleReads === STALE_READS_BEFORE_BISECTING) throw error;
        } else if (error instanceof CommitOutcomeUnknown) {
          // Perhaps committed, so these rows may exist: they are left to the relay, or to whoever adopts them. The inbox tells the rest.
          this.giveUpOutbox();
          telemetry.waiting('database', error, this);
        } else if (error instanceof DatabaseUnavailable) {
          if (error instanceof TimedOut && tasks.length > 1 && ++timeouts === TIMEOUTS_BEFORE_BISECTING) throw error;
          telemetry.waiting('database', error, this);
        } else {
          throw error;
        }
        await backoff.wait(this.stopping.signal);
      }
    }
  }

  private tell(tasks: readonly Task[], endings: readonly Ending[]): void {
    for (const [i, ending] of endings.entries()) {
      this.d.telemetry.count(ending.what, tasks[i]?.type ?? 'unreadable');
      if (ending.what !== 'dead') continue;
      const { letter, fault } = ending;
      const { topic, partition, offset } = letter.received;
      const { reason, message, identity } = letter;
      const { source } = identity;
      this.d.telemetry.deadLetter({ topic, partition, offset, reason, message, source, error: fault });
    }
  }

  private async publish(owed: readonly Owed[]): Promise<void> {
    const { producer, telemetry } = this.d;
    const messages: OutgoingMessage[] = owed.flatMap(({ rows }) => rows);
    await publishUntilDone(messages, producer, telemetry, this.stopping.signal);
    for (const { outbox, rows } of owed) {
      outbox.published(rows);
      if (outbox === this.outbox) continue;
      await this.deleteDelivered(outbox);
      telemetry.waitEnded('database', outbox); // deleted, or left to the relay
    }
    if (this.outbox.owesDeletion) this.nudge();
  }

  /** An idle lane sleeps without a timer; what was published meanwhile is to be deleted in a while. */
  private nudge(): void {
    if (this.queue.isEmpty) this.wake();
  }

  /** What it has published is deleted, what it owes is the relay's from here on. */
  private giveUpOutbox(): void {
    const { outbox } = this;
    this.outbox = new LaneOutbox(this.d.newId(), this.d.outboxes);
    const retired = this.published.then(async () => {
      await this.deleteDelivered(outbox);
      await this.d.outboxMaintenance.retire(outbox.id);
      outbox.forget();
    });
    // If the database is away, the relay finds out for itself that the lane has been silent.
    const { telemetry } = this.d;
    void retired
      .catch((error: unknown) => telemetry.waiting('database', asError(error), outbox))
      .then(() => telemetry.waitEnded('database', outbox));
  }

  private async deleteDelivered(outbox: LaneOutbox): Promise<void> {
    const { delivered } = outbox;
    if (delivered === undefined) return;
    try {
      await this.d.outboxMaintenance.deleteDelivered(outbox.id, delivered.from, delivered.to);
      outbox.deletionCommitted(delivered);
      this.deletions = undefined;
      this.d.telemetry.waitEnded('database', outbox);
    } catch (error) {
      if (!(error instanceof DatabaseUnavailable)) throw error;
      // They stay until the next try; without one they are published once more by the relay: a repetition, known by its id.
      this.deletions ??= new Backoff();
      this.d.telemetry.waiting('database', error, outbox);
    }
  }
}

interface Owed {
  readonly outbox: LaneOutbox;
  readonly rows: readonly OutboxRow[];
}
