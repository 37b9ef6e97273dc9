import type { SubdivisionKey } from '../ports/repositories.ts';
import type { LevelGate } from './level-gate.ts';

interface Dependencies {
  readonly levelGate: Pick<LevelGate, 'falls'>;
  /** @param after where the last call ended @returns where this one ended; undefined when there are no more */
  readonly addMissing: (after: SubdivisionKey | undefined, limit: number) => Promise<SubdivisionKey | undefined>;
}

/**
 * Fills in what a worker of before has left out, step by step. Once whoever may have been such a worker has gone, it begins anew, since none
 * knows how far the others have come.
 */
export class Filling {
  private readonly limit: number;
  private readonly d: Dependencies;
  /** Of the gate, when it was last found open. */
  private falls: number | undefined;
  /** Where it goes on; null: it has ended, or not begun. */
  private filledTo: SubdivisionKey | undefined | null = null;

  /** @param limit how much a step looks at */
  constructor(limit: number, dependencies: Dependencies) {
    this.limit = limit;
    this.d = dependencies;
  }

  /** Whether less counts than when the gate was last found open: what is to be written may not be readable any more. */
  get gateHasFallen(): boolean {
    return this.d.levelGate.falls !== this.falls;
  }

  /** To be called when the gate is open. Begins anew if it has fallen meanwhile. */
  begin(): void {
    if (this.gateHasFallen) this.filledTo = undefined;
    this.falls = this.d.levelGate.falls;
  }

  /** @returns whether there is more to fill in */
  async step(): Promise<boolean> {
    if (this.filledTo === null) return false;
    const end = await this.d.addMissing(this.filledTo, this.limit);
    this.filledTo = end ?? null;
    return end !== undefined;
  }
}
