import type { Knex } from 'knex';
import type { Exported, TenantExports } from '../ports/tenant-exports.ts';
import { getLetters } from '../repos/tables/dead-letter-queries.ts';
import { lettersAboutKey } from '../repos/tables/erasure.ts';
import { EXPORTED_KINDS, exportedRows } from '../repos/tables/export.ts';
import { execute } from '../repos/tables/sql.ts';
import { beginSnapshot, rollBack } from './transaction.ts';

/** How many letters are listed at once, and how many bytes of them are held. */
const LETTERS = 500;
const MAX_BYTES = 8_000_000;
/** For how long whoever reads the export may take before the next step of it. */
const PATIENCE = '10min';

/** What is held about a tenant, on PostgreSQL: one snapshot, in a transaction that can't write. */
export class KnexTenantExports implements TenantExports {
  private readonly db: Knex;

  constructor(db: Knex) {
    this.db = db;
  }

  async *ofTenant(tenantId: string): AsyncGenerator<Exported> {
    const trx = await beginSnapshot(this.db);
    try {
      await execute(trx, `SET LOCAL idle_in_transaction_session_timeout = '${PATIENCE}'`, []);
      for (const kind of EXPORTED_KINDS) {
        for await (const row of exportedRows(trx, kind, tenantId)) yield { kind, row };
      }
      yield* lettersOf(trx, tenantId);
    } finally {
      await rollBack(trx); // it has changed nothing
    }
  }
}

async function* lettersOf(trx: Knex, tenantId: string): AsyncGenerator<Exported> {
  for await (const listed of lettersAboutKey(trx, tenantId, LETTERS)) {
    for (let rest = listed.map(({ letterId }) => letterId); rest.length > 0;) {
      const letters = await getLetters(trx, rest, MAX_BYTES);
      for (const letter of letters) yield { kind: 'letter', letter };
      const last = letters.at(-1)?.letterId ?? Infinity;
      rest = rest.filter((letterId) => letterId > last);
    }
  }
}
