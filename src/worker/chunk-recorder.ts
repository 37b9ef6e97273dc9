import type { ChunkRecord, TracedEnding, TransactionRecord } from '../ports/chunk-record.ts';
import type { MessageContext } from '../ports/messages.ts';
import type { Step } from '../ports/unit-of-work.ts';
import type { Ending } from './dispatcher.ts';
import type { Owed } from './outbox/lane-publisher.ts';
import type { Task } from './task.ts';

/** An outage may last for days, and each try fails. */
const MOST_TRANSACTIONS = 50;

/** Notes what becomes of a chunk: a few times a chunk, and of its messages only those that are traced. */
export class ChunkRecorder {
  private readonly lane: string;
  private readonly begunAt = performance.now();
  private messages = 0;
  private readAt = this.begunAt;
  private readonly transactions: TransactionRecord[] = [];
  private omitted = 0;
  private traced: readonly Task[] = [];
  /** Of those that are traced. A message keeps its context when its task is made anew. */
  private readonly endings = new Map<MessageContext, TracedEnding>();
  private publication: ChunkRecord['publication'];
  /** Of the transaction under way. */
  private steps: TransactionRecord['steps'][number][] = [];
  private tasks: readonly Task[] = [];

  constructor(lane: string) {
    this.lane = lane;
  }

  read(tasks: readonly Task[]): void {
    this.messages = tasks.length;
    this.traced = tasks.filter(isTraced);
    this.readAt = performance.now();
  }

  /** A run of the unit of work begins for these. @returns what the run is to tell its steps to */
  run(tasks: readonly Task[]): (step: Step) => void {
    this.tasks = tasks;
    return (name) => {
      if (name === 'begin' && this.steps.length > 0) this.transactionEnded(false, undefined);
      this.steps.push({ name, begunAt: performance.now() });
    };
  }

  committed(endings: readonly Ending[]): void {
    const { tasks } = this;
    const transaction = this.transactionEnded(true, undefined);
    if (this.traced.length === 0) return;
    for (let i = 0; i < tasks.length; i += 1) {
      const task = tasks[i];
      const ending = endings[i];
      if (task === undefined || ending === undefined || !isTraced(task)) continue;
      const reason = ending.what === 'dead' ? ending.letter.reason : undefined;
      this.endings.set(task.context, { outcome: ending.what, reason, transaction });
    }
  }

  failed(error: Error): void {
    this.transactionEnded(false, error);
  }

  publishing(owed: readonly Owed[]): void {
    const messages = owed.reduce((sum, { rows }) => sum + rows.length, 0);
    this.publication = { begunAt: performance.now(), messages };
  }

  /** @param failure why not all of it is committed and published */
  end(failure?: Error): ChunkRecord {
    const { lane, messages, begunAt, readAt, transactions, publication, omitted } = this;
    const endedAt = performance.now();
    const traced = this.traced.map(({ received: position, context, type }) => {
      return { position, context, type, ending: this.endings.get(context) };
    });
    return { lane, messages, begunAt, readAt, transactions, publication, endedAt, failure, omitted, traced };
  }

  private transactionEnded(committed: boolean, failure: Error | undefined): TransactionRecord {
    const { steps, tasks } = this;
    const transaction = { messages: tasks.length, steps, endedAt: performance.now(), committed, failure };
    if (committed || this.transactions.length < MOST_TRANSACTIONS) this.transactions.push(transaction);
    else this.omitted += 1;
    this.steps = [];
    return transaction;
  }
}

function isTraced(task: Task): boolean {
  return task.context.span !== undefined;
}
