import type { DecidedChange, DecidedOffsets } from '../../../src/ports/decided-offsets.ts';
import type { InMemoryDatabase } from './database.ts';

export class InMemoryDecidedOffsets implements DecidedOffsets {
  private readonly db: InMemoryDatabase;

  constructor(database: InMemoryDatabase) {
    this.db = database;
  }

  async read(group: string): ReturnType<DecidedOffsets['read']> {
    return this.db.transaction(() => ({
      server: 'in memory',
      offsets: this.db.decidedOffsets
        .filter((row) => row.group === group)
        .map(({ topic, partition, history, decided }) => ({ topic, partition, history, decided })),
    }));
  }

  async change(group: string, changes: readonly DecidedChange[]): Promise<boolean> {
    return this.db.transaction(() => {
      let changed = 0;
      for (const { before, after } of changes) {
        const id = decidedKey(group, after);
        const row = this.db.decidedOffsets.get(id);
        if (row?.history !== before?.history || row?.decided !== before?.decided) continue;
        this.db.decidedOffsets.set(id, { group, ...after });
        changed += 1;
      }
      return changed === changes.length;
    });
  }
}

export function decidedKey(
  group: string,
  { topic, partition }: { readonly topic: string; readonly partition: number },
): string {
  return `${group}/${topic}/${partition}`;
}
