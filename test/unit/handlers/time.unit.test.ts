import { NO_PROGRESS } from '../../../src/domain/license.ts';
import { NO_TERMS } from '../../../src/domain/terms.ts';
import * as a from '../../support/builders.ts';
import { given, type Thing } from '../../support/given.ts';
import { advance, command } from '../../support/load.ts';

const KEY = { tenantId: a.tenantId(1), subdivisionId: a.subdivisionId(1) };
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

function advanced(upTo: number, changes: Partial<Record<keyof typeof KEY, string>> = {}) {
  return advance({ ...KEY, ...changes, upTo });
}

/** Tenant 1 with subdivision 1, whose active license expires a minute after NOW. */
function expiring(): readonly Thing[] {
  const license = a.anActiveLicense(1, { type: 'bytime', requestsLimit: null, expiresAt: a.NOW + MINUTE });
  return [a.aTenant(1), a.aSubdivision(1, a.licensed(license))];
}

describe('AdvanceSubdivision', () => {
  test('ends the license that has expired by then, as of its expiry, and the timer with it', async () => {
    const now = a.NOW + 3 * MINUTE;
    const ended = {
      reason: 'expired',
      deactivatedAt: a.NOW + MINUTE,
      effectiveAt: a.NOW + MINUTE,
      version: 2,
    } as const;
    const stored = await given(...expiring())
      .when(advanced(now), now)
      .brings(['LicenseDeactivated', ended], ['SubdivisionLicenseExpired', { workStatus: 'inactive', version: 2 }]);
    expect(stored.timers).toEqual([]);
  });

  test('keeps closed counts for as long as is configured', async () => {
    const closed = { number: 0, startsAt: null, endsAt: a.NOW, usedRequests: 7, periodStartsAt: a.NOW - DAY };
    const license = a.anActiveLicense(1, {
      terms: { ...NO_TERMS, period: 'year', periodAnchor: a.NOW },
      progress: { ...NO_PROGRESS, periodStartsAt: a.NOW, countNumber: 1, countStartsAt: a.NOW, closedCounts: [closed] },
    });
    const now = a.NOW + 366 * DAY;
    const stored = await given(a.aTenant(1), a.aSubdivision(1, a.licensed(license)))
      .within({ correction: 400 * DAY })
      .when(advanced(now), now)
      .brings(['LicensePeriodStarted']);
    const kept = stored.subdivisions[0]?.value?.licenses[0]?.progress.closedCounts;
    expect(kept?.map(({ number }) => number)).toEqual([0, 1]);
  });

  test('takes what is due at its very time', () =>
    given(...expiring())
      .when(advanced(a.NOW + MINUTE), a.NOW + MINUTE)
      .brings(['LicenseDeactivated'], ['SubdivisionLicenseExpired']));

  test('changes nothing where nothing is due yet', () =>
    given(...expiring())
      .when(advanced(a.NOW + MINUTE - 1), a.NOW + MINUTE - 1)
      .bringsNothing());

  test('changes nothing where another message was first', async () => {
    const now = a.NOW + 2 * MINUTE;
    await given(...expiring())
      .after(command('DeactivateSubdivisionLicense', { ...KEY, licenseId: a.licenseId(1) }))
      .when(advanced(now), now)
      .bringsNothing();
    await given(...expiring())
      .after(command('DeleteSubdivision', KEY))
      .when(advanced(now), now)
      .bringsNothing();
  });

  test('changes nothing where there is no such subdivision, or only of another tenant', async () => {
    await given(a.aTenant(1)).when(advanced(a.NOW)).bringsNothing();
    const now = a.NOW + 2 * MINUTE;
    await given(...expiring(), a.aTenant(2))
      .when(advanced(now, { tenantId: a.tenantId(2) }), now)
      .bringsNothing();
  });

  test.each(['tenantId', 'subdivisionId'])('is none of ours with a malformed %s', (field) =>
    given(a.aTenant(1))
      .when(advanced(a.NOW, { [field]: 'north' }))
      .isInvalid(field),
  );
});
