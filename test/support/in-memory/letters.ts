import type { Store } from '../../../src/repos/tables/store.ts';
import type { Position } from '../../../src/ports/messages.ts';
import { constrain } from './constraints.ts';
import { numberKey, type InMemoryDatabase } from './database.ts';
import { storedOf } from './dead-letters.ts';

// The tables of dead letters and parked keys in memory.

export function deadLetters(db: InMemoryDatabase): Store['deadLetters'] {
  const { deadLetters, parkedLetters, clock } = db;
  const has = ({ topic, partition, offset, timestamp }: Position): boolean =>
    deadLetters.filter(
      ({ received: at }) =>
        at.topic === topic && at.partition === partition && at.offset === offset && at.timestamp === timestamp,
    ).length > 0;
  return {
    has: async (position) => has(position),
    async add(letters) {
      for (const letter of letters) {
        constrain(!has(letter.received), 'dead letter at a position');
        const letterId = db.nextLetterId();
        deadLetters.set(numberKey(letterId), { ...letter, letterId, state: 'open', resolution: null, erasure: null });
        if (!letter.parks) continue;
        for (const key of letter.keys) parkedLetters.set(`${key}/${numberKey(letterId)}`, { key, letterId });
      }
    },
    keysOf: async (letterIds) => letterIds.flatMap((letterId) => deadLetters.get(numberKey(letterId))?.keys ?? []),
    lock: async (letterIds) => letterIds.flatMap((letterId) => deadLetters.get(numberKey(letterId)) ?? []),
    stored: async (letterIds, maxBytes) => storedOf(db, letterIds, maxBytes),
    async ofIdentities(hashes) {
      return deadLetters
        .sorted()
        .filter(({ identity }) => hashes.includes(identity.hash))
        .map(({ identity: { hash }, received: position, parks }) => ({ hash, position, parks }));
    },
    async supersede(superseded) {
      for (const { hash, leavesNewest, note } of superseded) {
        const letters = deadLetters.sorted().filter(({ identity }) => identity.hash === hash);
        for (const letter of leavesNewest ? letters.slice(0, -1) : letters) {
          if (letter.state !== 'open' || letter.parks) continue;
          const resolution = { state: 'superseded', by: null, note, at: clock.now() } as const;
          deadLetters.set(numberKey(letter.letterId), { ...letter, state: 'superseded', resolution });
        }
      }
    },
    async resolve(letterIds, { state, by, note }) {
      for (const letter of letterIds.flatMap((letterId) => deadLetters.get(numberKey(letterId)) ?? [])) {
        const resolution = { state, by, note, at: clock.now() };
        deadLetters.set(numberKey(letter.letterId), { ...letter, state, resolution });
      }
    },
  };
}

export function parkedKeys({ parkedKeys, parkedLetters, clock }: InMemoryDatabase): Store['parkedKeys'] {
  const isEmpty = (key: string): boolean => parkedLetters.filter((letter) => letter.key === key).length === 0;
  return {
    lock: async (keys) => keys.flatMap((key) => parkedKeys.get(key) ?? []),
    async hold(keys) {
      return keys.map((key) => {
        const row = parkedKeys.get(key) ?? { key, parked: false, lane: null, parkedAt: clock.now() };
        parkedKeys.set(key, row);
        return row;
      });
    },
    async park(keys) {
      for (const key of keys) {
        const row = parkedKeys.get(key);
        if (row?.parked === true) continue;
        parkedKeys.set(key, { key, parked: true, lane: row?.lane ?? null, parkedAt: clock.now() });
      }
    },
    async lowest(keys) {
      const wanted = new Set(keys);
      const waiting = parkedLetters.filter(({ key }) => wanted.has(key)).map(({ letterId }) => letterId);
      return waiting.length === 0 ? undefined : Math.min(...waiting);
    },
    async inTheWay(keys, letterIds) {
      const last = letterIds.at(-1) ?? 0;
      return keys.flatMap((key) => {
        const lower = parkedLetters
          .filter((one) => one.key === key && one.letterId < last && !letterIds.includes(one.letterId))
          .map(({ letterId }) => letterId);
        return lower.length === 0 ? [] : [{ key, letterId: Math.min(...lower) }];
      });
    },
    async after(keys, after, limit) {
      const waiting = parkedLetters.filter(({ key, letterId }) => keys.includes(key) && letterId > after);
      return [...new Set(waiting.map(({ letterId }) => letterId))].sort((a, b) => a - b).slice(0, limit);
    },
    async leave(letterIds, keys, lane) {
      for (const { key, letterId } of parkedLetters.filter((one) => letterIds.includes(one.letterId))) {
        parkedLetters.delete(`${key}/${numberKey(letterId)}`);
      }
      if (lane === undefined) return;
      for (const key of keys) {
        const { parked = false, parkedAt = clock.now() } = parkedKeys.get(key) ?? {};
        parkedKeys.set(key, { key, lane, parkedAt, parked: parked && !isEmpty(key) });
      }
    },
    async free(keys) {
      const rows = keys.flatMap((key) => parkedKeys.get(key) ?? []).filter(({ parked }) => parked);
      for (const row of rows) parkedKeys.set(row.key, { ...row, parked: false });
      return rows.length;
    },
    async forget(keys) {
      for (const key of keys) if (parkedKeys.get(key)?.parked === false) parkedKeys.delete(key);
    },
  };
}
