import type { LaneStatement } from '../../ports/levels.ts';
import type { OutboxMaintenance } from '../../ports/outbox-maintenance.ts';
import type { Telemetry } from '../../ports/telemetry.ts';
import { inRounds } from '../rounds.ts';

export interface SignsOfLifeSettings {
  /** From one sign of life to the next, and how long a lane gives none before it counts as ended. Milliseconds. */
  readonly interval: number;
  readonly silence: number;
}

interface Dependencies {
  readonly outboxMaintenance: Pick<OutboxMaintenance, 'touch'>;
  readonly telemetry: Telemetry;
  /** What this worker's own lanes state. */
  readonly livingLanes: () => readonly LaneStatement[];
  readonly failed: (error: Error) => void;
}

/**
 * Tells all workers that the lanes of this one live, and what they state. In rounds of their own, which wait for nothing but the database:
 * a broker that says nothing keeps a publication for longer than the silence after which idle lanes count as ended.
 */
export class SignsOfLife {
  private readonly settings: SignsOfLifeSettings;
  private readonly d: Dependencies;
  private readonly now: () => number;
  private lastAt: number | undefined;

  /** @param now a clock that only goes forward, in milliseconds */
  constructor(settings: SignsOfLifeSettings, dependencies: Dependencies, now: () => number = () => performance.now()) {
    this.settings = settings;
    this.d = dependencies;
    this.now = now;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { interval } = this.settings;
    await inRounds({ name: 'signs of life', interval, ...this.d }, () => this.give(), signal);
  }

  /** Of the lane ids of this moment: one that was given up has to stay silent. @throws when the database does not answer */
  async give(): Promise<void> {
    const at = this.now();
    await this.d.outboxMaintenance.touch(this.d.livingLanes());
    this.lastAt = at;
  }

  /** Whether this worker's lanes may look silent to the relay: none was given for a while. Before the first one nobody knows these lanes. */
  get areLate(): boolean {
    return this.lastAt !== undefined && this.now() - this.lastAt > this.settings.silence / 2;
  }
}
