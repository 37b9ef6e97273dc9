import type { UnitMessage } from '../ports/unit-of-work.ts';
import type { Cache } from '../repos/cache.ts';
import type { Inbox } from './inbox.ts';

/** A lane that may still owe rows under a key. `lane` null: no lane is known. */
export interface Debt {
  readonly lane: string | null;
  readonly key: string;
}

/**
 * Debts of the lanes that handled these messages before. A message comes again when the lane that handled it ended before its events were
 * known to be published. What that lane still owes goes out first, so order holds across all aggregates of a key.
 */
export function debtsOfSeen(messages: readonly UnitMessage[], inbox: Inbox): readonly Debt[] {
  return messages.flatMap((message) => {
    const entry = inbox.entry(message);
    if (entry === undefined) return [];
    return message.keys.map((key) => ({ lane: entry.lane, key }));
  });
}

/** Debts of the lanes that last wrote the aggregates which this unit changes: what is owed now must not overtake what is owed of those. */
export function debtsOfWritten({ tenants, subdivisions, users }: Cache): readonly Debt[] {
  return [
    ...tenants.changes(),
    ...subdivisions.changes().map(({ lane, key }) => ({ lane, key: key.tenantId })),
    ...users.changes(),
  ];
}
