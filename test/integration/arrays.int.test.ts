import fc from 'fast-check';
import type { Knex } from 'knex';
import { booleans, byteas, longs, times, uuids } from '../../src/repos/tables/arrays.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

describe('arrays in binary', () => {
  let test: TestDatabase;
  let database: Knex;
  beforeAll(async () => {
    test = await createTestDatabase({ empty: true });
    database = test.db;
  });
  afterAll(async () => {
    await test.drop();
  });

  /** What the server makes of an array, element by element, as text. */
  async function read(type: string, array: Buffer, element = 'v::text'): Promise<readonly (string | null)[]> {
    const sql = `SELECT ${element} AS v FROM unnest(?::${type}[]) WITH ORDINALITY AS x (v, n) ORDER BY n`;
    const { rows } = await database.raw<{ rows: { v: string | null }[] }>(sql, [array]);
    return rows.map(({ v }) => v);
  }

  const nullable = <T>(values: fc.Arbitrary<T>): fc.Arbitrary<(T | null)[]> =>
    fc.array(fc.option(values), { maxLength: 50 });

  it('hold ids, with or without dashes', async () => {
    await fc.assert(
      fc.asyncProperty(nullable(fc.uuid()), async (values) => {
        expect(await read('uuid', uuids(values))).toEqual(values);
        expect(await read('uuid', uuids(values.map((value) => value?.replaceAll('-', '') ?? null)))).toEqual(values);
      }),
    );
  });

  it('hold every whole number that we write', async () => {
    await fc.assert(
      fc.asyncProperty(nullable(fc.maxSafeInteger()), async (values) => {
        expect(await read('bigint', longs(values))).toEqual(
          values.map((value) => (value === null ? null : `${value}`)),
        );
      }),
    );
  });

  it('hold times to the millisecond, to the end of the year 9999', async () => {
    const ms = '((extract(epoch FROM v) * 1000)::numeric(30, 6))::text';
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: -1e12, max: 253_402_300_799_999 })), async (values) => {
        expect(await read('timestamptz', times(values), ms)).toEqual(values.map((value) => `${value}.000000`));
      }),
    );
  });

  it('hold booleans and bytes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.boolean()), nullable(fc.uint8Array()), async (flags, bytes) => {
        expect(await read('boolean', booleans(flags))).toEqual(flags.map(String));
        const buffers = bytes.map((value) => (value === null ? null : Buffer.from(value)));
        expect(await read('bytea', byteas(buffers), "encode(v, 'hex')")).toEqual(
          buffers.map((value) => value?.toString('hex') ?? null),
        );
      }),
    );
  });
});
