import type {
  DeadLetter,
  Following,
  OutboxEffect,
  OutboxLane,
  OutboxRow,
  Replay,
  Reading,
  Unit,
  UnitMessage,
} from '../ports/unit-of-work.ts';
import type { Decision } from '../ports/decided-offsets.ts';
import { HistoryLost, StaleRead } from '../ports/errors.ts';
import type { OutgoingMessage, Position } from '../ports/messages.ts';
import { sent, storableTime, together } from '../repos/tables/sql.ts';
import type { Store } from '../repos/tables/store.ts';
import { createCache, type Cache, type Presumptions } from '../repos/cache.ts';
import { rowsToAdopt } from './adoption.ts';
import { debtsOfSeen, debtsOfWritten, type Debt } from './debts.ts';
import { Inbox } from './inbox.ts';
import { Declared, isPresumptionRight, load } from '../repos/loading.ts';
import { Parking } from './parking.ts';
import { activeLicenseRepository, licenseRepository } from '../repos/license.ts';
import { statisticRowRepository } from '../repos/statistic-row.ts';
import { subdivisionRepository } from '../repos/subdivision.ts';
import { tenantRepository } from '../repos/tenant.ts';
import { owedEntitlements } from '../repos/entitlement.ts';
import { timerChanges, timerRepository } from '../repos/timer.ts';
import { userLookUpRepository, userRepository } from '../repos/user.ts';

/** A unit over its store: it is opened before the work and flushed after it, both inside the transaction. */
export interface OpenUnit extends Unit {
  /** Writes everything that changed. */
  flush(): Promise<OutboxEffect>;
  /** Whether it is not to be committed, but undone. */
  readonly undone: boolean;
  /** Whether it has taken statistic rows for new ones, or subdivisions for unchanged ones, without a look. */
  readonly hasPresumed: boolean;
  /** To be called when it is committed. */
  committed(): void;
}

/**
 * How many licenses (or subdivisions of tenants that are deleted, or users) the messages of a chunk may load together: some 50 MB. Of one
 * message it is what its aggregates have, however much that is.
 */
const MOST_AT_ONCE = 50_000;

/**
 * Opens a unit for messages from Kafka. Claims them in the inbox, finds out which wait behind a parked key, and loads what the others declare.
 * A unit that presumes does not look whether a message was handled before, a statistic row is there already, or a warm subdivision has changed;
 * it fails with a StaleRead if so.
 * @throws TooMuchAtOnce for a chunk that is to be divided
 * @throws HistoryLost when the database does not have what these messages build on
 */
export async function openChunk(
  store: Store,
  messages: readonly UnitMessage[],
  lane: OutboxLane,
  decision: Decision | undefined,
  presumptions: Presumptions = {},
): Promise<OpenUnit> {
  const { presumesNew = false } = presumptions;
  const cache = createCache(store, messages.length > 1 ? MOST_AT_ONCE : Infinity, presumptions);
  const inbox = new Inbox();
  const parking = new Parking(store, cache.journal);
  // One round trip for both.
  const [{ startedAt, steps }] = await together([
    store.begin(decision),
    takeIn(store, messages, { lane: lane.id, inbox, parking, presumesNew }),
  ]);
  if (decision !== undefined && steps < decision.steps.length) throw new HistoryLost(decision.steps);
  const toHandle = messages.filter((message) => inbox.mayBeHandled(message) && parking.behind(message) === undefined);
  await loadDeclared(cache, toHandle);
  const debts = [...debtsOfSeen(messages, inbox), ...parking.debts()];
  return unitOver({ cache, inbox, parking, lane, startedAt, debts });
}

/**
 * Opens a unit for the messages of dead letters. Takes the letters up, and those that follow, and loads what their messages declare.
 * @throws NotReplayable
 * @throws TooMuchAtOnce for letters that have to be replayed one by one
 */
export async function openReplay<M extends UnitMessage>(
  store: Store,
  replays: readonly Replay<M>[],
  lane: OutboxLane,
  following?: Following<M>,
): Promise<{ readonly unit: OpenUnit; readonly taken: readonly Replay<M>[] }> {
  const isAlone = replays.length === 1 && following === undefined;
  const cache = createCache(store, isAlone ? Infinity : MOST_AT_ONCE);
  const parking = new Parking(store, cache.journal);
  const [{ startedAt }, taken] = await together([store.begin(), parking.takeUp(replays, lane.id, following)]);
  await loadDeclared(
    cache,
    taken.map(({ message }) => message),
  );
  return { unit: unitOver({ cache, inbox: new Inbox(), parking, lane, startedAt, debts: parking.debts() }), taken };
}

