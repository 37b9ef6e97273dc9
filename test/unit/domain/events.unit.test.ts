import { eventKey, eventSubject } from '../../../src/domain/events.ts';
import type { EventOf, EventType } from '../../../src/domain/events.ts';
import { deleteSubdivision } from '../../../src/domain/subdivision-commands.ts';
import { createTenant } from '../../../src/domain/tenant.ts';
import { joinTenantAsCreator } from '../../../src/domain/user.ts';
import type { Events } from '../../../src/generated/messages.ts';
import { bycount, NOW, row, SUBDIVISION, TENANT, USER, working, addRow } from './given.ts';

test('a tenant event has its tenant as key and subject', () => {
  const fields = { name: 'Acme', address: '', email: '', phone: '' };
  const [event] = createTenant({ tenantId: TENANT, userId: USER, ...fields }, NOW).events;
  expect(event && [eventKey(event), eventSubject(event)]).toEqual([TENANT, TENANT]);
});

test('an event of a subdivision, its licenses or rows has the tenant as key and the subdivision as subject', () => {
  const s = working(bycount(1, 10));
  for (const event of [...addRow(s, row(10), false, NOW).events, ...deleteSubdivision(s, NOW).events]) {
    expect([eventKey(event), eventSubject(event)]).toEqual([TENANT, SUBDIVISION]);
  }
});

test('a user event has its user as key and subject, with or without a tenant', () => {
  const [event] = joinTenantAsCreator(undefined, USER, TENANT, NOW).events;
  expect(event && [eventKey(event), eventSubject(event)]).toEqual([USER, USER]);
});

test('the records of the events and what the domain tells fit each other (checked by tsc)', () => {
  type Fits<From extends To, To> = From;
  type Misfits = { [T in EventType]: EventOf<T>['data'] extends Events[T] ? never : T }[EventType];
  type EventsFit = Fits<Misfits, never>;
  type Names = Fits<keyof Events, EventType>;
  const checked: [EventsFit[], Names] | undefined = undefined;
  expect(checked).toBeUndefined();
});
