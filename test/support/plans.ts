import type { Knex } from 'knex';
import type { TestDatabase } from './database.ts';

interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Index Name'?: string;
  readonly 'Index Cond'?: string;
  readonly Plans?: readonly PlanNode[];
}

/** The statements that a database is asked from now on. */
export function statementsOf(db: Knex): ReadonlySet<string> {
  const statements = new Set<string>();
  db.on('query', ({ sql }: { readonly sql: string }) => {
    if (!sql.startsWith('PREPARE ')) statements.add(sql);
  });
  return statements;
}

const STATISTICS = [
  ['as small as can be', 'reltuples = 1, relpages = 1'],
  ['empty', 'reltuples = 0, relpages = 0'],
  ['large', 'reltuples = 10000000, relpages = 100000'],
] as const;

/** What may be read otherwise. */
const EXCEPTIONS = new Set([
  // Whether any key is parked: the first entry answers.
  'Index Only Scan of parked_keys_pkey, by ()',
  // One row.
  'Seq Scan of entitlement_epoch',
  // All of them, page by page.
  'Index Scan of licenses_one_active, by ()',
  // Who makes a license asks for its id in the whole tenant, and takes either index.
  'Index Scan of licenses_tenant_id_subdivision_id_license_id_status_key, by (tenant_id, license_id)',
]);

/** That each statement which joins a table with rows from elsewhere looks its rows up by key, whatever statistics there are. */
export function describeLookUps(database: () => TestDatabase, statements: () => ReadonlySet<string>): void {
  test.each(STATISTICS)(
    'rows are looked up by key where the planner takes the tables for %s',
    async (_, statistics) => {
      const { db } = database();
      await db.raw(`UPDATE pg_class SET ${statistics} WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'`);
      const columns = await indexColumns(db);
      const joins = [...statements()].filter((sql) => / = ANY \(ARRAY\[|\bunnest\(.* JOIN /s.test(sql));
      const found: string[] = [];
      for (const sql of joins) {
        for (const scan of await unkeyedScans(db, sql, columns))
          if (!EXCEPTIONS.has(scan)) found.push(`${scan}: ${sql}`);
      }
      expect(found).toEqual([]);
      expect(joins).not.toEqual([]);
    },
  );
}

/** One text for each scan: `Index Scan of licenses_pkey, by ()`. */
async function unkeyedScans(db: Knex, sql: string, columns: IndexColumns): Promise<readonly string[]> {
  return db.transaction(async (trx) => {
    // To knex a question mark is a binding.
    await trx.raw(`PREPARE explained AS ${sql.replaceAll('?', '\\?')}`);
    const values = Array<string>(parametersOf(sql)).fill('NULL').join();
    const { rows } = await trx.raw<{ rows: [{ 'QUERY PLAN': [{ Plan: PlanNode }] }] }>(
      `EXPLAIN (FORMAT JSON) EXECUTE explained${values === '' ? '' : `(${values})`}`,
    );
    await trx.raw('DEALLOCATE explained');
    return nodesOf(rows[0]['QUERY PLAN'][0].Plan).flatMap((node) => unkeyed(node, columns));
  });
}

type IndexColumns = ReadonlyMap<string, readonly string[]>;

/** The columns of each index by its name, in their order. */
async function indexColumns(db: Knex): Promise<IndexColumns> {
  const { rows } = await db.raw<{ rows: readonly { readonly name: string; readonly columns: readonly string[] }[] }>(`
    SELECT c.relname AS name, array_agg(pg_get_indexdef(i.indexrelid, k, true) ORDER BY k) AS columns
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid, generate_series(1, i.indnkeyatts) AS k
    GROUP BY c.relname`);
  return new Map(rows.map(({ name, columns }) => [name, columns]));
}

function parametersOf(sql: string): number {
  return Math.max(0, ...[...sql.matchAll(/\$(\d+)/g)].map(([, number]) => Number(number)));
}

function nodesOf(node: PlanNode): readonly PlanNode[] {
  return [node, ...(node.Plans ?? []).flatMap(nodesOf)];
}

function unkeyed(node: PlanNode, columns: IndexColumns): readonly string[] {
  const kind = node['Node Type'];
  if (kind === 'Seq Scan') return [`Seq Scan of ${node['Relation Name']}`];
  const index = node['Index Name'];
  if (index === undefined) return [];
  const condition = node['Index Cond'] ?? '';
  const own = columns.get(index) ?? [];
  const asked = own.filter((column) => new RegExp(`\\b${column}\\b`).test(condition));
  const leads = asked.length > 0 && own.slice(0, asked.length).every((column, i) => column === asked[i]);
  return leads ? [] : [`${kind} of ${index}, by (${asked.join(', ')})`];
}
