import { StaleRead } from '../../../src/ports/errors.ts';
import type { Store } from '../../../src/repos/tables/store.ts';
import { constrain } from './constraints.ts';
import { outboxKey, type InMemoryDatabase } from './database.ts';

const DAY_MS = 24 * 60 * 60 * 1_000;

// The tables in memory of what comes in, goes out, and could not be handled.

export function inbox(db: InMemoryDatabase): Store['inbox'] {
  return {
    async claim(messages, lane, presumedNew) {
      const before = messages.flatMap(({ identity: { hash }, digest }) => {
        const entry = db.inbox.get(hash);
        if (entry !== undefined && presumedNew) throw new StaleRead('an identity was taken before');
        if (entry !== undefined) return [{ ...entry, isOld: entry.receivedAt < db.clock.now() - DAY_MS }];
        db.inbox.set(hash, { hash, digest, lane, outcome: 'accepted', receivedAt: db.clock.now() });
        return [];
      });
      return { before, calm: false };
    },
    async revive(messages, lane) {
      return messages.flatMap(({ identity: { hash }, digest }) => {
        const before = db.inbox.get(hash);
        if (before !== undefined && before.outcome !== 'dead') return [];
        db.inbox.set(hash, { hash, digest, lane, outcome: 'accepted', receivedAt: db.clock.now() });
        return [{ hash, lane: before?.lane ?? null }];
      });
    },
    async hold(hashes) {
      return hashes.flatMap((hash) => {
        const entry = db.inbox.get(hash);
        return entry === undefined ? [] : [{ ...entry, isOld: entry.receivedAt < db.clock.now() - DAY_MS }];
      });
    },
    async replace(entries) {
      for (const entry of entries) db.inbox.set(entry.hash, { ...entry, receivedAt: db.clock.now() });
    },
    async renew(entries) {
      for (const entry of entries) db.inbox.set(entry.hash, { ...entry, receivedAt: db.clock.now() });
    },
    async settle(outcomes) {
      for (const { hash, outcome } of outcomes) {
        const entry = db.inbox.get(hash);
        if (entry !== undefined) db.inbox.set(hash, { ...entry, outcome });
      }
    },
  };
}

export function outbox({ outbox, lanes, clock }: InMemoryDatabase): Store['outbox'] {
  return {
    async owed(debts) {
      const owing = new Set(debts.map(({ lane, key }) => `${lane}/${key}`));
      return outbox
        .sorted()
        .filter(({ lane, key }) => key !== null && owing.has(`${lane}/${key.toString()}`))
        .map((row) => ({ ...row, origin: row.origin ?? { lane: row.lane, seq: row.seq } }));
    },
    async write({ lane, living, delivered, rows }) {
      if (rows.length === 0 && delivered === undefined) return;
      lanes.set(lane, { lane, seenAt: living ? clock.now() : -Infinity });
      const { from, to } = delivered ?? { from: 0, to: 0 };
      for (let seq = from; seq < to; seq += 1) outbox.delete(outboxKey(lane, seq));
      for (const row of rows) {
        const key = outboxKey(lane, row.seq);
        constrain(!outbox.has(key), 'outbox row');
        outbox.set(key, { ...row, lane });
      }
    },
  };
}
