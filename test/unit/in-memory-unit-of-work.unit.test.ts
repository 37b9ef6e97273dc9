import { randomUUID } from 'node:crypto';
import { pairOf } from '../../src/repos/cache.ts';
import { InMemoryDeadLetters } from '../support/in-memory/dead-letters.ts';
import { InMemoryDecidedOffsets } from '../support/in-memory/decided-offsets.ts';
import { InMemoryDatabase, numberKey } from '../support/in-memory/database.ts';
import { InMemoryOutboxMaintenance, InMemoryUnitOfWork } from '../support/in-memory/unit-of-work.ts';
import { describeOutboxMaintenance } from '../support/contract/outbox-maintenance.contract.ts';
import { there } from '../support/contract/subject.ts';
import { describeUnitOfWork } from '../support/contract/unit-of-work.contract.ts';

describeUnitOfWork('InMemoryUnitOfWork', async () => {
  const database = new InMemoryDatabase({ now: () => Date.now() });
  return {
    unitOfWork: new InMemoryUnitOfWork(database, randomUUID),
    letters: new InMemoryDeadLetters(database),
    decidedOffsets: new InMemoryDecidedOffsets(database),
    timers: async () => (await database.snapshot()).timers,
    queueTimers: () =>
      database.transaction(() => {
        for (const timer of database.timers.sorted())
          database.timers.set(pairOf(timer.tenantId, timer.subdivisionId), { ...timer, isQueued: true });
      }),
    putTimer: ({ tenantId, subdivisionId }, due) =>
      database.transaction(() =>
        database.timers.set(pairOf(tenantId, subdivisionId), { tenantId, subdivisionId, due, isQueued: false }),
      ),
    takeOwedEntitlements: () =>
      database.transaction(() => {
        const owed = database.owedEntitlements.sorted();
        for (const key of owed) database.owedEntitlements.delete(pairOf(key.tenantId, key.subdivisionId));
        return owed.map(({ tenantId, subdivisionId }) => ({ tenantId, subdivisionId }));
      }),
    clock: async () => database.clock.now(),
    forgetMessages: async () =>
      database.transaction(() => {
        for (const { hash } of database.inbox.sorted()) database.inbox.delete(hash);
      }),
    outbox: async () => {
      const { outbox } = await database.snapshot();
      return outbox.map(({ lane, seq, value }) => ({ lane, seq, text: value?.toString() ?? '' }));
    },
    deadLetters: async () => {
      const { deadLetters } = await database.snapshot();
      return deadLetters.map(({ received }) => received.offset);
    },
  };
});

describeOutboxMaintenance('InMemoryOutboxMaintenance', () => {
  const database = new InMemoryDatabase({ now: () => Date.now() });
  return Promise.resolve({
    unitOfWork: new InMemoryUnitOfWork(database, randomUUID),
    maintenance: new InMemoryOutboxMaintenance(database),
    letters: new InMemoryDeadLetters(database),
    ageLetter: (letterId, by) =>
      database.transaction(() => {
        const letter = there(database.deadLetters.get(numberKey(letterId)));
        const resolution = letter.resolution && { ...letter.resolution, at: letter.resolution.at - by };
        database.deadLetters.set(numberKey(letterId), { ...letter, resolution });
      }),
    parkedKeyRows: async () => (await database.snapshot()).parkedKeys.length,
    ageLane: (id, by) =>
      database.transaction(() => {
        const lane = there(database.lanes.get(id));
        database.lanes.set(id, { ...lane, seenAt: lane.seenAt - by });
      }),
    ageMessage: (hash, by) =>
      database.transaction(() => {
        const entry = there(database.inbox.get(hash));
        database.inbox.set(hash, { ...entry, receivedAt: entry.receivedAt - by });
      }),
    owed: async () => (await database.snapshot()).outbox.map(({ value }) => value?.toString() ?? ''),
    lanes: async () => (await database.snapshot()).lanes.map(({ lane }) => lane),
  });
});
