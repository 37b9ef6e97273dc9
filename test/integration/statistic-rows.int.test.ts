import { postgresStore } from '../../src/repos/tables/postgres.ts';
import * as a from '../support/builders.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

it('statistic rows go into their table subdivision by subdivision, tenant by tenant, whatever order they come in', async () => {
  const places = [
    [2, 21],
    [1, 11],
    [2, 22],
    [1, 12],
  ] as const;
  const rows = [1, 2, 3].flatMap((round) =>
    places.map(([tenant, subdivision]) =>
      a.aRow(round * 100 + subdivision, {
        tenantId: a.tenantId(tenant),
        subdivisionId: a.subdivisionId(subdivision),
        created: a.NOW + round,
      }),
    ),
  );
  await postgresStore(database.db).statisticRows.flush(rows, [], []);
  const stored = await database.db('statistic_rows').orderByRaw('ctid').pluck<string[]>('subdivision_id');
  expect(stored).toEqual([21, 22, 11, 12].flatMap((n) => Array<string>(3).fill(a.subdivisionId(n))));
});
