import type { Traces } from '../ports/chunk-record.ts';
import { HistoryLost } from '../ports/errors.ts';
import { asError } from './as-error.ts';
import { ChunkRecorder } from './chunk-recorder.ts';
import { Committer, type CommitterDependencies } from './committer.ts';
import { ChunkReader, type Chunk, type PlanMessages } from './intake/chunk-reader.ts';
import { Histories } from './histories.ts';
import { LaneQueue, type LaneQueueSettings, type Queued } from './intake/lane-queue.ts';
import { LanePublisher, type Owed, type PublisherDependencies } from './outbox/lane-publisher.ts';
import type { Task } from './task.ts';

export interface LaneSettings extends LaneQueueSettings {
  readonly name: string;
}

export interface LaneDependencies extends CommitterDependencies, PublisherDependencies {
  readonly plan: PlanMessages;
  /** Undefined: nothing is traced. */
  readonly traces: Traces | undefined;
  /** Told when everything up to these messages is committed and published. */
  readonly finished: (messages: readonly Queued[]) => void;
  /** Told when the database lacks what this assignment builds on: it has to be opened anew. */
  readonly historyLost: (error: HistoryLost) => void;
  /** Told of what no waiting mends: the process has to end. */
  readonly failed: (error: Error) => void;
}

/**
 * What a lane does. `run` takes it from `new` to `idle`; a chunk takes it from there through `reading`, `committing` and `publishing`, in
 * this order, and back to `idle`, or to `reading` at once when the next chunk waits. What is published from `publishing` on goes to Kafka
 * beside all this, while the next chunk is read and committed.
 */
export type LanePhase =
  /** `run` was not called yet; messages may be pushed already. */
  | { readonly name: 'new' }
  /** No message waits. `wake` ends it: for a message, to delete published rows, or to stop. */
  | { readonly name: 'idle'; readonly wake: () => void }
  /** Deletes published rows, since no message came whose transaction would have done it. */
  | { readonly name: 'deleting' }
  /** Turns messages into tasks; may wait for the registry, or for the user domain. */
  | { readonly name: 'reading' }
  /** Has a chunk in its transaction; may wait for the database, and begin again. */
  | { readonly name: 'committing' }
  /** Waits until the chunk before is published; may wait for the broker. */
  | { readonly name: 'publishing' }
  /** `run` is over: the lane was stopped, or has failed. */
  | { readonly name: 'ended' };

/**
 * One ordered chain of transactions. Chunk k+1 may be in its transaction while chunk k is being published, and chunk k+2 is read by then,
 * but nothing overtakes anything: one transaction at a time, one send at a time.
 */
export class Lane {
  readonly name: string;
  private readonly d: LaneDependencies;
  private readonly queue: LaneQueue;
  private readonly reader: ChunkReader;
  private readonly publisher: LanePublisher;
  private readonly committer: Committer;
  private current: LanePhase = { name: 'new' };
  private readonly stopping = new AbortController();
  /** Aborted when what was handed over is taken back: a chunk that still waits for a schema or an answer is dropped. */
  private assignment = new AbortController();
  private histories = new Histories('', []);

  constructor({ name, ...settings }: LaneSettings, dependencies: LaneDependencies) {
    this.name = name;
    this.queue = new LaneQueue(settings);
    this.reader = new ChunkReader(this.queue, dependencies.plan);
    this.publisher = new LanePublisher(dependencies);
    this.committer = new Committer(dependencies, this.publisher);
    this.d = dependencies;
  }

  get phase(): LanePhase['name'] {
    return this.current.name;
  }

  /** How many messages wait to be taken up. */
  get waiting(): number {
    return this.queue.length;
  }

  get hasRoom(): boolean {
    return this.queue.hasRoom;
  }

  /** The id of the outbox that this lane writes to, and answers for. */
  get livingOutbox(): string {
    return this.publisher.outbox.id;
  }

  push(messages: readonly Queued[]): void {
    this.queue.push(messages);
    this.readAhead();
    this.wake();
  }

  /** @returns true as soon as a chunk is taken from the queue, false after `within` ms */
  async room(within?: number): Promise<boolean> {
    return this.queue.room(within);
  }

  /** What is decided of its partitions is known: they may be pushed. */
  open(histories: Histories): void {
    this.histories = histories;
  }

