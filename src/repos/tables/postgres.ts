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

/** The tables as one transaction sees them. */
export function postgresStore(db: Knex): Store {
  return {
    begin: (decision) => beginning(db, decision),
    inbox: inboxTable(db),
    tenants: tenantTable(db),
    subdivisions: subdivisionTable(db),
    licenses: licenseTable(db),
    timers: timerTable(db),
    entitlements: entitlementTable(db),
    statisticRows: statisticRowTable(db),
    users: userTable(db),
    activeLicenses: activeLicenseTable(db),
    userLookUps: userLookUpTable(db),
    outbox: outboxTable(db),
    deadLetters: deadLetterTable(db),
    parkedKeys: parkedKeyTable(db),
  };
}
