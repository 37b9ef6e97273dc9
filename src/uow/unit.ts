import type {
  DeadLetter,
  OutboxEffect,
  OutboxLane,
  OutboxRow,
  OwedRow,
  Unit,
  UnitMessage,
} from '../ports/unit-of-work.ts';
import type { OutgoingMessage, Position } from '../ports/messages.ts';
import { sent, storableTime, together } from '../repos/tables/sql.ts';
import type { Store } from '../repos/tables/store.ts';
import { createCache, type Cache } from '../repos/cache.ts';
import { Inbox } from './inbox.ts';
import { Declared, load } from '../repos/loading.ts';
import { Parking } from './parking.ts';
import { activeLicenseRepository, licenseRepository } from '../repos/license.ts';
import { statisticRowRepository } from '../repos/statistic-row.ts';
import { subdivisionRepository } from '../repos/subdivision.ts';
import { tenantRepository } from '../repos/tenant.ts';
import { userLookUpRepository, userRepository } from '../repos/user.ts';

/** A unit over its store: `open` before the work, `flush` after it, both inside the transaction. */
export interface OpenUnit extends Unit {
  /** Writes everything that changed. */
  flush(): Promise<OutboxEffect>;
  /** Whether it is not to be committed, but undone. */
  readonly undone: boolean;
}

/**
 * How many licenses (or subdivisions of tenants that are deleted, or users) the messages of a chunk may load together: some 50 MB. Of one
 * message it is what its aggregates have, however much that is.
 */
const MOST_AT_ONCE = 50_000;

/** @throws TooMuchAtOnce for a chunk that is to be divided */
export async function openUnit(store: Store, messages: readonly UnitMessage[], lane: OutboxLane): Promise<OpenUnit> {
  const cache = createCache(store, messages.length > 1 ? MOST_AT_ONCE : Infinity);
  const inbox = new Inbox();
  const parking = new Parking(store, cache.journal);
  const takenIn = async (): Promise<void> => {
    const [only] = messages;
    if (only === undefined) return;
    if (only.letterId !== null) await parking.takeUp(only, only.letterId, lane.id);
    else if (!(await inbox.claim(store, messages, lane.id))) {
      await parking.read(messages.filter((message) => inbox.mayBeHandled(message)));
      await inbox.lookAgain(store, messages);
    }
  };
  // Asked in one go with what is asked first, so that it costs no round trip.
  const [startedAt] = await together([store.startedAt(), takenIn()]);
  if (messages.length > 0) {
    const declared = new Declared();
    for (const message of messages) {
      if (inbox.isExpected(message) && parking.behind(message) === undefined) message.declare(declared);
    }
    await load(cache, declared);
  }
  const seenDebts = [...debtsOfSeen(messages, inbox, lane.id), ...parking.debts(lane.id)];
  return unitOver(cache, inbox, parking, lane, startedAt, seenDebts);
}

function textOf({ topic, partition, offset, timestamp }: Position): string {
  return `${topic}/${partition}/${offset}/${timestamp}`;
}

interface Debt {
  readonly lane: string;
  readonly key: string;
}

/**
 * A message that another lane has handled comes again when that lane ended before its events were known to be published. What it
 * still owes goes out first, so order holds across the aggregates of a key, not only within one.
 */
function debtsOfSeen(messages: readonly UnitMessage[], inbox: Inbox, lane: string): readonly Debt[] {
  return messages.flatMap((message) => {
    const entry = inbox.entry(message);
    if (entry === undefined || entry.lane === null || entry.lane === lane) return [];
    const owing = entry.lane;
    return message.keys.map((key) => ({ lane: owing, key }));
  });
}

/** An aggregate that another lane wrote last: what that lane still owes of it must not be overtaken by what is owed now. */
function debtsOfWritten({ tenants, subdivisions, users }: Cache, lane: string): readonly Debt[] {
  const written = [
    ...tenants.changes().map((change) => ({ lane: change.lane, key: change.key })),
    ...subdivisions.changes().map((change) => ({ lane: change.lane, key: change.key.tenantId })),
    ...users.changes().map((change) => ({ lane: change.lane, key: change.key })),
  ];
  return written.flatMap((debt) =>
    debt.lane === null || debt.lane === lane ? [] : [{ lane: debt.lane, key: debt.key }],
  );
}

