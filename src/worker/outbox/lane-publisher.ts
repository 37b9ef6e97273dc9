import { DatabaseUnavailable } from '../../ports/errors.ts';
import type { Levels } from '../../ports/levels.ts';
import type { OutgoingMessage } from '../../ports/messages.ts';
import type { OutboxMaintenance } from '../../ports/outbox-maintenance.ts';
import type { Producer } from '../../ports/producer.ts';
import type { Telemetry } from '../../ports/telemetry.ts';
import type { OutboxEffect, OutboxRow } from '../../ports/unit-of-work.ts';
import { asError } from '../as-error.ts';
import { Backoff } from '../backoff.ts';
import { LaneOutbox } from './lane-outbox.ts';
import { publishUntilDone } from './publication.ts';

/** Rows that a transaction has written, which Kafka has to have. */
export interface Owed {
  readonly outbox: LaneOutbox;
  readonly rows: readonly OutboxRow[];
}

export interface PublisherDependencies {
  readonly producer: Producer;
  readonly outboxMaintenance: OutboxMaintenance;
  readonly telemetry: Telemetry;
  readonly newId: () => string;
  /** The outboxes of all lanes of this process. */
  readonly outboxes: Map<string, LaneOutbox>;
  readonly levels: Levels;
}

/** Published rows are deleted by the lane's next transaction; when none comes for this long, by themselves. */
const DELETE_AFTER_MS = 200;

/**
 * Publishes what the transactions of one lane owe, one send at a time, or they would overtake each other; deletes the rows that are
 * published; and gives the lane a new outbox when the rows of the old one are in doubt.
 */
export class LanePublisher {
  private readonly d: PublisherDependencies;
  private current: LaneOutbox;
  private last: Promise<void> = Promise.resolve();
  /** Waits between the tries of a deletion; undefined: the last one has succeeded. */
  private deletions: Backoff | undefined;

  constructor(dependencies: PublisherDependencies) {
    this.d = dependencies;
    this.current = this.newOutbox();
  }

  /** Where the lane writes now. */
  get outbox(): LaneOutbox {
    return this.current;
  }

  /** Whether published rows are still stored. */
  get owesDeletion(): boolean {
    return this.current.owesDeletion;
  }

  /** How long to wait for a transaction that deletes the published rows. Milliseconds, more of them after each deletion that failed. */
  nextDeletion(): number {
    return this.deletions?.next() ?? DELETE_AFTER_MS;
  }

  /** Resolves when all that was given to `publish` is published. @throws what a publication threw */
  async published(): Promise<void> {
    return this.last;
  }

  /** A transaction on this outbox is committed. */
  committed(outbox: LaneOutbox, effect: OutboxEffect): Owed {
    outbox.committed(effect);
    this.deletionEnded(outbox);
    return { outbox, rows: effect.outbox };
  }

  /** Publishes for as long as it takes, then calls `then`. To be called when what came before is published. */
  async publish(owed: readonly Owed[], signal: AbortSignal, then: () => void): Promise<void> {
    this.last = this.send(owed, signal).then(then);
    return this.last;
  }

  /** What the present outbox has published is deleted; what it still owes is the relay's. The lane goes on with a new one. */
  giveUp(): void {
    const { telemetry, outboxMaintenance } = this.d;
    const outbox = this.current;
    this.current = this.newOutbox();
    const retired = this.last.then(async () => {
      await this.deleteDelivered(outbox);
      await outboxMaintenance.retire(outbox.id);
      outbox.forget();
    });
    // If the database is away, the relay finds out by itself that the lane is silent.
    void retired
      .catch((error: unknown) => telemetry.waiting('database', asError(error), outbox))
      .then(() => telemetry.waitEnded('database', outbox));
  }

  /** Deletes what is published, once all is. */
  async deletePublished(): Promise<void> {
    await this.last;
    const outbox = this.current;
    await this.deleteDelivered(outbox);
    if (outbox !== this.current) this.d.telemetry.waitEnded('database', outbox); // given up meanwhile: nobody tries again
  }

  private newOutbox(): LaneOutbox {
    return new LaneOutbox(this.d.newId(), this.d.outboxes, this.d.levels);
  }

  private async send(owed: readonly Owed[], signal: AbortSignal): Promise<void> {
    const { producer, telemetry } = this.d;
    const messages: OutgoingMessage[] = owed.flatMap(({ rows }) => rows);
    await publishUntilDone(messages, producer, telemetry, signal);
    for (const { outbox, rows } of owed) {
      outbox.published(rows);
      if (outbox === this.current) continue;
      await this.deleteDelivered(outbox);
      telemetry.waitEnded('database', outbox); // deleted, or left to the relay
    }
  }

  private async deleteDelivered(outbox: LaneOutbox): Promise<void> {
    const { delivered } = outbox;
    if (delivered === undefined) return;
    try {
      await this.d.outboxMaintenance.deleteDelivered(outbox.id, delivered.from, delivered.to);
      outbox.deletionCommitted(delivered);
      this.deletionEnded(outbox);
    } catch (error) {
      if (!(error instanceof DatabaseUnavailable)) throw error;
      // The rows stay until the next try. Without one the relay publishes them once more: a repetition, known by its id.
      this.deletions ??= new Backoff();
      this.d.telemetry.waiting('database', error, outbox);
    }
  }

  private deletionEnded(outbox: LaneOutbox): void {
    this.deletions = undefined;
    this.d.telemetry.waitEnded('database', outbox);
  }
}
