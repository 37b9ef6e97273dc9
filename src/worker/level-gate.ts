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
  /** A level counts once all looks for longer than that have found it. Milliseconds. */
  readonly provenAfter: number;
}

/** A lane without a sign of life for this long counts as ended, as for the relay. */
export const SILENCE_MS = 10_000;

/**
 * Knows what all workers can read that share the database, while a new version takes the place of the one before. A worker of the version
 * before states nothing, and has no row at all while it is idle; but it holds partitions. So a partition that no lane states counts as
 * held by such a worker. After an assignment, lanes of before may still be read to state what such a worker holds by now, until they count
 * as silent: so a level counts only once all looks for longer than that have found it (`provenAfter`).
 */
export class LevelGate implements Levels {
  private readonly d: Dependencies;
  private readonly now: () => number;
  private partitions: readonly string[] | undefined;
  private shared = 0;
  /** What all looks since then have found at least, while it is more than counts. */
  private rising: { readonly since: number; readonly level: number } | undefined;
  private told = 0;
  private assignments = 0;
  /** What the last look since then has found. */
  private last: { readonly living: readonly FoundStatement[]; readonly partitions: readonly string[] } | undefined;
  /** How often less was to count than before: at each assignment, and when a look has found less. */
  falls = 0;

  /** @param now a clock that only goes forward, in milliseconds */
  constructor(dependencies: Dependencies, now: () => number = () => performance.now()) {
    this.d = dependencies;
    this.now = now;
  }

  mayWrite(level: number): boolean {
    return level <= this.shared;
  }

  /** Why a level may not be written, for an operator. */
  lacks(level: number): string {
    if (this.last === undefined) return 'no look since the last assignment has told what the workers can read';
    const { living, partitions } = this.last;
    const unstated = unstatedOf(living, partitions, this.d.group);
    if (unstated.length > 0) {
      return `no worker states that it can read level ${level} for ${unstated.join(', ')}: an older one holds it, or none does`;
    }
    const lowest = lowestOf(living);
    if (lowest < level) return `a worker that reads no more than level ${lowest} is alive; level ${level} is needed`;
    return `level ${level} counts once every look for ${this.d.provenAfter} ms has found it`;
  }

  /** A new assignment: topics may have more partitions by now, and an older worker may hold some. */
  assigned(): void {
    this.partitions = undefined;
    this.shared = 0;
    this.rising = undefined;
    this.last = undefined;
    this.assignments += 1;
    this.falls += 1;
  }

  /** @throws when database or broker do not answer; what was found before holds until the next look */
  async look(): Promise<void> {
    const { sources, partitionsOf, outboxMaintenance, group } = this.d;
    const [at, { assignments }] = [this.now(), this];
    const living = await outboxMaintenance.living(SILENCE_MS);
    const partitions =
      this.partitions ??
      (
        await Promise.all(
          sources.map(async (topic) => {
            const count = await partitionsOf(topic);
            return Array.from({ length: count }, (_, partition) => idOf({ topic, partition }));
          }),
        )
      ).flat();
    if (assignments !== this.assignments) return; // it began before an assignment: the next look tells
    this.partitions = partitions;
    this.last = { living, partitions };
    this.found(sharedLevel(living, partitions, group), at);
  }

  private found(level: number, at: number): void {
    if (level <= this.shared) {
      this.rising = undefined;
      this.settle(level);
      return;
    }
    this.rising = { since: this.rising?.since ?? at, level: Math.min(level, this.rising?.level ?? level) };
    if (at - this.rising.since <= this.d.provenAfter) return;
    this.settle(this.rising.level);
    this.rising = undefined;
  }

  private settle(level: number): void {
    if (level < this.shared) this.falls += 1;
    this.shared = level;
    if (level !== this.told) this.d.telemetry.level(level);
    this.told = level;
  }
}

/** The highest level that every living lane can read; 0 when some lane, or the holder of some partition, is older than levels. */
export function sharedLevel(living: readonly FoundStatement[], partitions: readonly string[], group: string): number {
  if (living.length === 0 || unstatedOf(living, partitions, group).length > 0) return 0;
  return lowestOf(living);
}

/** The partitions that no living lane of the group states. */
function unstatedOf(
  living: readonly FoundStatement[],
  partitions: readonly string[],
  group: string,
): readonly string[] {
  const stated = new Set(living.flatMap((found) => (found.group === group ? (found.partitions ?? []) : [])));
  return partitions.filter((partition) => !stated.has(partition));
}

function lowestOf(living: readonly FoundStatement[]): number {
  return Math.min(...living.map(({ level }) => level ?? 0));
}
