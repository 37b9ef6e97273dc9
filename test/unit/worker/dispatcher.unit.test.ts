import { randomUUID } from 'node:crypto';
import type { DomainEvent } from '../../../src/domain/events.ts';
import { deleteTenant } from '../../../src/domain/tenant.ts';
import type { CloudEvents } from '../../../src/ports/cloud-events.ts';
import { TooMuchAtOnce } from '../../../src/ports/errors.ts';
import { InMemoryDatabase } from '../../support/in-memory/database.ts';
import { InMemoryUnitOfWork } from '../../support/in-memory/unit-of-work.ts';
import { Dispatcher } from '../../../src/worker/dispatcher.ts';
import { NAMELESS, Task } from '../../../src/worker/task.ts';
import * as a from '../../support/builders.ts';

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
  const cloudEvents: Pick<CloudEvents, 'eventId'> = { eventId: () => 'an event' };
  const dispatcher = new Dispatcher({
    cloudEvents: cloudEvents as CloudEvents,
    eventHandlers: new Map([['licensing.events.TenantDeleted', [{ handle: () => void handled() }]]]),
    topics: { commands: 'c', users: 'u', events: 'e', rejections: 'r', userLookUps: 'l' },
    consumerGroup: 'test',
    parkUndecodable: false,
    maxLetterBytes: 1_000_000,
  });
  const unitOfWork = new InMemoryUnitOfWork(new InMemoryDatabase({ now: () => a.NOW }), randomUUID);
  return {
    turns: () => turns,
    async dispatch(works: readonly (() => readonly DomainEvent[])[]): Promise<void> {
      const tasks = works.map((work, offset) => taskOf(work, offset));
      await unitOfWork.run(tasks, async (unit) => {
        const timer = setInterval(() => (turns += 1), 0);
        const endings = await dispatcher.dispatch(tasks, unit);
        clearInterval(timer);
        expect(endings).toEqual(tasks.map(() => ({ what: 'accepted' })));
      });
    },
  };
}

function taskOf(work: () => readonly DomainEvent[], offset: number): Task {
  const { identity, digest } = a.aMessage(offset);
  const received = { topic: 'c', partition: 0, offset, timestamp: a.NOW, key: null, value: null, headers: {} };
  const context = { identity, causationId: identity.id, correlationId: null, traceparent: null, key: null };
  return new Task(received, context, digest, 'test', NAMELESS, {
    kind: 'handle',
    declare: () => undefined,
    handle: async () => work(),
  });
}
