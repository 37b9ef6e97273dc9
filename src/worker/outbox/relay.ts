import type { LaneStatement } from '../../ports/levels.ts';
import type { OutboxMaintenance } from '../../ports/outbox-maintenance.ts';
import type { Producer } from '../../ports/producer.ts';
import type { Telemetry } from '../../ports/telemetry.ts';
import { publishByTopic } from './publication.ts';
import { inRounds } from '../rounds.ts';

export interface RelaySettings {
  /** The rest between two looks, and how long a lane gives no sign of life before it counts as ended. Milliseconds. */
  readonly interval: number;
  readonly silence: number;
  /** The most rows that are published at once. */
  readonly step: number;
}

interface Dependencies {
  readonly outboxMaintenance: OutboxMaintenance;
  readonly producer: Producer;
  readonly telemetry: Telemetry;
  /** What this worker's own lanes state. */
  readonly livingLanes: () => readonly LaneStatement[];
  readonly failed: (error: Error) => void;
}

/**
 * Publishes the outbox rows of lanes that have ended. A lane counts as ended when it has been silent for a while. If it is only slow, it
 * publishes the same rows too, which is harmless: both copies have the same ids and are in order.
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
