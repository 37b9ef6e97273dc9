import { asValue } from 'awilix/browser';
import type { DomainEvent } from '../../../src/domain/events.ts';
import { activateLicense, deactivateLicense, deleteLicense } from '../../../src/domain/subdivision-commands.ts';
import { createTenant } from '../../../src/domain/tenant.ts';
import { createUser } from '../../../src/domain/user.ts';
import type { Cause } from '../../../src/ports/handlers.ts';
import type { OutgoingMessage } from '../../../src/ports/messages.ts';
import type { Unit } from '../../../src/ports/unit-of-work.ts';
import * as a from '../../support/builders.ts';
import { addSubdivisions, addTenants, addUsers } from '../../support/contract/subject.ts';
import { givenCradle } from '../../support/given-cradle.ts';
import { InMemoryWorld } from '../../support/in-memory/world.ts';

const ID = '70000000-0000-8000-8000-000000000001';
const KEY = { tenantId: a.tenantId(1), subdivisionId: a.subdivisionId(1), licenseId: a.licenseId(1) };
const CONTACT = { address: '', email: '', phone: '' };

/** Handlers as the container has them, on tables in memory. */
async function givenHandlers({ userDomainKnown = true } = {}) {
  const { database, unitOfWork } = new InMemoryWorld();
  const cradle = await givenCradle({ userDomainKnown: asValue(userDomainKnown) });
  return {
    has: (work: (unit: Unit) => Promise<void>) => unitOfWork.run([], work),
    /** All handlers of an event hear of it; it has the id ID and follows from message 1. */
    async hear(events: readonly DomainEvent[], context: Partial<Cause['context']> = {}) {
      const { identity } = a.aMessage(1);
      const whole = { identity, causationId: identity.id, correlationId: null, traceparent: null, key: null };
      const origin = { eventId: ID, context: { ...whole, ...context }, count: events.length };
      const { outbox } = await unitOfWork.run([], async (unit) => {
        for (const [index, event] of events.entries()) {
          const cause: Cause = { ...origin, index };
          for (const handler of cradle.eventHandlers.get(event.type) ?? []) await handler.handle(event, unit, cause);
        }
      });
      return outbox.map((message) => read(message));
    },
    stored: () => database.snapshot(),
  };

  function read({ topic, key, value, headers }: OutgoingMessage) {
    const decoded = cradle.codec.decode(value);
    const texts = cradle.cloudEvents.decodeHeaders(headers).map(([name, text]) => [name, String(text)]);
    const data = decoded.known ? { ...Object(decoded.data) } : undefined;
    return { topic, key: String(key), type: decoded.type, data, headers: Object.fromEntries(texts) };
  }
}

describe('the list of active licenses', () => {
  const inactive = a.aSubdivision(1, a.licensed(a.aLicense(1)));
  const active = a.aSubdivision(1, a.licensed(a.anActiveLicense(1)));
  const { events: activated } = activateLicense(inactive, KEY, a.NOW);

  test.each([
    ['has what was activated', [activated], [KEY]],
    ['has it once, however often that is told', [activated, activated], [KEY]],
    ['lacks what was deactivated', [activated, deactivateLicense(active, KEY, a.NOW).events], []],
    ['lacks what was deleted', [activated, deleteLicense(active, KEY, a.NOW).events], []],
    ['minds no deletion of what was never active', [deleteLicense(inactive, KEY, a.NOW).events], []],
  ])('%s', async (_, told, listed) => {
    const { has, hear, stored } = await givenHandlers();
    await has(async (unit) => {
      await addTenants(unit, a.aTenant(1));
      await addSubdivisions(unit, inactive);
    });
    for (const events of told) await hear(events);
    expect((await stored()).activeLicenses).toEqual(listed);
  });
});

describe('the look-up of a new user', () => {
  const userId = a.userId(1);
  const { state, events } = createUser({ userId }, a.NOW);
  const kept = { userId, causeId: ID, correlationId: 'message-1', traceparent: null, requestedAt: a.NOW };

  test('is queued behind the event, under the id of the event, and kept until it is answered', async () => {
    const { has, hear, stored } = await givenHandlers();
    await has((unit) => addUsers(unit, state));
    const [told, lookUp] = await hear(events);
    expect(told?.type).toBe('licensing.events.UserCreated');
    expect(lookUp).toMatchObject({ type: 'licensing.internal.LookUpUser', data: { userId }, key: userId });
    expect(lookUp?.headers).toMatchObject({ ce_id: ID, ce_causationid: ID, ce_correlationid: 'message-1' });
    expect((await stored()).userLookUps).toEqual([kept]);
  });

  test('is only kept while there is no user domain to ask', async () => {
    const { has, hear, stored } = await givenHandlers({ userDomainKnown: false });
    await has((unit) => addUsers(unit, state));
    expect(await hear(events)).toHaveLength(1);
    expect((await stored()).userLookUps).toEqual([kept]);
  });

  test('is not wanted of a user whose profile is known', async () => {
    const { has, hear, stored } = await givenHandlers();
    await has((unit) => addUsers(unit, { ...state, hasProfile: true }));
    expect(await hear(events)).toHaveLength(1);
    expect((await stored()).userLookUps).toEqual([]);
  });
});

describe('an event on its way to other services', () => {
  const tenant = { tenantId: a.tenantId(1), userId: a.userId(1), name: 'Acme', ...CONTACT };
  const { events } = createTenant(tenant, a.NOW);

  test('has the key, id, time and cause that the contract gives it', async () => {
    const { hear } = await givenHandlers();
    const [told] = await hear(events);
    expect(told).toMatchObject({
      topic: 'licensing.events.v1',
      key: a.tenantId(1),
      type: 'licensing.events.TenantCreated',
      data: { ...events[0]?.data },
      headers: {
        ce_id: ID,
        ce_type: 'licensing.events.TenantCreated',
        ce_subject: a.tenantId(1),
        ce_time: new Date(a.NOW).toISOString(),
        ce_causationid: 'message-1',
        ce_causationsource: a.aMessage(1).identity.source,
        ce_answerindex: '0',
        ce_answercount: String(events.length),
        ce_correlationid: 'message-1',
      },
    });
    expect(told?.headers).not.toHaveProperty('traceparent');
  });

  test('carries the correlation and the trace of its cause', async () => {
    const { hear } = await givenHandlers();
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const [told] = await hear(events, { correlationId: 'order 7', traceparent });
    expect(told?.headers).toMatchObject({ ce_correlationid: 'order 7', traceparent });
  });
});
