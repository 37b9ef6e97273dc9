import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { REASON_NAMES } from '../../src/ports/dead-letters.ts';
import { NO_TERMS } from '../../src/domain/terms.ts';
import { postgresStore } from '../../src/repos/tables/postgres.ts';
import { Migrations } from '../../src/uow/migrations.ts';
import { KnexUnitOfWork } from '../../src/uow/unit-of-work.ts';
import * as a from '../support/builders.ts';
import { addRows, addSubdivisions, addTenants, addUsers } from '../support/contract/subject.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { schemaOf } from '../support/schema-of.ts';
import { until } from '../support/world-until.ts';

describe('migrations', () => {
  let database: TestDatabase;
  let migrations: Migrations;

  beforeAll(async () => {
    database = await createTestDatabase({ empty: true });
    migrations = new Migrations(database.db, fileURLToPath(new URL('../../migrations', import.meta.url)));
  });

  afterAll(() => database.drop());

  it('each have a way back that leaves what was there before, and forth again', async () => {
    expect(await schemaOf(database.db)).toEqual([]);
    const steps = await migrations.up();
    const full = await schemaOf(database.db);
    const seen = new Set([JSON.stringify(full)]);
    for (let count = 1; count <= steps.length; count += 1) {
      const undone: string[] = [];
      for (let i = 0; i < count; i += 1) undone.push(...(await migrations.down(false)));
      expect(undone).toEqual(steps.slice(-count).reverse());
      expect((await migrations.status()).pending).toEqual(steps.slice(-count));
      seen.add(JSON.stringify(await schemaOf(database.db)));
      expect(await migrations.up()).toEqual(steps.slice(-count));
      expect(await schemaOf(database.db)).toEqual(full);
    }
    // Every step made a difference, and without any of them nothing is left.
    expect(seen.size).toBe(steps.length + 1);
    expect([...seen].at(-1)).toBe('[]');
  });

  it('are all undone at once, and tell what is missing', async () => {
    const { done } = await migrations.status();
    expect(await migrations.down(true)).toEqual([...done].reverse());
    expect(await schemaOf(database.db)).toEqual([]);
    await expect(migrations.check()).rejects.toThrow('licensing migrate up');
    await migrations.up();
    await expect(migrations.check()).resolves.toBeUndefined();
  });

  it('hold no table while they wait for another, so that no lane waits for them in a circle', async () => {
    const { db } = database;
    const tables = ['subdivisions', 'licenses', 'statistic_rows'];
    const back = async (): Promise<void> => {
      while (!(await migrations.status()).pending.includes('0016_time')) await migrations.down(false);
    };
    const isWaitedFor = async (table: string): Promise<boolean> => {
      const { rows } = await db.raw<{ rows: readonly unknown[] }>(
        `SELECT FROM pg_locks WHERE NOT granted AND relation = ?::regclass
         AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
        [table],
      );
      return rows.length > 0;
    };
    for (const migrate of [() => migrations.up(), back]) {
      for (const [i, held] of tables.entries()) {
        await migrations.up();
        if (migrate !== back) await back();
        const lane = await db.transaction();
        await lane.raw(`SELECT FROM ${held}`);
        const migrated = migrate();
        migrated.catch(() => undefined); // told below
        try {
          await until(`a step waits for ${held}`, () => isWaitedFor(held));
          for (const table of tables.toSpliced(i, 1)) await lane.raw(`SELECT FROM ${table}`);
        } finally {
          await lane.rollback();
        }
        await migrated;
      }
    }
    await migrations.up();
  });

  it('leave what is owed in chunks as rows, which the version before can publish', async () => {
    const { db } = database;
    const [rows, adopted] = [
      ['a', 'b'].map((text, seq) => ({ seq, ...a.anEvent('k', text) })),
      [{ seq: 0, ...a.anEvent('k', 'a'), origin: { lane: a.laneId(1), seq: 0 } }],
    ];
    const { outbox } = postgresStore(db);
    const written = { living: false, delivered: undefined, asChunk: true };
    await outbox.write({ ...written, lane: a.laneId(1), rows });
    await outbox.write({ ...written, lane: a.laneId(2), rows: adopted });
    const owed = (await outbox.owed([1, 2].map((n) => ({ lane: a.laneId(n), key: 'k' })))).map((row) => ({ ...row }));
    while (!(await migrations.status()).pending.includes('0015_outbox_chunks')) await migrations.down(false);
    const stored = await db('outbox').orderBy(['lane', 'seq']);
    expect(stored).toEqual(
      owed.map(({ origin, ...row }) => {
        const isAdopted = origin.lane !== row.lane;
        return { ...row, origin_lane: isAdopted ? origin.lane : null, origin_seq: isAdopted ? origin.seq : null };
      }),
    );
    await db('outbox').del();
    await migrations.up();
  });

  it('have no way back over terms, which the version before would forget', async () => {
    const { db } = database;
    await new KnexUnitOfWork(db, randomUUID).run([], async (unit) => {
      const terms = { ...NO_TERMS, usageThresholds: [80] };
      await addTenants(unit, a.aTenant(1));
      await addSubdivisions(unit, a.aSubdivision(1, { licenses: [a.aLicense(1, { terms })] }));
    });
    const back = async (): Promise<void> => {
      while (!(await migrations.status()).pending.includes('0018_terms')) await migrations.down(false);
    };
    await expect(back()).rejects.toThrow('licenses with terms');
    expect((await migrations.status()).done.at(-1)).toBe('0018_terms');
    await db('licenses').update({ usage_thresholds: null });
    await back();
    await migrations.up();
    await db.raw('TRUNCATE tenants CASCADE');
  });

  it('let dead letters have every reason that the code knows, and no other', async () => {
    const { rows } = await database.db.raw<{ rows: { condition: string }[] }>(
      `SELECT pg_get_expr(conbin, conrelid) AS condition FROM pg_constraint
       WHERE conrelid = 'dead_letters'::regclass AND conname = 'dead_letters_reason_check'`,
    );
    const listed = [...(rows[0]?.condition ?? '').matchAll(/'(\w+)'::text/g)].map(([, reason]) => reason);
    expect(listed.toSorted()).toEqual(REASON_NAMES.toSorted());
  });
});

describe('a hand-written statement', () => {
  let database: TestDatabase;
  const [T, S, L, U] = [a.tenantId, a.subdivisionId, a.licenseId, a.userId];

  beforeAll(async () => {
    database = await createTestDatabase();
    await new KnexUnitOfWork(database.db, randomUUID).run([], async (unit) => {
      await addTenants(unit, a.aTenant(1), a.aTenant(2));
      await addSubdivisions(
        unit,
        a.aSubdivision(1, a.licensed(a.anActiveLicense(1), a.aLicense(2))),
        a.aSubdivision(2, a.licensed(a.anActiveLicense(3))),
        a.aSubdivision(3, { licenses: [a.aLicense(4)] }),
        a.aSubdivision(4, a.licensed(aBytimeLicense(5))),
      );
      await addUsers(unit, a.aUser(1, { tenantId: T(1) }));
      await addRows(unit, a.aRow(1));
    });
  });

  afterAll(() => database.drop());

  const license = (n: number, set: string): string => `UPDATE licenses SET ${set} WHERE license_id = '${L(n)}'`;
  const subdivision = (n: number, set: string): string =>
    `UPDATE subdivisions SET ${set} WHERE subdivision_id = '${S(n)}'`;
  const tenant = (set: string): string => `UPDATE tenants SET ${set} WHERE tenant_id = '${T(1)}'`;
  const user = (set: string): string => `UPDATE users SET ${set} WHERE user_id = '${U(1)}'`;
  const row = (set: string): string => `UPDATE statistic_rows SET ${set}`;
  const newTenant = (name: string): string =>
    `INSERT INTO tenants (tenant_id, version, name, address, email, phone, created_by)
     VALUES ('${T(9)}', 1, '${name}', '', '', '', '${U(1)}')`;

  const refused: readonly (readonly [what: string, sql: string, constraint: string])[] = [
    [
      'two active licenses in a subdivision',
      license(2, "status = 'active', activated_at = now()"),
      'licenses_one_active',
    ],
    ['an active subdivision without a license', subdivision(3, "work_status = 'active'"), 'check'],
    ['a work status that there is not', subdivision(3, "work_status = 'paused'"), 'work_status_check'],
    [
      "another subdivision's license as the active one",
      subdivision(1, `active_license_id = '${L(3)}'`),
      'active_license',
    ],
    ['an inactive license as the active one', subdivision(1, `active_license_id = '${L(2)}'`), 'active_license'],
    [
      'a license that there is not as the active one',
      subdivision(1, `active_license_id = '${L(9)}'`),
      'active_license',
    ],
    ['an active license made inactive behind its subdivision', license(1, "status = 'inactive'"), 'active_license'],
    [
      'an active license deleted behind its subdivision',
      `DELETE FROM licenses WHERE license_id = '${L(1)}'`,
      'active_license',
    ],
    ['an active license moved to another subdivision', license(1, `subdivision_id = '${S(3)}'`), 'active_license'],
    ['an active license that was never activated', license(1, 'activated_at = NULL'), 'check'],
    ['an active license that was deactivated', license(1, 'deactivated_at = now()'), 'check'],
    ['as much used as the limit of an active license', license(1, 'used_requests = 100'), 'licenses_below_limit'],
    ['more used than the limit of an active license', license(1, 'used_requests = 101'), 'licenses_below_limit'],
    [
      'a limit lowered to what an active license has used',
      license(1, 'requests_limit = 1, used_requests = 1'),
      'licenses_below_limit',
    ],
    ['a negative usage', license(2, 'used_requests = -1'), 'used_requests_check'],
    ['a limit of nothing', license(2, 'requests_limit = 0'), 'requests_limit_check'],
    ['bycount without a limit', license(2, 'requests_limit = NULL'), 'check'],
    ['bytime without an end', license(5, 'expires_at = NULL'), 'licenses_bytime_ends'],
    ['bytime with a period', license(5, "period = 'day'"), 'licenses_period'],
    ['an unknown period', license(2, "period = 'hour'"), 'check'],
    ['an overage of some percent without saying how many', license(2, "overage = 'percent'"), 'licenses_overage'],
    ['percents without such an overage', license(2, 'overage_percent = 10'), 'licenses_overage'],
    ['too many thresholds', license(2, 'usage_thresholds = array_fill(1::bigint, ARRAY[11])'), 'check'],
    ['an active license that is scheduled', license(1, 'scheduled = true'), 'licenses_scheduled'],
    ['an inactive license in grace', license(2, 'in_grace = true'), 'licenses_in_grace'],
    ['bytime with a limit', license(5, 'requests_limit = 5'), 'check'],
    ['a license type that there is not', license(2, "type = 'byluck'"), 'check'],
    ['a second tenant of a name', newTenant('Tenant 1'), 'tenants_name_tenant_id_fkey'],
    ["a tenant name that is not in 'tenant_names'", newTenant('Nowhere'), 'tenants_name_tenant_id_fkey'],
    ["another tenant's name", tenant("name = 'Tenant 2'"), 'tenants_name_tenant_id_fkey'],
    ['one name given to two tenants', `INSERT INTO tenant_names VALUES ('Tenant 1', '${T(9)}')`, 'tenant_names_pkey'],
    ['two names for one tenant', `INSERT INTO tenant_names VALUES ('Other', '${T(1)}')`, 'tenant_names_tenant_id_key'],
    [
      'the name of a living tenant released',
      `DELETE FROM tenant_names WHERE tenant_id = '${T(1)}'`,
      'tenants_name_tenant_id_fkey',
    ],
    ['a tenant without a name', tenant('name = NULL'), 'check'],
    ['an empty name', tenant("name = ''"), 'name_check'],
    ['a deleted tenant with its data', tenant('deleted = true'), 'check'],
    [
      'a deleted tenant with some of its data',
      tenant('deleted = true, name = NULL, address = NULL, email = NULL, phone = NULL'),
      'check',
    ],
    ['a deleted subdivision with its data', subdivision(3, 'deleted = true'), 'check'],
    [
      'a deleted subdivision with an active license',
      subdivision(1, 'deleted = true, name = NULL, location = NULL, work_status = NULL'),
      'check',
    ],
    ['a deleted license with its data', license(4, 'deleted = true'), 'check'],
    ['a deleted user with its data', user('deleted = true'), 'check'],
    [
      'a deleted user in a tenant',
      user('deleted = true, superadmin = NULL, has_profile = NULL, email = NULL, profile_updated_at = NULL'),
      'check',
    ],
    ['a version of 0', tenant('version = 0'), 'version_check'],
    ['a negative count of requests', row('count_requests = -1'), 'count_requests_check'],
    ['a count of requests that is too large', row('count_requests = 1000000001'), 'count_requests_check'],
    [
      'a second row of the same time',
      `INSERT INTO statistic_rows SELECT tenant_id, gen_random_uuid(), subdivision_id, license_id,
      created, 1, true FROM statistic_rows`,
      'statistic_rows_same_time',
    ],
    [
      'a subdivision of no tenant',
      `INSERT INTO subdivisions (tenant_id, subdivision_id, version, name, location, work_status)
      VALUES ('${T(9)}', '${S(9)}', 1, 'x', '', 'inactive')`,
      'subdivisions_tenant_id_fkey',
    ],
    ['a license of no subdivision', license(4, `subdivision_id = '${S(9)}'`), 'licenses_tenant_id_subdivision_id_fkey'],
    ['a user of no tenant', user(`tenant_id = '${T(9)}'`), 'users_tenant_id_fkey'],
    ['a tenant deleted for good while it has subdivisions', `DELETE FROM tenants WHERE tenant_id = '${T(1)}'`, 'fkey'],
    ['an outcome that there is not', `INSERT INTO inbox VALUES ('${T(1)}', '${T(1)}', NULL, 'lost')`, 'outcome_check'],
  ];

  it.each(refused)('is refused: %s', async (_, sql, constraint) => {
    const refusal: unknown = await database.db.raw(sql).catch((error: unknown) => error);
    expect(refusal).toHaveProperty('code', expect.stringMatching(/^23/));
    expect(refusal).toHaveProperty('constraint', expect.stringContaining(constraint));
  });

  it('of a worker of the version before deletes what this one has written', async () => {
    const before = `deleted = true, status = NULL, name = NULL, description = NULL, type = NULL, used_requests = NULL,
      created_at = NULL, requests_limit = NULL, expires_at = NULL, activated_at = NULL, deactivated_at = NULL`;
    const ended = { activatedAt: a.NOW, deactivatedAt: a.NOW, endReason: 'command' } as const;
    await new KnexUnitOfWork(database.db, randomUUID).run([], async (unit) => {
      const licenses = [a.aLicense(6, ended)];
      await addSubdivisions(unit, a.aSubdivision(6, { licenses, suspended: true, settledAt: a.NOW }));
    });
    await database.db.raw(license(6, before));
    await database.db.raw(subdivision(6, 'deleted = true, name = NULL, location = NULL, work_status = NULL'));
  });

  it('of a worker of the version before that uses a license up is read as its exhaustion', async () => {
    const unitOfWork = new KnexUnitOfWork(database.db, randomUUID);
    const ended = { activatedAt: a.NOW, deactivatedAt: a.NOW, endReason: null };
    const licenses = [a.aLicense(7, { ...ended, usedRequests: 100 }), a.aLicense(8, { ...ended, usedRequests: 99 })];
    await unitOfWork.run([], (unit) => addSubdivisions(unit, a.aSubdivision(7, { licenses })));
    const { value } = await unitOfWork.run([], (unit) => unit.subdivisions.get(T(1), S(7)));
    expect(value?.licenses.map(({ endReason }) => endReason)).toEqual(['exhausted', null]);
  });

  it('that breaks nothing is taken', async () => {
    await database.db.raw(license(1, 'used_requests = 99'));
    await database.db.raw(
      `BEGIN; ${license(1, "status = 'inactive'")}; ${subdivision(1, "work_status = 'inactive', active_license_id = NULL")}; COMMIT`,
    );
    await database.db.raw(subdivision(2, "work_status = 'inactive'"));
  });
});

function aBytimeLicense(number: number) {
  return a.anActiveLicense(number, { type: 'bytime', requestsLimit: null, expiresAt: a.NOW + 1 });
}
