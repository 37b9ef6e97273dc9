import type { DomainEvent } from '../../../src/domain/events.ts';
import { deleteTenant } from '../../../src/domain/tenant.ts';
import { TooMuchAtOnce } from '../../../src/ports/errors.ts';
import { InMemoryWorld } from '../../support/in-memory/world.ts';
import * as a from '../../support/builders.ts';
import { aDispatcher, aTask, cloudEvents } from '../../support/tasks.ts';

const TENANT_DELETED = deleteTenant(a.aTenant(1), a.NOW).events;

describe('a chunk that takes long to be decided', () => {
  it('lets timers have their turn between two messages', async () => {
    const { dispatch, turns } = given();
    await dispatch([busy, busy, busy, busy]);
    expect(turns()).toBeGreaterThanOrEqual(2);
  });

  it('lets them have it between two events of one message, too', async () => {
    const { dispatch, turns } = given(busy);
    await dispatch([() => [1, 2, 3, 4].flatMap(() => TENANT_DELETED)]);
    expect(turns()).toBeGreaterThanOrEqual(2);
  });
});

it('a chunk that is decided in no time keeps the processor until it is', async () => {
  const { dispatch, turns } = given();
  await dispatch(Array.from({ length: 100 }, () => () => []));
  expect(turns()).toBe(0);
});

it('a message that reads more than the rest of its chunk leaves room for is left to a smaller chunk, not buried', async () => {
  const { dispatch } = given();
  const reading = dispatch([
    () => {
      throw new TooMuchAtOnce('more than fits');
    },
  ]);
  await expect(reading).rejects.toThrow(TooMuchAtOnce);
});

/** Longer than anybody may hold the processor. */
function busy(): readonly DomainEvent[] {
  const end = performance.now() + 150;
  while (performance.now() < end);
  return [];
}

/** Tasks that do such work, events that are handled so, and how often a timer has had its turn between the first of them and the last. */
function given(handled: () => unknown = () => undefined) {
  let turns = 0;
  const dispatcher = aDispatcher({
    cloudEvents: cloudEvents({ eventId: () => 'an event' }),
    eventHandlers: new Map([['licensing.events.TenantDeleted', [{ handle: () => void handled() }]]]),
  });
  const { unitOfWork } = new InMemoryWorld();
  return {
    turns: () => turns,
    async dispatch(works: readonly (() => readonly DomainEvent[])[]): Promise<void> {
      const tasks = works.map((work, offset) => aTask(offset, { handle: async () => work() }));
      await unitOfWork.run(tasks, async (unit) => {
        const timer = setInterval(() => (turns += 1), 0);
        const endings = await dispatcher.dispatch(tasks, unit).finally(() => clearInterval(timer));
        expect(endings).toEqual(tasks.map(() => ({ what: 'accepted' })));
      });
    },
  };
}
