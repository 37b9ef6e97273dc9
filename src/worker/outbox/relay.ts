import type { OutboxMaintenance } from '../../ports/outbox-maintenance.ts';
import type { Producer } from '../../ports/producer.ts';
import type { Telemetry } from '../../ports/telemetry.ts';
import { inRounds } from '../rounds.ts';
import { publishByTopic } from './publication.ts';
import type { SignsOfLife, SignsOfLifeSettings } from './signs-of-life.ts';

/** Between two looks it rests for as long as between two signs of life. */
export interface RelaySettings extends SignsOfLifeSettings {
  /** The most rows that are published at once. */
  readonly step: number;
}

interface Dependencies {
  readonly outboxMaintenance: OutboxMaintenance;
  readonly producer: Producer;
  readonly telemetry: Telemetry;
  readonly signsOfLife: Pick<SignsOfLife, 'areLate'>;
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
    await inRounds({ name: 'relay', interval: this.settings.interval, ...this.d }, () => this.relay(signal), signal);
  }

  private async relay(signal: AbortSignal): Promise<void> {
    const { outboxMaintenance, producer, telemetry, signsOfLife } = this.d;
    const { silence, step } = this.settings;
    // When the database was away for long, this worker's own lanes look silent, too, until their next sign of life.
    while (!signal.aborted && !signsOfLife.areLate) {
      const relayed = await outboxMaintenance.relay(silence, step, (messages) => publishByTopic(messages, producer));
      if (relayed === 0) return;
      telemetry.count('relayed', 'outbox', relayed);
    }
  }
}
