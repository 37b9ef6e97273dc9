import type { Knex } from 'knex';
import { EXPORTED, type ExportedRow } from '../../ports/tenant-exports.ts';
import { execute, query } from './sql.ts';

type Kind = keyof typeof EXPORTED;

/** How many rows are held in memory. */
const STEP = 500;

/** By kind, in what order its rows come; what is not of the tenant by a column of its own also says how. */
const PARTS: Readonly<Record<Kind, { readonly order: string; readonly where?: string }>> = {
  tenant: { order: 'tenant_id' },
  tenantName: { order: 'name' },
  user: { order: 'user_id' },
  userLookUp: { order: 'user_id', where: 'user_id IN (SELECT user_id FROM users WHERE tenant_id = ?)' },
  subdivision: { order: 'subdivision_id' },
  license: { order: 'license_id' },
  activeLicense: { order: 'license_id' },
  timer: { order: 'subdivision_id' },
  entitlement: { order: 'subdivision_id' },
  statisticRow: { order: 'statistic_row_id' },
  statisticRowRemoval: { order: 'subdivision_id' },
};

export const EXPORTED_KINDS = Object.keys(PARTS) as readonly Kind[];

/** In a transaction, through a cursor. Every column is told but the lane, which is nobody's data. */
export async function* exportedRows(trx: Knex, kind: Kind, tenantId: string): AsyncGenerator<ExportedRow> {
  const { order, where = 'tenant_id = ?' } = PARTS[kind];
  const cursor = `exported_${kind.toLowerCase()}`;
  await execute(
    trx,
    `DECLARE ${cursor} NO SCROLL CURSOR FOR SELECT to_jsonb(t) - 'lane' AS row FROM ${EXPORTED[kind]} t WHERE ${where} ORDER BY ${order}`,
    [tenantId],
  );
  for (;;) {
    const found = await query<{ readonly row: ExportedRow }>(trx, `FETCH ${STEP} FROM ${cursor}`, []);
    for (const { row } of found) yield inCamelCase(row);
    if (found.length < STEP) return;
  }
}

function inCamelCase(row: ExportedRow): ExportedRow {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [
      name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase()),
      value,
    ]),
  );
}
