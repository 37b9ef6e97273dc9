import { createTenant, deleteTenant, updateTenant } from '../../../src/domain/tenant.ts';
import { NOW, TENANT, USER } from './given.ts';

const CREATE = { tenantId: TENANT, userId: USER, name: 'Acme', address: 'Main street 1', email: '', phone: '1' };
const UPDATE = { tenantId: TENANT, name: 'Acme AS', address: 'Side street 2', email: 'a@b.example', phone: '' };

test('a new tenant remembers its creator and starts at version 1', () => {
  const { state, events } = createTenant(CREATE, NOW);
  const { userId, ...fields } = CREATE;
  expect(state).toEqual({ ...fields, createdBy: userId, version: 1 });
  expect(events).toEqual([{ type: 'licensing.events.TenantCreated', data: { ...state, occurredAt: NOW } }]);
});

test('an update replaces all four fields and keeps the creator', () => {
  const { state, events } = updateTenant(createTenant(CREATE, NOW).state, UPDATE, NOW + 1);
  expect(state).toEqual({ ...UPDATE, createdBy: USER, version: 2 });
  expect(events).toEqual([{ type: 'licensing.events.TenantUpdated', data: { ...state, occurredAt: NOW + 1 } }]);
});

test('a deletion leaves a version, and tells the state before it with that version', () => {
  const before = createTenant(CREATE, NOW).state;
  const { state, events } = deleteTenant(before, NOW + 1);
  expect(state).toEqual({ version: 2 });
  expect(events).toEqual([
    { type: 'licensing.events.TenantDeleted', data: { ...before, version: 2, occurredAt: NOW + 1 } },
  ]);
});
