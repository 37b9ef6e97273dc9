import { setImmediate } from 'node:timers/promises';
import type { ReceivedMessage } from '../../ports/messages.ts';
import type { LaneQueue, Queued } from './lane-queue.ts';
import type { Task } from '../task.ts';

/** Turns messages into tasks; may wait, for a schema or for the user domain. */
export type PlanMessages = (messages: readonly ReceivedMessage[], signal: AbortSignal) => Promise<readonly Task[]>;

/** A chunk that is being turned into tasks. */
export interface Chunk {
  readonly messages: readonly Queued[];
  /** Undefined when the assignment ended before the chunk was read. */
  readonly tasks: Promise<readonly Task[] | undefined>;
  /** Aborted when the assignment ends. */
  readonly signal: AbortSignal;
}

/** Messages that are read at a stretch while PostgreSQL works on the chunk before. That takes a millisecond; then its answers have their turn. */
const READ_AT_ONCE = 128;

/**
 * Takes chunks from the queue of a lane and turns them into tasks. While a lane waits for its transaction the processor is idle, so the next
 * chunk is read as soon as a whole one waits. A smaller one is not: more messages may come until its turn.
 */
export class ChunkReader {
  private readonly queue: LaneQueue;
  private readonly plan: PlanMessages;
  private ahead: Chunk | undefined;

  constructor(queue: LaneQueue, plan: PlanMessages) {
    this.queue = queue;
    this.plan = plan;
  }

  /** The next chunk; undefined: nothing waits. */
  next(signal: AbortSignal): Chunk | undefined {
    const { ahead } = this;
    this.ahead = undefined;
    if (ahead !== undefined) return ahead;
    return this.queue.isEmpty ? undefined : this.read(signal, Infinity);
  }

  /** Reads the next chunk if a whole one waits. To be called as a transaction begins, and for each push while it lasts. */
  readAhead(signal: AbortSignal): void {
    if (this.ahead === undefined && this.queue.isBehind) this.ahead = this.read(signal, READ_AT_ONCE);
  }

  /** Forgets the chunk that was read ahead, and all messages that wait. */
  clear(): void {
    this.ahead = undefined;
    this.queue.clear();
  }

  private read(signal: AbortSignal, atOnce: number): Chunk {
    const messages = this.queue.take();
    const tasks = this.tasksOf(messages, atOnce, signal).catch((error: unknown) => {
      if (!signal.aborted) throw error;
      return undefined;
    });
    // The lane that takes the chunk gets the error. It may never take it, having failed with the chunk before.
    tasks.catch(() => undefined);
    return { messages, tasks, signal };
  }

  private async tasksOf(messages: readonly Queued[], atOnce: number, signal: AbortSignal): Promise<readonly Task[]> {
    const received = messages.map((message) => message.received);
    if (received.length <= atOnce) return this.plan(received, signal);
    const tasks: Task[] = [];
    for (let at = 0; at < received.length; at += atOnce) {
      await setImmediate();
      signal.throwIfAborted();
      tasks.push(...(await this.plan(received.slice(at, at + atOnce), signal)));
    }
    return tasks;
  }
}
