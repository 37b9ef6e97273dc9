import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { correctStatisticRow } from '../../src/domain/correction.ts';
import { entitlementOf } from '../../src/domain/entitlement.ts';
import type { Change } from '../../src/domain/events.ts';
import { deactivateLicense, updateSubdivision } from '../../src/domain/subdivision-commands.ts';
import type { Subdivision } from '../../src/domain/subdivision.ts';
import { renewLicense } from '../../src/domain/terms-commands.ts';
import { Migrations } from '../../src/uow/migrations.ts';
import { KnexUnitOfWork } from '../../src/uow/unit-of-work.ts';
import * as a from '../support/builders.ts';
import { addRows, addSubdivisions, addTenants, reading, there } from '../support/contract/subject.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

// What this version makes of its own rows after a worker of the version before time, which writes its own columns and no other, has gone on
// with them: as after a way back to that version, and forth again.

const [T, S, L] = [a.tenantId(1), a.subdivisionId(1), a.licenseId(1)];
const LICENSE = { tenantId: T, subdivisionId: S, licenseId: L };
const LATER = a.NOW + 60_000;

let database: TestDatabase;
let unitOfWork: KnexUnitOfWork;

beforeAll(async () => {
  database = await createTestDatabase();
  unitOfWork = new KnexUnitOfWork(database.db, randomUUID);
});

beforeEach(async () => {
  await database.clear();
  await unitOfWork.run([], async (unit) => {
    await addTenants(unit, a.aTenant(1));
    await addSubdivisions(unit, a.aSubdivision(1, a.licensed(a.anActiveLicense(1))));
    await addRows(unit, a.aRow(1, { countRequests: 60 }));
  });
});

afterAll(() => database.drop());

describe('a suspension', () => {
  it('that an older worker lifted is over, also when it has ended the license since', async () => {
    await suspend();
    await older({ workStatus: 'active' });
    await older({ workStatus: 'inactive', active: false });
    expect(await subdivision()).toMatchObject({ suspended: false, workStatus: 'inactive' });
    expect(await renewed()).toMatchObject({ suspended: false, workStatus: 'active' });
    expect(entitlementOf(await subdivision(), LATER)).toMatchObject({ allowed: true, reason: 'active' });
  });

  it('that an older worker lifted with an activation is over, too', async () => {
    await suspend();
    await change((s) => deactivateLicense(s, LICENSE, a.NOW));
    expect(await subdivision()).toMatchObject({ suspended: true, activeLicenseId: null });
    await older({ workStatus: 'active' });
    await older({ workStatus: 'inactive', active: false });
    expect(await renewed()).toMatchObject({ suspended: false, workStatus: 'active' });
  });

  it('that no older worker lifted stays, though one has ended the license', async () => {
    await suspend();
    await older({ workStatus: 'inactive', active: false });
    expect(await renewed()).toMatchObject({ suspended: true, workStatus: 'inactive' });
  });
});

describe('what ended a license', () => {
  it('is its exhaustion when an older worker has activated it since, and used it up', async () => {
    await change((s) => deactivateLicense(s, LICENSE, a.NOW));
    expect(await endReason()).toBe('command');
    await older({ workStatus: 'active' });
    expect(await endReason()).toBeNull();
    await older({ workStatus: 'inactive', active: false, usedRequests: 100 });
    expect(await endReason()).toBe('exhausted');
    expect(entitlementOf(await subdivision(), LATER)).toMatchObject({ allowed: false, reason: 'exhausted' });

    const correction = { tenantId: T, subdivisionId: S, statisticRowId: a.rowId(1), countRequests: 10 };
    const given = { ...correction, reason: 'counted twice', reactivate: true };
    const { events } = await change((s) => correctStatisticRow(s, given, a.aRow(1, { countRequests: 60 }), LATER));
    expect(events.map(({ type }) => type)).toContain('licensing.events.LicenseActivated');
  });

  it('is not known any more when an older worker has activated and deactivated it since', async () => {
    await change((s) => deactivateLicense(s, LICENSE, a.NOW));
    await older({ workStatus: 'active' });
    await older({ workStatus: 'inactive', active: false });
    expect(await endReason()).toBeNull();
  });

  it('stays as it is while an older worker changes something else', async () => {
    await change((s) => deactivateLicense(s, LICENSE, a.NOW));
    await older({ workStatus: 'inactive', active: false, usedRequests: 1 });
    expect(await endReason()).toBe('command');
  });
});

