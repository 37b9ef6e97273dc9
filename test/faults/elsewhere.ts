import { randomUUID } from 'node:crypto';
import { partitionOf } from '../oracle/identity.ts';
import type { World } from '../support/world.ts';

/** A key whose partition belongs to the other one of two workers, or of two lanes: partitions are dealt out in turn. */
export function idElsewhere({ partitions }: World, id: string): string {
  for (;;) {
    const other = randomUUID();
    if ((partitionOf(id, partitions) - partitionOf(other, partitions)) % 2 !== 0) return other;
  }
}
