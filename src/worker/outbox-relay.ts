import { setTimeout as sleep } from 'node:timers/promises';
import { ConfigurationError } from '../ports/errors.ts';
import type { OutboxMaintenance } from '../ports/outbox-maintenance.ts';
import type { Producer } from '../ports/producer.ts';
import type { Telemetry } from '../ports/telemetry.ts';
import { asError } from './as-error.ts';
import { publishByTopic } from './publication.ts';

export interface RelaySettings {
  /** How often to look, and after how long without a sign of life a lane counts as ended. Milliseconds. */
  readonly interval: number;
  readonly silence: number;
  readonly step: number;
  /** How long inbox rows are kept. Milliseconds. */
  readonly inboxRetention: number;
  /** How long resolved dead letters are kept. Milliseconds. */
  readonly deadLetterRetention: number;
}

/** Lanes that owe nothing are remembered for this long. */
const FORGET_MS = 24 * 60 * 60 * 1_000;
const CLEAN_EVERY_MS = 60_000;

interface Dependencies {
  readonly outboxMaintenance: OutboxMaintenance;
  readonly producer: Producer;
  readonly telemetry: Telemetry;
  /** The lanes of this worker that live. */
  readonly livingLanes: () => readonly string[];
  readonly failed: (error: Error) => void;
}

/**
 * Publishes what lanes that live no more still owe and nobody has adopted. Publishing what a slow lane publishes as well is
 * harmless (same ids, and each copy in order), so silence is proof enough. It also cleans up, in small steps.
 */
export class OutboxRelay {
  private readonly settings: RelaySettings;
  private readonly d: Dependencies;

  constructor(settings: RelaySettings, dependencies: Dependencies) {
    this.settings = settings;
    this.d = dependencies;
  }

  async run(signal: AbortSignal): Promise<void> {
    let cleaned = 0;
    while (!signal.aborted) {
      try {
        await this.d.outboxMaintenance.touch(this.d.livingLanes());
        await this.relay(signal);
        if (Date.now() - cleaned >= CLEAN_EVERY_MS) {
          await this.clean(signal);
          cleaned = Date.now();
        }
        this.d.telemetry.recovered('relay');
      } catch (error) {
        if (error instanceof ConfigurationError) this.d.failed(error);
        this.d.telemetry.waiting('relay', asError(error));
      }
      await sleep(this.settings.interval, undefined, { signal }).catch(() => undefined); // aborted: the loop ends
    }
  }

  private async relay(signal: AbortSignal): Promise<void> {
    const { outboxMaintenance, producer, telemetry } = this.d;
    const { silence, step } = this.settings;
    while (!signal.aborted) {
      const relayed = await outboxMaintenance.relay(silence, step, (messages) => publishByTopic(messages, producer));
      if (relayed === 0) return;
      telemetry.count('relayed', 'outbox', relayed);
    }
  }

  private async clean(signal: AbortSignal): Promise<void> {
    const { outboxMaintenance } = this.d;
    const { inboxRetention, deadLetterRetention, step } = this.settings;
    await outboxMaintenance.forget(FORGET_MS);
    await outboxMaintenance.forgetFreedKeys();
    while (!signal.aborted && (await outboxMaintenance.removeOrphanedRows(step)) > 0);
    while (!signal.aborted && (await outboxMaintenance.pruneInbox(inboxRetention, step)) > 0);
    while (!signal.aborted && (await outboxMaintenance.pruneDeadLetters(deadLetterRetention, step)) > 0);
  }
}
