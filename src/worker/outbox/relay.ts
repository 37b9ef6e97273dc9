import type { OutboxMaintenance } from '../../ports/outbox-maintenance.ts';
import type { Producer } from '../../ports/producer.ts';
import type { Telemetry } from '../../ports/telemetry.ts';
import { publishByTopic } from './publication.ts';
import { inRounds } from '../rounds.ts';

export interface RelaySettings {
  /** How often to look, and after how long without a sign of life a lane counts as ended. Milliseconds. */
  readonly interval: number;
  readonly silence: number;
  readonly step: number;
}

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
 * harmless (same ids, and each copy in order), so silence is proof enough.
 */
export class OutboxRelay {
  private readonly settings: RelaySettings;
  private readonly d: Dependencies;

  constructor(settings: RelaySettings, dependencies: Dependencies) {
    this.settings = settings;
    this.d = dependencies;
  }

  async run(signal: AbortSignal): Promise<void> {
    const round = async (): Promise<void> => {
      await this.d.outboxMaintenance.touch(this.d.livingLanes());
      await this.relay(signal);
    };
    await inRounds({ name: 'relay', interval: this.settings.interval, ...this.d }, round, signal);
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
}
