import { NotLoaded } from '../ports/errors.ts';
import type { RowSameness, StatisticRowRepository } from '../ports/repositories.ts';
import { momentOf, namesOf, pairOf, type Cache, type RowNames } from './cache.ts';
import { overlay } from './identity-map.ts';
import { loadSameRows } from './loading.ts';

export function statisticRowRepository(cache: Cache): StatisticRowRepository {
  const { store, journal, rows } = cache;

  /** The row that was asked for last is nearly always the one that is added next. */
  let last: { readonly row: RowSameness; readonly names: RowNames } | undefined;

  function namesOfSame(row: RowSameness): RowNames {
    return last !== undefined && isSameRow(last.row, row) ? last.names : namesOf(row);
  }

  function isThere(row: RowSameness): boolean {
    const names = rows.looked.get(row);
    if (names === undefined) throw new NotLoaded(`${row.statisticRowId} was not declared`);
    last = { row, names };
    return rows.present.has(names.pair) || rows.present.has(names.moment);
  }

  return {
    async get(tenantId, id) {
      const pair = pairOf(tenantId, id);
      const added = rows.added.get(pair);
      if (added !== undefined || rows.removed.has(pair)) return added;
      return store.statisticRows.get(tenantId, id);
    },
    isThere,
    async exists(row) {
      if (!rows.looked.has(row)) await loadSameRows(cache, [row]);
      return isThere(row);
    },
    async list(tenantId, subdivisionId, page) {
      const changed = [...rows.removed.keys(), ...rows.added.keys()].flatMap((pair) => {
        const row = rows.added.get(pair) ?? rows.removed.get(pair);
        if (row?.tenantId !== tenantId || row.subdivisionId !== subdivisionId) return [];
        return [{ id: row.statisticRowId, value: rows.added.get(pair) }];
      });
      const stored = await store.statisticRows.list(tenantId, subdivisionId, {
        ...page,
        limit: page.limit + changed.length,
      });
      return overlay(stored, changed, ({ statisticRowId }) => statisticRowId, page);
    },
    add(row) {
      const { pair, moment } = namesOfSame(row);
      const isNewPair = addTo(rows.present, pair);
      const isNewMoment = addTo(rows.present, moment);
      journal.record(() => {
        rows.added.delete(pair);
        if (isNewPair) rows.present.delete(pair);
        if (isNewMoment) rows.present.delete(moment);
      });
      rows.added.set(pair, row);
    },
    remove(row) {
      const pair = pairOf(row.tenantId, row.statisticRowId);
      const added = rows.added.get(pair);
      const removed = rows.removed.has(pair);
      journal.record(() => {
        if (!removed) rows.removed.delete(pair);
        if (added) rows.added.set(pair, added);
        rows.present.add(pair).add(momentOf(row));
      });
      rows.added.delete(pair);
      if (added === undefined) rows.removed.set(pair, row);
      rows.present.delete(pair);
      rows.present.delete(momentOf(row));
    },
  };
}

/** @returns whether the set did not have it */
function addTo<T>(set: Set<T>, value: T): boolean {
  const { size } = set;
  return set.add(value).size > size;
}

function isSameRow(a: RowSameness, b: RowSameness): boolean {
  return (
    a.statisticRowId === b.statisticRowId &&
    a.created === b.created &&
    a.subdivisionId === b.subdivisionId &&
    a.tenantId === b.tenantId
  );
}
