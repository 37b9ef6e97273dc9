import type { Subdivision } from '../domain/subdivision.ts';

/** How many subdivisions and licenses a lane keeps: some 20 MB. */
const MOST_KEPT = 20_000;

/**
 * The subdivisions that a lane has written, as its last commit of each left them. Whoever else writes one makes it another version, by another
 * lane: so a unit may presume that these are unchanged, and find out as it writes.
 */
export class WarmSubdivisions {
  /** The id of the lane. */
  readonly lane: string;
  /** By the ids of the identity map. Those that were written least recently come first. */
  private readonly kept = new Map<string, Subdivision>();
  private readonly most: number;
  private size = 0;

  constructor(lane: string, most = MOST_KEPT) {
    this.lane = lane;
    this.most = most;
  }

  get(id: string): Subdivision | undefined {
    return this.kept.get(id);
  }

  /** The lane has committed these; undefined: it has deleted one. */
  keep(written: Iterable<readonly [id: string, Subdivision | undefined]>): void {
    for (const [id, after] of written) {
      this.drop(id);
      if (after === undefined) continue;
      this.kept.set(id, after);
      this.size += sizeOf(after);
    }
    for (const id of this.kept.keys()) {
      if (this.size <= this.most) break;
      this.drop(id);
    }
  }

  private drop(id: string): void {
    const dropped = this.kept.get(id);
    if (dropped === undefined) return;
    this.kept.delete(id);
    this.size -= sizeOf(dropped);
  }
}

function sizeOf({ licenses }: Subdivision): number {
  return 1 + licenses.length;
}
