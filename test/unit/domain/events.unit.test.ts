import { eventKey, eventSubject } from '../../../src/domain/events.ts';
import type { EventOf, EventType } from '../../../src/domain/events.ts';
import type * as parse from '../../../src/domain/commands.ts';
import { addStatisticRow, deleteSubdivision } from '../../../src/domain/subdivision.ts';
import { createTenant } from '../../../src/domain/tenant.ts';
import { joinTenantAsCreator } from '../../../src/domain/user.ts';
import type { RawProfile } from '../../../src/domain/user.ts';
import type { Commands, Events, OutsideEvents } from '../../../src/generated/messages.ts';
import { bycount, NOW, row, SUBDIVISION, TENANT, USER, working } from './given.ts';

test('a tenant event has its tenant as key and subject', () => {
  const fields = { name: 'Acme', address: '', email: '', phone: '' };
  const [event] = createTenant({ tenantId: TENANT, userId: USER, ...fields }, NOW).events;
  expect(event && [eventKey(event), eventSubject(event)]).toEqual([TENANT, TENANT]);
});

test('an event of a subdivision, its licenses or rows has the tenant as key and the subdivision as subject', () => {
  const s = working(bycount(1, 10));
  for (const event of [...addStatisticRow(s, row(10), false, NOW).events, ...deleteSubdivision(s, NOW).events]) {
    expect([eventKey(event), eventSubject(event)]).toEqual([TENANT, SUBDIVISION]);
  }
});

test('a user event has its user as key and subject, with or without a tenant', () => {
  const [event] = joinTenantAsCreator(undefined, USER, TENANT, NOW).events;
  expect(event && [eventKey(event), eventSubject(event)]).toEqual([USER, USER]);
});

test('the records of the schemas and of the domain fit each other (checked by tsc)', () => {
  type Fits<From extends To, To> = From;
  type Misfits = { [T in EventType]: EventOf<T>['data'] extends Events[T] ? never : T }[EventType];
  type EventsFit = Fits<Misfits, never>;
  type Names = Fits<keyof Events, EventType>;
  type CommandsFit = [
    Fits<Commands['licensing.commands.CreateTenant'], parse.RawCreateTenant>,
    Fits<Commands['licensing.commands.UpdateTenant'], parse.RawUpdateTenant>,
    Fits<Commands['licensing.commands.DeleteTenant'], parse.RawDeleteTenant>,
    Fits<Commands['licensing.commands.CreateSubdivision'], parse.RawCreateSubdivision>,
    Fits<Commands['licensing.commands.UpdateSubdivision'], parse.RawUpdateSubdivision>,
    Fits<Commands['licensing.commands.DeleteSubdivision'], parse.RawDeleteSubdivision>,
    Fits<Commands['licensing.commands.CreateLicense'], parse.RawCreateLicense>,
    Fits<Commands['licensing.commands.UpdateLicense'], parse.RawUpdateLicense>,
    Fits<Commands['licensing.commands.DeleteLicense'], parse.RawDeleteLicense>,
    Fits<Commands['licensing.commands.ActivateSubdivisionLicense'], parse.RawActivateSubdivisionLicense>,
    Fits<Commands['licensing.commands.DeactivateSubdivisionLicense'], parse.RawDeactivateSubdivisionLicense>,
    Fits<Commands['licensing.commands.AddStatisticRow'], parse.RawAddStatisticRow>,
    Fits<Commands['licensing.commands.CreateUser'], parse.RawCreateUser>,
    Fits<OutsideEvents['users.events.UserCreated'], RawProfile>,
    Fits<OutsideEvents['users.events.UserUpdated'], RawProfile>,
  ];
  const checked: [EventsFit[], Names, CommandsFit] | undefined = undefined;
  expect(checked).toBeUndefined();
});
