import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { postgresStore } from '../../src/repos/tables/postgres.ts';
import { KnexUnitOfWork } from '../../src/uow/unit-of-work.ts';
import * as a from '../support/builders.ts';
import { addSubdivisions, addTenants, addUsers, changeSubdivision } from '../support/contract/subject.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { licensing } from '../support/world-process.ts';

const PAGE = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8');
const [TENANT, SUBDIVISION, USER] = [a.tenantId(1), a.subdivisionId(1), a.userId(1)];

let database: TestDatabase;
let unitOfWork: KnexUnitOfWork;

beforeAll(async () => {
  database = await createTestDatabase();
  unitOfWork = new KnexUnitOfWork(database.db, randomUUID);
  const letter = a.aMessage(1, { keys: [TENANT] });
  await unitOfWork.run([letter], async (unit) => {
    await addTenants(unit, a.aTenant(1));
    await addSubdivisions(unit, a.aSubdivision(1, { licenses: [a.aLicense(1)] }));
    await addUsers(unit, a.aUser(1, { tenantId: TENANT }));
    unit.settle(letter, 'dead');
    unit.deadLetters.add(a.aDeadLetter(1, [TENANT]));
  });
});

afterAll(() => database.drop());

describe('whoever reads', () => {
  it('does not wait for whoever holds the rows', async () => {
    await database.db.transaction(async (holder) => {
      await lockAll(holder);
      expect(await readAll()).toEqual([a.aTenant(1).name, a.aSubdivision(1).name, a.aUser(1).email]);
    });
  });

  it('holds up nobody', async () => {
    await unitOfWork.read(async ({ tenants, subdivisions, users }) => {
      await Promise.all([tenants.get(TENANT), subdivisions.get(TENANT, SUBDIVISION), users.get(USER)]);
      await database.db.transaction(async (other) => {
        await other.raw("SET LOCAL lock_timeout = '1s'");
        await lockAll(other);
      });
    });
  });

  it('sees one moment: a subdivision with the licenses that it had', async () => {
    const later = 'changed meanwhile';
    await unitOfWork.read(async ({ tenants, subdivisions, licenses }) => {
      await tenants.get(TENANT);
      await unitOfWork.run([], async (unit) => {
        const changed = { name: later, licenses: [a.aLicense(1, { name: later })] };
        await changeSubdivision(unit, a.aSubdivision(1), changed);
      });
      expect(await subdivisions.get(TENANT, SUBDIVISION)).toMatchObject({ name: a.aSubdivision(1).name });
      expect(await licenses.get(TENANT, a.licenseId(1))).toMatchObject({ name: a.aLicense(1).name });
    });
    await unitOfWork.read(async ({ subdivisions }) => {
      expect(await subdivisions.get(TENANT, SUBDIVISION)).toMatchObject({ name: later });
    });
  });
});

describe('a role with the rights of docs/operations.md, which are to SELECT,', () => {
  const role = `reader_${randomUUID().replaceAll('-', '')}`;
  let url: string;

  beforeAll(async () => {
    await database.db.raw(`CREATE ROLE ${role} LOGIN PASSWORD '${role}'`);
    url = Object.assign(new URL(database.url), { username: role, password: role }).href;
  });

  beforeEach(async () => {
    await database.db.raw(`REVOKE ALL ON ALL TABLES IN SCHEMA public FROM ${role}`);
  });

  afterAll(() => database.db.raw(`DROP OWNED BY ${role}; DROP ROLE ${role}`));

  it.each([
    ['`show`', ['show', 'tenant', a.aTenant(1).name]],
    ['`show`', ['show', 'subdivision', TENANT, SUBDIVISION]],
    ['`show`', ['show', 'license', TENANT, a.licenseId(1)]],
    ['`show`', ['show', 'user', USER]],
    ['`export`', ['export', TENANT]],
    ['`dlq list`', ['dlq', 'list']],
    ['`dlq show`', ['dlq', 'show', '1']],
    ['`dlq export`', ['dlq', 'export', '--key', TENANT]],
  ])('runs %s: %j', async (verb, args) => {
    for (const table of rightsOf(verb)) await database.db.raw(`GRANT SELECT ON ${table} TO ${role}`);
    const ended = await licensing(args, { DATABASE_URL: url });
    expect([ended.code, ended.stderr]).toEqual([0, '']);
    expect(ended.stdout).toContain(args.includes(USER) ? USER : TENANT);
  });

  it('discards no letter', async () => {
    await database.db.raw(`GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${role}`);
    const discard = ['dlq', 'discard', '1', '--why', 'x', '--yes'];
    expect(await licensing(discard, { DATABASE_URL: url })).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('42501'),
    });
  });
});

/** The tables that a verb reads, as the page has them. */
function rightsOf(verb: string): readonly string[] {
  const [, table = ''] = /^\| verb +\| SELECT on[^\n]*\n([^]*?)\n\n/m.exec(PAGE) ?? [];
  const row = table.split('\n').find((line) => line.split('|')[1]?.includes(verb));
  const tables = row?.split('|')[2]?.trim().split(', ') ?? [];
  expect(tables).not.toEqual([]);
  return tables;
}

async function readAll(): Promise<readonly unknown[]> {
  return unitOfWork.read(async ({ tenants, subdivisions, users }) => {
    const [tenant, subdivision] = [await tenants.get(TENANT), await subdivisions.get(TENANT, SUBDIVISION)];
    return [tenant?.name, subdivision?.name, (await users.get(USER))?.email];
  });
}

async function lockAll(trx: TestDatabase['db']): Promise<void> {
  const { tenants, subdivisions, users } = postgresStore(trx);
  expect(await tenants.lock([TENANT])).toHaveLength(1);
  expect(await subdivisions.lock([{ tenantId: TENANT, subdivisionId: SUBDIVISION }], Infinity)).toHaveLength(1);
  expect(await users.lock([USER])).toHaveLength(1);
}