  /** A new assignment: forgets the messages that wait, and writes to a new outbox from now on. */
  reset(): void {
    this.assignment.abort(new Error('the group was assigned anew'));
    this.assignment = new AbortController();
    this.reader.clear();
    this.publisher.giveUp();
  }

  /** Runs until `stop`. */
  async run(): Promise<void> {
    const { signal } = this.stopping;
    try {
      while (!signal.aborted) {
        const chunk = this.reader.next(this.assignment.signal);
        await (chunk === undefined ? this.idle() : this.work(chunk));
      }
      await this.delete();
    } catch (error) {
      this.fail(error);
    } finally {
      this.enter({ name: 'ended' });
    }
  }

  /** Ends after the chunk under way and its publication. */
  stop(): void {
    this.stopping.abort(new Error('the worker stops'));
    this.assignment.abort(new Error('the worker stops'));
    this.queue.makeRoom();
    this.wake();
  }

  /** The one place that changes the phase. */
  private enter(phase: LanePhase): void {
    this.current = phase;
  }

  private wake(): void {
    if (this.current.name === 'idle') this.current.wake();
  }

  /** An idle lane that had no rows to delete sleeps without a timer. Once it has some, it has to set one. */
  private setTimer(): void {
    if (this.publisher.owesDeletion) this.wake();
  }

  /** While the database or the broker is at one chunk, the processor is free to read the next. */
  private readAhead(): void {
    if (this.phase === 'committing' || this.phase === 'publishing') this.reader.readAhead(this.assignment.signal);
  }

  /** A stopping lane leaves what is not finished to whoever gets the partitions next: its errors concern nobody. */
  private fail(error: unknown): void {
    if (!this.stopping.signal.aborted) this.d.failed(asError(error));
  }

  private async idle(): Promise<void> {
    const woken = new Promise<void>((resolve) => this.enter({ name: 'idle', wake: resolve }));
    if (!this.publisher.owesDeletion) return woken;
    const timer = setTimeout(() => this.wake(), this.publisher.nextDeletion());
    await woken;
    clearTimeout(timer);
    if (this.queue.isEmpty) await this.delete();
  }

  private async delete(): Promise<void> {
    this.enter({ name: 'deleting' });
    await this.publisher.deletePublished();
  }

  private async work({ messages, tasks: planned, signal }: Chunk): Promise<void> {
    const recorder = new ChunkRecorder(this.name);
    this.enter({ name: 'reading' });
    const tasks = await planned;
    if (tasks === undefined || signal.aborted) return;
    recorder.read(tasks);
    this.enter({ name: 'committing' });
    const committing = tasks.length === 0 ? [] : this.committed(tasks, recorder, signal);
    this.readAhead();
    const committed = await committing;
    if (committed === undefined) return;
    this.enter({ name: 'publishing' });
    await this.publisher.published();
    recorder.publishing(committed);
    const published = this.publisher.publish(committed, this.stopping.signal, () => this.d.finished(messages));
    published
      .then(() => this.setTimer())
      .then(
        () => this.ended(recorder),
        (error: unknown) => {
          this.ended(recorder, asError(error));
          this.fail(error);
        },
      )
      .catch((error: unknown) => this.fail(error)); // whoever is told of the end may be somebody else's part
  }

  /** @param failure why the chunk was not committed and published as a whole */
  private ended(recorder: ChunkRecorder, failure?: Error): void {
    const record = recorder.end(failure);
    this.d.telemetry.chunk(record);
    this.d.traces?.chunk(record);
  }

  /** @returns undefined when the chunk is dropped: its messages come again, in another assignment */
  private async committed(
    tasks: readonly Task[],
    recorder: ChunkRecorder,
    signal: AbortSignal,
  ): Promise<readonly Owed[] | undefined> {
    const { histories, stopping } = this;
    try {
      return await this.committer.commit(tasks, { histories, recorder, signal: stopping.signal });
    } catch (error) {
      this.ended(recorder, asError(error));
      if (!(error instanceof HistoryLost)) throw error;
      // A part of the chunk may be committed, and this lane won't publish what that part owes: it leaves the outbox id, so that the relay
      // does. Opening the assignment anew makes it leave; if it was opened anew already, that part may lie under the id taken since.
      if (signal.aborted) this.publisher.giveUp();
      else this.d.historyLost(error);
      return undefined;
    }
  }
}
