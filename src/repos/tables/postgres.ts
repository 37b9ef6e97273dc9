import type { Knex } from 'knex';
import { activeLicenseTable } from './active-license.ts';
import { beginning } from './decided-offset.ts';
import { deadLetterTable } from './dead-letter.ts';
import { entitlementTable } from './entitlement.ts';
import { inboxTable } from './inbox.ts';
import { licenseTable } from './license.ts';
import { outboxTable } from './outbox.ts';
import { parkedKeyTable } from './parked-key.ts';
import { statisticRowTable } from './statistic-row.ts';
import type { Store } from './store.ts';
import { subdivisionTable } from './subdivision.ts';
import { tenantTable } from './tenant.ts';
import { timerTable } from './timer.ts';
import { userLookUpTable } from './user-look-up.ts';
import { userTable } from './user.ts';

/** The tables as one transaction sees them. @param options.locks false in one that only reads: it may not lock tenants, subdivisions and users */
export function postgresStore(db: Knex, { locks }: { readonly locks: boolean } = { locks: true }): Store {
  return {
    begin: (decision) => beginning(db, decision),
    inbox: inboxTable(db),
    tenants: tenantTable(db, locks),
    subdivisions: subdivisionTable(db, locks),
    licenses: licenseTable(db),
    timers: timerTable(db),
    entitlements: entitlementTable(db),
    statisticRows: statisticRowTable(db),
    users: userTable(db, locks),
    activeLicenses: activeLicenseTable(db),
    userLookUps: userLookUpTable(db),
    outbox: outboxTable(db),
    deadLetters: deadLetterTable(db),
    parkedKeys: parkedKeyTable(db),
  };
}
