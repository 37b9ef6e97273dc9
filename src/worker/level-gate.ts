import type { FoundStatement, Levels } from '../ports/levels.ts';
import type { OutboxMaintenance } from '../ports/outbox-maintenance.ts';
import type { Telemetry } from '../ports/telemetry.ts';
import { idOf } from './partition-id.ts';

interface Dependencies {
  readonly group: string;
  /** The topics that the group reads. */
  readonly sources: readonly string[];
  /** How many partitions a topic has. @throws when the broker does not answer */
  readonly partitionsOf: (topic: string) => Promise<number>;
  readonly outboxMaintenance: Pick<OutboxMaintenance, 'living'>;
  readonly telemetry: Pick<Telemetry, 'level'>;
}

/** A lane without a sign of life for this long counts as ended, as for the relay. */
const SILENCE_MS = 10_000;

/**
 * Knows what all workers can read that share the database, while a new version takes the place of the one before. A worker of the version
 * before states nothing, and has no row at all while it is idle; but it holds partitions. So a partition that no lane states counts as
 * held by such a worker.
 */
export class LevelGate implements Levels {
  private readonly d: Dependencies;
  private partitions: readonly string[] | undefined;
  private shared = 0;

  constructor(dependencies: Dependencies) {
    this.d = dependencies;
  }

  mayWrite(level: number): boolean {
    return level <= this.shared;
  }

  /** A new assignment: topics may have more partitions by now. */
  assigned(): void {
    this.partitions = undefined;
  }

  /** @throws when database or broker do not answer; what was found before holds until the next look */
  async look(): Promise<void> {
    const { sources, partitionsOf, outboxMaintenance, telemetry, group } = this.d;
    const living = await outboxMaintenance.living(SILENCE_MS);
    this.partitions ??= (
      await Promise.all(
        sources.map(async (topic) => {
          const count = await partitionsOf(topic);
          return Array.from({ length: count }, (_, partition) => idOf({ topic, partition }));
        }),
      )
    ).flat();
    const shared = sharedLevel(living, this.partitions, group);
    if (shared !== this.shared) telemetry.level(shared);
    this.shared = shared;
  }
}

/** The highest level that every living lane can read; 0 when some lane, or the holder of some partition, is older than levels. */
export function sharedLevel(living: readonly FoundStatement[], partitions: readonly string[], group: string): number {
  const stated = new Set(living.flatMap((found) => (found.group === group ? (found.partitions ?? []) : [])));
  if (living.length === 0 || partitions.some((partition) => !stated.has(partition))) return 0;
  return Math.min(...living.map(({ level }) => level ?? 0));
}
