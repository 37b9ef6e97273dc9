import { randomUUID } from 'node:crypto';
import { Rejection } from '../../../src/domain/rejection.ts';
import type { ChunkRecord, TransactionRecord } from '../../../src/ports/chunk-record.ts';
import { DatabaseUnavailable, HistoryLost } from '../../../src/ports/errors.ts';
import type { UnitOfWork } from '../../../src/ports/unit-of-work.ts';
import { Lane } from '../../../src/worker/lane.ts';
import type { Task } from '../../../src/worker/task.ts';
import * as a from '../../support/builders.ts';
import { InMemoryWorld } from '../../support/in-memory/world.ts';
import { aDispatcher, aTask, cloudEvents } from '../../support/tasks.ts';
import { silentTelemetry } from '../../support/telemetry.ts';

const SPAN = { traceId: '1'.repeat(32), spanId: '2'.repeat(16), parentId: undefined };
const STEPS = ['begin', 'decide', 'flush', 'commit'];

describe('the record of a chunk', () => {
  it('tells its steps and its publication, and of its messages those that are traced', async () => {
    const [record] = await recordsOf([accepted(1), accepted(2, SPAN), rejected(3, SPAN)]);
    expect(record).toMatchObject({ lane: 'test', messages: 3, failure: undefined, publication: { messages: 3 } });
    expect(record?.transactions.map(brief)).toEqual([{ messages: 3, steps: STEPS, committed: true }]);
    const [transaction] = record?.transactions ?? [];
    expect(record?.traced).toMatchObject([
      { position: { offset: 2 }, ending: { outcome: 'accepted', reason: undefined, transaction } },
      { position: { offset: 3 }, ending: { outcome: 'rejected', reason: undefined, transaction } },
    ]);
    expect(timesOf(record)).toEqual(timesOf(record).toSorted((one, other) => one - other));
  });

  it('tells of a transaction that fails and is made again, and of each message once', async () => {
    let failures = 2;
    const [record] = await recordsOf([accepted(1, SPAN)], () => {
      if (failures-- > 0) throw new DatabaseUnavailable('away');
    });
    expect(record?.transactions.map(({ committed, failure }) => [committed, failure?.name])).toEqual([
      [false, 'DatabaseUnavailable'],
      [false, 'DatabaseUnavailable'],
      [true, undefined],
    ]);
    expect(record?.traced.map(({ ending }) => ending?.transaction)).toEqual([record?.transactions[2]]);
  });

  it('tells of a transaction that has presumed wrongly, and is made again with a look', async () => {
    const [, record] = await recordsOf([accepted(1, SPAN)], undefined, [accepted(1, SPAN)]);
    expect(record?.transactions.map(brief)).toEqual([
      { messages: 1, steps: ['begin'], committed: false },
      { messages: 1, steps: STEPS, committed: true },
    ]);
    expect(record?.traced.map(({ ending }) => ending?.outcome)).toEqual(['duplicate']);
  });

  it('tells the parts of a chunk that is divided, and what became of the message that the database refuses', async () => {
    const refused = aTask(2, { handle: () => [], span: SPAN });
    const [record] = await recordsOf([accepted(1, SPAN), refused], (tasks) => {
      if (tasks.includes(refused)) throw new Error('out of range');
    });
    expect(record?.transactions.map(({ messages, committed }) => [messages, committed])).toEqual([
      [2, false],
      [1, true],
      [1, false],
      [1, true],
    ]);
    expect(record?.traced.map(({ ending }) => ending)).toEqual([
      { outcome: 'accepted', reason: undefined, transaction: record?.transactions[1] },
      { outcome: 'dead', reason: 'FlushFailed', transaction: record?.transactions[3] },
    ]);
  });

  it('tells why a chunk was dropped', async () => {
    const [record] = await recordsOf([accepted(1, SPAN)], () => {
      throw new HistoryLost([]);
    });
    expect(record).toMatchObject({ failure: { name: 'HistoryLost' }, publication: undefined });
    expect(record?.traced).toMatchObject([{ position: { offset: 1 }, ending: undefined }]);
    expect(record?.transactions.map(({ committed, failure }) => [committed, failure?.name])).toEqual([
      [false, 'HistoryLost'],
    ]);
  });
});

function accepted(offset: number, span?: typeof SPAN): Task {
  const event = a.anEvent('k', `event ${offset}`);
  return aTask(offset, { handle: ({ outbox }) => (outbox.add(event), []), ...(span && { span }) });
}

function rejected(offset: number, span: typeof SPAN): Task {
  const handle = (): never => {
    throw new Rejection('TenantNotFound', 'There is no such tenant.');
  };
  return aTask(offset, { handle, span });
}

/** Has each chunk go through a lane. @param refuse throws what its database throws once it has decided these tasks */
async function recordsOf(
  first: readonly Task[],
  refuse: (tasks: readonly unknown[]) => void = () => undefined,
  second: readonly Task[] = [],
): Promise<readonly ChunkRecord[]> {
  const { unitOfWork } = new InMemoryWorld({ now: () => a.NOW });
  const records: ChunkRecord[] = [];
  let ended: () => void = () => undefined;
  const run: UnitOfWork['run'] = (messages, work, ...rest) =>
    unitOfWork.run(
      messages,
      async (unit) => {
        const value = await work(unit);
        refuse(messages);
        return value;
      },
      ...rest,
    );
  const chunks = [first, second];
  const nothing = async (): Promise<number> => 0;
  const lane = new Lane(
    { name: 'test', chunkMaxMessages: 10, queueMaxMessages: 10, queueMaxBytes: 1_000_000 },
    {
      plan: async () => chunks.shift() ?? [],
      unitOfWork: { run },
      dispatcher: aDispatcher({
        cloudEvents: cloudEvents({ eventId: () => randomUUID(), write: () => a.anEvent('k', 'no') }),
      }),
      producer: { publish: async () => undefined },
      outboxMaintenance: {
        ...{ deleteDelivered: async () => undefined, touch: async () => undefined, living: async () => [] },
        ...{ retire: async () => undefined, forget: async () => undefined, forgetFreedKeys: async () => undefined },
        ...{ relay: nothing, pruneInbox: nothing, pruneDeadLetters: nothing, removeOrphanedRows: nothing },
        ...{ eraseOfDeleted: nothing, openOfDeleted: async () => [] },
      },
      telemetry: silentTelemetry(),
      traces: {
        chunk: (record) => {
          records.push(record);
          ended();
        },
      },
      newId: randomUUID,
      outboxes: new Map(),
      levels: a.LEVELS,
      finished: () => undefined,
      historyLost: () => undefined,
      failed: (error) => {
        throw error;
      },
    },
  );
  const running = lane.run();
  for (const tasks of [first, second]) {
    if (tasks.length === 0) continue;
    const told = new Promise<void>((resolve) => (ended = resolve));
    lane.push(tasks.map(({ received }) => ({ received, nextOffset: received.offset + 1, epoch: 0 })));
    await told;
  }
  lane.stop();
  await running;
  return records;
}

function brief({ messages, steps, committed }: TransactionRecord) {
  return { messages, steps: steps.map(({ name }) => name), committed };
}

/** In the order in which they should be. */
function timesOf(record: ChunkRecord | undefined): readonly number[] {
  if (record === undefined) return [];
  const { begunAt, readAt, transactions, publication, endedAt } = record;
  const inTransactions = transactions.flatMap(({ steps, endedAt: end }) => [...steps.map((step) => step.begunAt), end]);
  return [begunAt, readAt, ...inTransactions, publication?.begunAt ?? Number.NaN, endedAt];
}