it('what older workers have left before the step is put right by it', async () => {
  const migrations = new Migrations(database.db, fileURLToPath(new URL('../../migrations', import.meta.url)));
  while (!(await migrations.status()).pending.includes('0022_older_workers_say_what_holds')) {
    await migrations.down(false);
  }
  await database.db('subdivisions').update({ suspended: true });
  await database.db('licenses').update({ end_reason: 'expired' });
  await migrations.up();
  await older({ workStatus: 'inactive', active: false });
  expect(await subdivision()).toMatchObject({ suspended: false, licenses: [{ endReason: null }] });
});

/** The hot path of usage is to cost nothing more, nor anything that this version writes by itself. */
it.each([
  ['usage that is counted', `licenses SET used_requests = used_requests + 1`, []],
  ['a subdivision that is touched', `subdivisions SET version = version + 1, lane = NULL`, []],
  ['a license of this version', `licenses SET status = 'active', end_reason = NULL`, []],
  ['a subdivision of this version', `subdivisions SET work_status = 'active', suspended = false`, []],
  ['words that hold no more', `licenses SET status = 'active', end_reason = 'command'`, ['licenses_active_again']],
])('for %s no trigger is called that is not needed', async (_, update, triggers) => {
  const { rows } = await database.db.raw<{ rows: readonly Record<'QUERY PLAN', readonly Plan[]>[] }>(
    `EXPLAIN (ANALYZE, FORMAT JSON) UPDATE ${update}`,
  );
  const [plan] = there(rows[0])['QUERY PLAN'];
  const called = there(plan).Triggers.map((trigger) => trigger['Trigger Name']);
  expect(called.filter((name) => !name.startsWith('RI_'))).toEqual(triggers);
});

interface Plan {
  readonly Triggers: readonly { readonly 'Trigger Name': string }[];
}

async function subdivision(): Promise<Subdivision> {
  return there(await reading({ unitOfWork }, ({ subdivisions }) => subdivisions.get(T, S)));
}

async function endReason(): Promise<unknown> {
  return (await subdivision()).licenses[0]?.endReason;
}

/** By this version. */
async function change(decide: (s: Subdivision) => Change<Subdivision>): Promise<Change<Subdivision>> {
  const { value } = await unitOfWork.run([], async ({ subdivisions }) => {
    const changed = decide(there(await subdivisions.get(T, S)));
    subdivisions.update(changed.state);
    return changed;
  });
  return value;
}

async function suspend(): Promise<void> {
  const { name, location, linkToSubdivisionProcessingDomain } = await subdivision();
  const command = { tenantId: T, subdivisionId: S, name, location, linkToSubdivisionProcessingDomain };
  await change((s) => updateSubdivision(s, { ...command, workStatus: 'inactive' }, a.NOW));
}

async function renewed(): Promise<Subdivision> {
  const kept = { expiresAt: null, requestsLimit: null, resetUsage: false, expectedTermsVersion: null };
  return (await change((s) => renewLicense(s, { ...LICENSE, ...kept, activate: true }, LATER))).state;
}

/** The statements of a worker of the version before, with the columns that it names. Default: its license is active. */
async function older({ workStatus = 'active', active = true, usedRequests = 60 }): Promise<void> {
  const { subdivisionId, ...s } = a.aSubdivision(1);
  const license = a.aLicense(1);
  await database.db.transaction(async (trx) => {
    await trx.raw(
      `UPDATE subdivisions s SET lane = NULL, version = s.version + 1, deleted = false, name = ?, location = ?,
         link_to_subdivision_processing_domain = NULL, work_status = ?, active_license_id = ? WHERE subdivision_id = ?`,
      [s.name, s.location, workStatus, active ? L : null, subdivisionId],
    );
    await trx.raw(
      `UPDATE licenses l SET deleted = false, status = ?, name = ?, description = ?, type = ?, requests_limit = ?, used_requests = ?,
         created_at = created_at, expires_at = NULL, activated_at = activated_at, deactivated_at = ? WHERE license_id = ?`,
      [
        active ? 'active' : 'inactive',
        ...[license.name, license.description, license.type, license.requestsLimit, usedRequests],
        active ? null : new Date(LATER),
        license.licenseId,
      ],
    );
  });
}
