import * as a from '../../support/builders.ts';
import { given, type Thing } from '../../support/given.ts';
import { command } from '../../support/load.ts';

const KEY = { tenantId: a.tenantId(1), subdivisionId: a.subdivisionId(1) };
const SECOND = 1_000;
const MINUTE = 60 * SECOND;

/** Of `count` requests; a second after the license was activated unless it says when. */
function row(count: number, { number = 1, created = a.NOW + SECOND } = {}) {
  return command('AddStatisticRow', { ...KEY, statisticRowId: a.rowId(number), created, countRequests: count });
}

/** Tenant 1 with subdivision 1, whose active license it is. */
function active(changes: Parameters<typeof a.aLicense>[1] = {}): readonly Thing[] {
  return [a.aTenant(1), a.aSubdivision(1, a.licensed(a.anActiveLicense(1, changes)))];
}

describe('AddStatisticRow', () => {
  test('keeps the row and counts it on the active license', () =>
    given(...active({ usedRequests: 7 }))
      .when(row(50))
      .brings([
        'StatisticRowAdded',
        { ...KEY, licenseId: a.licenseId(1), countRequests: 50, counted: true, usedRequests: 57, version: 2 },
      ]));

  test('keeps a row of before the first activation and counts nothing', () =>
    given(...active())
      .when(row(50, { created: a.NOW }))
      .brings(['StatisticRowAdded', { counted: false, usedRequests: 0 }]));

  test.each([
    ['reaches', 100],
    ['crosses', 150],
  ])('keeps the row that %s the limit and deactivates the license', (_, count) =>
    given(...active())
      .when(row(count))
      .brings(
        ['StatisticRowAdded', { counted: true, usedRequests: count }],
        ['LicenseDeactivated', { reason: 'exhausted', status: 'inactive', usedRequests: count, version: 2 }],
        ['SubdivisionLicenseExpired', { workStatus: 'inactive', activeLicenseId: null, version: 2 }],
      ),
  );

  test('needs its subdivision', () => given(a.aTenant(1)).when(row(1)).isRejected('SubdivisionNotFound'));

  test('needs one that works', async () => {
    await given(a.aTenant(1), a.aSubdivision(1)).when(row(1)).isRejected('SubdivisionInactive');
    await given(...active())
      .after(row(100))
      .when(row(1, { number: 2, created: a.NOW + MINUTE }))
      .isRejected('SubdivisionInactive');
  });

  test('refuses a row of when the license had ended', () =>
    given(...active({ type: 'bytime', requestsLimit: null, expiresAt: a.NOW + MINUTE }))
      .when(row(1, { created: a.NOW + MINUTE }))
      .isRejected('LicenseExpired'));

  test('refuses a row more than 5 minutes ahead of the message', async () => {
    const ahead = (created: number) => given(...active()).when(row(1, { created }));
    await ahead(a.NOW + 5 * MINUTE).brings(['StatisticRowAdded']);
    await ahead(a.NOW + 5 * MINUTE + 1).isRejected('StatisticRowInFuture');
  });

  test('adds a row once, by its id and by its time', async () => {
    const added = given(...active()).after(row(1));
    await added.when(row(1, { created: a.NOW + MINUTE })).isRejected('StatisticRowAlreadyExists');
    await added.when(row(1, { number: 2 })).isRejected('StatisticRowAlreadyExists');
    await added.when(row(1, { number: 2, created: a.NOW + MINUTE })).brings(['StatisticRowAdded', { usedRequests: 2 }]);
  });

  test('names the field that is wrong', async () => {
    await given().when(row(-1)).isRejected('InvalidCommand', 'countRequests');
    await given()
      .when(row(1, { created: a.NOW / 1_000 }))
      .isRejected('InvalidCommand', 'created');
  });
});
