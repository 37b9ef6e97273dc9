import type { OpenOfDeleted, OutboxMaintenance } from '../ports/outbox-maintenance.ts';
import type { Telemetry } from '../ports/telemetry.ts';
import { inRounds, rest } from './rounds.ts';

export interface CleanerSettings {
  /** The rest from one round to the next, and after a full step within a round. Milliseconds. */
  readonly interval: number;
  readonly pause: number;
  /** The most rows that one step removes. */
  readonly step: number;
  /** How long inbox rows are kept. Milliseconds. */
  readonly inboxRetention: number;
  /** How long resolved dead letters are kept. Milliseconds. */
  readonly deadLetterRetention: number;
}

/** A lane that owes nothing is forgotten after this long. */
const FORGET_MS = 24 * 60 * 60 * 1_000;

interface Dependencies {
  readonly outboxMaintenance: OutboxMaintenance;
  readonly telemetry: Telemetry;
  readonly failed: (error: Error) => void;
}

/**
 * Removes rows that nobody needs any more, in small steps with rests between them, so that commands are hardly slowed down. Every worker
 * cleans; it does not matter which of them removes a row.
 */
export class Cleaner {
  private readonly settings: CleanerSettings;
  private readonly d: Dependencies;
  private told: ReadonlySet<string> = new Set();

  constructor(settings: CleanerSettings, dependencies: Dependencies) {
    this.settings = settings;
    this.d = dependencies;
  }

  async run(signal: AbortSignal): Promise<void> {
    await inRounds({ name: 'cleaning', interval: this.settings.interval, ...this.d }, () => this.round(signal), signal);
  }

  private async round(signal: AbortSignal): Promise<void> {
    const { outboxMaintenance } = this.d;
    const { inboxRetention, deadLetterRetention, step } = this.settings;
    await outboxMaintenance.forget(FORGET_MS);
    await outboxMaintenance.forgetFreedKeys();
    await this.inSteps(1, () => outboxMaintenance.removeOrphanedRows(step), signal);
    await this.inSteps(step, () => outboxMaintenance.pruneInbox(inboxRetention, step), signal);
    await this.inSteps(step, () => outboxMaintenance.pruneDeadLetters(deadLetterRetention, step), signal);
    await this.inSteps(step, () => outboxMaintenance.eraseOfDeleted(step), signal);
    this.tell(await outboxMaintenance.openOfDeleted(step));
  }

  /** Each user once, for as long as letters about that user are open. */
  private tell(open: readonly OpenOfDeleted[]): void {
    for (const one of open) if (!this.told.has(one.userId)) this.d.telemetry.openLettersOfDeleted(one);
    this.told = new Set(open.map(({ userId }) => userId));
  }

  /** Repeats `remove` until a step removes fewer than `enough` rows. Rests after each step, for longer the fuller it was. */
  private async inSteps(enough: number, remove: () => Promise<number>, signal: AbortSignal): Promise<void> {
    const { pause, step } = this.settings;
    while (!signal.aborted) {
      const removed = await remove();
      if (removed < enough) return;
      await rest((pause * removed) / step, signal);
    }
  }
}