/** Opens what is stored for somebody who only reads it: nothing is flushed. */
export async function openReading(store: Store): Promise<Reading> {
  const cache = createCache(store, Infinity);
  const { startedAt } = await store.begin();
  return { startedAt, ...repositoriesOver(cache) };
}

interface Intake {
  readonly lane: string;
  readonly inbox: Inbox;
  readonly parking: Parking;
  readonly presumesNew: boolean;
}

async function takeIn(
  store: Store,
  messages: readonly UnitMessage[],
  { lane, inbox, parking, presumesNew }: Intake,
): Promise<void> {
  if (messages.length === 0) return;
  const nothingIsParked = await inbox.claim(store, messages, lane, presumesNew);
  if (nothingIsParked) return;
  await parking.read(messages.filter((message) => inbox.mayBeHandled(message)));
  await inbox.lookAgain(store, messages);
}

async function loadDeclared(cache: Cache, messages: readonly UnitMessage[]): Promise<void> {
  if (messages.length === 0) return;
  const declared = new Declared();
  for (const message of messages) message.declare(declared);
  await load(cache, declared);
}

interface Opened {
  readonly cache: Cache;
  readonly inbox: Inbox;
  readonly parking: Parking;
  readonly lane: OutboxLane;
  readonly startedAt: number;
  /** Those that are known before the work. */
  readonly debts: readonly Debt[];
}

function unitOver({ cache, inbox, parking, lane, startedAt, debts }: Opened): OpenUnit {
  const { store, journal } = cache;
  const owed: OutgoingMessage[] = [];
  const takeBack = (): unknown => owed.pop();
  const letters: DeadLetter[] = [];
  const positions = new Set<string>();
  let undone = false;

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
    const adopted = await rowsToAdopt(store, [...debts, ...debtsOfWritten(cache)], lane);
    const messages: readonly (OutgoingMessage & Pick<OutboxRow, 'origin'>)[] = [...adopted, ...owed];
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
    await store.outbox.write({ lane: lane.id, living: lane.living, delivered, rows, asChunk: lane.writesChunks });
    return { outbox: rows, deleted: delivered };
  }

  return {
    startedAt,
    ...repositoriesOver(cache),
    timers: timerRepository(cache),
    outbox: {
      add(message) {
        owed.push(message);
        journal.record(takeBack);
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
    get hasPresumed() {
      return cache.subdivisions.hasPresumed || (cache.rows.presumedNew && cache.rows.looked.size > 0);
    },
    committed() {
      cache.warm?.keep(cache.subdivisions.written());
    },
    async flush() {
      await store.tenants.flush(cache.tenants.changes(), lane.id);
      // Asked one behind the other, without waiting, table after table, so that lanes can't deadlock; nothing here refers to what comes behind
      // it. The rows go first and leave at once, so that PostgreSQL is at them while the rest is put together.
      const presumed = isPresumptionRight(cache);
      const rows = store.statisticRows.flush(
        [...cache.rows.added].flatMap(({ added }) => added ?? []),
        [...cache.rows.removed].flatMap(({ removed }) => removed ?? []),
        [...cache.rows.corrected].flatMap(({ corrected, removed }) => (removed === undefined ? (corrected ?? []) : [])),
      );
      for (const told of [presumed, rows]) told.catch(() => undefined); // told below
      await sent();
      const changes = cache.subdivisions.changes();
      const [isRight, , , , , , effect] = await together([
        presumed,
        rows,
        store.subdivisions.flush(changes, cache.buried, lane.id),
        store.timers.flush(timerChanges(cache, changes)),
        store.entitlements.owe(owedEntitlements(changes, startedAt)),
        store.users.flush(cache.users.changes(), lane.id),
        flushRest(),
      ]);
      if (!isRight) throw new StaleRead('a statistic row was not new, or a subdivision not unchanged, as was presumed');
      return effect;
    },
  };
}

function repositoriesOver(cache: Cache) {
  const subdivisions = subdivisionRepository(cache);
  return {
    tenants: tenantRepository(cache),
    subdivisions,
    licenses: licenseRepository(cache, subdivisions),
    statisticRows: statisticRowRepository(cache),
    users: userRepository(cache),
    activeLicenses: activeLicenseRepository(cache),
    userLookUps: userLookUpRepository(cache),
  };
}

function textOf({ topic, partition, offset, timestamp }: Position): string {
  return `${topic}/${partition}/${offset}/${timestamp}`;
}
