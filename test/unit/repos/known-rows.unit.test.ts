import fc from 'fast-check';
import type { StatisticRowId, SubdivisionId, TenantId } from '../../../src/domain/ids.ts';
import { KnownRows } from '../../../src/repos/known-rows.ts';

/** Few ids, so that they meet: also one id in two tenants, and more times of one subdivision than are gone through one by one. */
const ROW = fc.record({
  tenantId: fc.constantFrom<TenantId>('t1' as TenantId, 't2' as TenantId),
  statisticRowId: fc.nat(60).map((n) => `r${n}` as StatisticRowId),
  subdivisionId: fc.constantFrom<SubdivisionId>('s1' as SubdivisionId, 's2' as SubdivisionId),
  created: fc.nat(40),
});

test('rows share what is known of an id, and of a time, exactly when they have it in common', () => {
  fc.assert(
    fc.property(fc.array(ROW, { minLength: 2, maxLength: 120 }), (rows) => {
      const known = new KnownRows(false);
      const names = rows.map((row) => known.namesOf(row));
      for (const [i, a] of rows.entries()) {
        for (const [j, b] of rows.entries()) {
          const sameId = a.tenantId === b.tenantId && a.statisticRowId === b.statisticRowId;
          const samePlace = a.tenantId === b.tenantId && a.subdivisionId === b.subdivisionId;
          expect(names[i]?.id === names[j]?.id).toBe(sameId);
          expect(names[i]?.moment === names[j]?.moment).toBe(samePlace && a.created === b.created);
        }
      }
      for (const [i, { tenantId, statisticRowId }] of rows.entries()) {
        expect(known.idOf(tenantId, statisticRowId)).toBe(names[i]?.id);
      }
      expect(names.map(({ id }) => id)).not.toContain(known.idOf('t1' as TenantId, 'another'));
    }),
    { numRuns: 100 },
  );
});