function unitOver(
  cache: Cache,
  inbox: Inbox,
  parking: Parking,
  lane: OutboxLane,
  startedAt: number,
  seenDebts: readonly Debt[],
): OpenUnit {
  const { store, journal } = cache;
  const owed: OutgoingMessage[] = [];
  const letters: DeadLetter[] = [];
  const positions = new Set<string>();
  const subdivisions = subdivisionRepository(cache);
  let undone = false;

  /**
   * A lane's rows are published in their order, whoever publishes them. So what this lane has written first, or adopted once, needs no
   * copy when it comes back from a lane that has adopted it: lanes that take turns would send each other ever longer copies.
   */
  async function adopt(): Promise<readonly OwedRow[]> {
    const debts = new Map(
      [...seenDebts, ...debtsOfWritten(cache, lane.id)].map((debt) => [debt.lane + debt.key, debt]),
    );
    if (debts.size === 0) return [];
    const owing = await store.outbox.owed([...debts.values()]);
    const adopted = new Set<string>();
    return owing.filter((row) => {
      const { origin } = row;
      const id = `${origin.lane}/${origin.seq}`;
      if (origin.lane === lane.id || adopted.has(id) || lane.hasAdopted(row)) return false;
      if (lane.isPublished(row.lane, row.seq) || lane.isPublished(origin.lane, origin.seq)) return false;
      adopted.add(id);
      return true;
    });
  }

  async function flushRest(): Promise<OutboxEffect> {
    const active = [...cache.activeLicenses.values()];
    await store.activeLicenses.flush(
      active.flatMap(({ value }) => value ?? []),
      active.flatMap(({ key, value }) => (value === undefined ? [key] : [])),
    );
    const lookUps = [...cache.userLookUps];
    await store.userLookUps.flush(
      lookUps.flatMap(([, lookUp]) => lookUp ?? []),
      lookUps.flatMap(([userId, lookUp]) => (lookUp === undefined ? [userId] : [])),
    );
    await parking.flush(letters);
    await store.deadLetters.add(letters);
    await parking.resolve(lane.id);
    await inbox.flush(store, lane.id);
    const messages: readonly (OutgoingMessage & Pick<OutboxRow, 'origin'>)[] = [...(await adopt()), ...owed];
    const first = lane.take(messages.length);
    const rows = messages.map(({ topic, key, value, headers, origin }, i) => ({
      seq: first + i,
      topic,
      key,
      value,
      headers,
      origin,
    }));
    const { delivered } = lane;
    await store.outbox.write({ lane: lane.id, living: lane.living, delivered, rows });
    return { outbox: rows, deleted: delivered };
  }

  return {
    startedAt,
    tenants: tenantRepository(cache),
    subdivisions,
    licenses: licenseRepository(cache, subdivisions),
    statisticRows: statisticRowRepository(cache),
    users: userRepository(cache),
    activeLicenses: activeLicenseRepository(cache),
    userLookUps: userLookUpRepository(cache),
    outbox: {
      add(message) {
        owed.push(message);
        journal.record(() => owed.pop());
      },
    },
    deadLetters: {
      async has({ topic, partition, offset, timestamp: said }) {
        const timestamp = storableTime(said);
        const position = { topic, partition, offset, timestamp };
        return positions.has(textOf(position)) || store.deadLetters.has(position);
      },
      add(letter) {
        const { received } = letter;
        const stored = { ...received, timestamp: storableTime(received.timestamp) };
        letters.push({ ...letter, received: stored });
        const position = textOf(stored);
        const known = positions.has(position);
        positions.add(position);
        journal.record(() => {
          letters.pop();
          if (!known) positions.delete(position);
        });
        parking.add(letter);
        journal.record(inbox.buried(letter));
      },
    },
    seen: (message) => inbox.seen(message),
    parked: (message) => parking.behind(message),
    settle: (message, outcome) => inbox.settle(message, outcome),
    beginAttempt: () => journal.keep(),
    undoAttempt: () => journal.rollBack(),
    undo() {
      undone = true;
    },
    get undone() {
      return undone;
    },
    async flush() {
      await store.tenants.flush(cache.tenants.changes(), lane.id);
      // Asked one behind the other, without waiting, table after table, so that lanes can't deadlock; nothing here refers to what comes behind
      // it. The rows go first and leave at once, so that PostgreSQL is at them while the rest is put together.
      const rows = store.statisticRows.flush([...cache.rows.added.values()], [...cache.rows.removed.values()]);
      rows.catch(() => undefined); // told below
      await sent();
      const [, , , effect] = await together([
        rows,
        store.subdivisions.flush(cache.subdivisions.changes(), cache.buried, lane.id),
        store.users.flush(cache.users.changes(), lane.id),
        flushRest(),
      ]);
      return effect;
    },
  };
}
