import type { OutboxMaintenance } from '../ports/outbox-maintenance.ts';
import type { Telemetry } from '../ports/telemetry.ts';
import { inRounds, rest } from './rounds.ts';

export interface CleanerSettings {
  /** From the end of a round to the next one, and after a full step within it. Milliseconds. */
  readonly interval: number;
  readonly pause: number;
  /** How many rows a step removes at the most. */
  readonly step: number;
  /** How long inbox rows are kept. Milliseconds. */
  readonly inboxRetention: number;
  /** How long resolved dead letters are kept. Milliseconds. */
  readonly deadLetterRetention: number;
}

/** Lanes that owe nothing are remembered for this long. */
const FORGET_MS = 24 * 60 * 60 * 1_000;

interface Dependencies {
  readonly outboxMaintenance: OutboxMaintenance;
  readonly telemetry: Telemetry;
  readonly failed: (error: Error) => void;
}

/**
 * Removes what nobody needs any more, in small steps with rests between them: the load hardly notices, and a round that has much to
 * do keeps nothing else waiting. Every worker cleans; which of them comes to it does not matter.
 */
export class Cleaner {
  private readonly settings: CleanerSettings;
  private readonly d: Dependencies;

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
  }

  /** Until a step has removed fewer than that: the last ones are not worth another look. Rests as long as the step was full. */
  private async inSteps(enough: number, remove: () => Promise<number>, signal: AbortSignal): Promise<void> {
    const { pause, step } = this.settings;
    while (!signal.aborted) {
      const removed = await remove();
      if (removed < enough) return;
      await rest((pause * removed) / step, signal);
    }
  }
}
