import { NotLoaded } from '../ports/errors.ts';
import type { RowSameness, StatisticRowRepository } from '../ports/repositories.ts';
import type { Cache } from './cache.ts';
import type { RowNames } from './known-rows.ts';
import { overlay } from './identity-map.ts';
import { loadRows, loadSameRows } from './loading.ts';

export function statisticRowRepository(cache: Cache): StatisticRowRepository {
  const { store, journal, rows } = cache;

  /** The row that was asked for last is nearly always the one that is added next. */
  let last: { readonly row: RowSameness; readonly names: RowNames } | undefined;

  function namesOfSame(row: RowSameness): RowNames {
    return last !== undefined && isSameRow(last.row, row) ? last.names : rows.namesOf(row);
  }

  function isThere(row: RowSameness): boolean {
    const names = rows.looked.get(row);
    if (names === undefined) throw new NotLoaded(`${row.statisticRowId} was not declared`);
    last = { row, names };
    return names.id.isTaken || names.moment.isTaken;
  }

  return {
    async get(tenantId, statisticRowId) {
      const id = rows.idOf(tenantId, statisticRowId);
      if (id.added !== undefined || id.removed !== undefined) return id.added;
      if (id.found === undefined) await loadRows(cache, [{ tenantId, statisticRowId }]);
      return id.corrected ?? id.found ?? undefined;
    },
    isThere,
    async exists(row) {
      if (!rows.looked.has(row)) await loadSameRows(cache, [row]);
      return isThere(row);
    },
    async list(tenantId, subdivisionId, page) {
      const changed = [...rows.removed, ...rows.added, ...rows.corrected].flatMap(({ added, removed, corrected }) => {
        const row = added ?? removed ?? corrected;
        if (row?.tenantId !== tenantId || row.subdivisionId !== subdivisionId) return [];
        return [{ id: row.statisticRowId, value: added ?? (removed === undefined ? corrected : undefined) }];
      });
      const stored = await store.statisticRows.list(tenantId, subdivisionId, {
        ...page,
        limit: page.limit + changed.length,
      });
      return overlay(stored, changed, ({ statisticRowId }) => statisticRowId, page);
    },
    add(row) {
      const { id, moment } = namesOfSame(row);
      const [wasTaken, wasMomentTaken] = [id.isTaken, moment.isTaken];
      journal.record(() => {
        rows.added.delete(id);
        id.added = undefined;
        id.isTaken = wasTaken;
        moment.isTaken = wasMomentTaken;
      });
      rows.added.add(id);
      id.added = row;
      id.isTaken = moment.isTaken = true;
    },
    correct(row) {
      const { id } = rows.namesOf(row);
      const { added, corrected } = id;
      journal.record(() => {
        id.added = added;
        id.corrected = corrected;
        if (corrected === undefined) rows.corrected.delete(id);
      });
      if (added !== undefined) id.added = row;
      else {
        rows.corrected.add(id);
        id.corrected = row;
      }
    },
    remove(row) {
      const { id, moment } = rows.namesOf(row);
      const { added, removed } = id;
      journal.record(() => {
        id.removed = removed;
        id.added = added;
        if (removed === undefined) rows.removed.delete(id);
        if (added !== undefined) rows.added.add(id);
        id.isTaken = moment.isTaken = true;
      });
      rows.added.delete(id);
      id.added = undefined;
      if (added === undefined) {
        rows.removed.add(id);
        id.removed = row;
      }
      id.isTaken = moment.isTaken = false;
    },
  };
}

function isSameRow(a: RowSameness, b: RowSameness): boolean {
  return (
    a.statisticRowId === b.statisticRowId &&
    a.created === b.created &&
    a.subdivisionId === b.subdivisionId &&
    a.tenantId === b.tenantId
  );
}
