import { NO_HEADERS } from '../../../src/adapters/record-headers.ts';
import { randomUUID } from 'node:crypto';
import { DatabaseUnavailable, HistoryLost } from '../../../src/ports/errors.ts';
import type { OutboxLane, Unit, UnitMessage } from '../../../src/ports/unit-of-work.ts';
import type { Dispatcher } from '../../../src/worker/dispatcher.ts';
import { Lane } from '../../../src/worker/lane.ts';
import { NAMELESS, Task } from '../../../src/worker/task.ts';
import * as a from '../../support/builders.ts';
import { Gate } from '../../support/faults.ts';
import { notingWaits, silentTelemetry } from '../../support/telemetry.ts';

describe('a lane', () => {
  it('tells its phase, from its start to its end', async () => {
    const { lane, gates, push } = given();
    expect(lane.phase).toBe('new');
    const running = lane.run();
    expect(lane.phase).toBe('idle');
    for (const phase of ['reading', 'committing'] as const) {
      const gate = (gates[phase] = new Gate());
      push(phase === 'reading' ? 0 : 1);
      await gate.reached;
      expect(lane.phase).toBe(phase);
      gates[phase] = undefined;
      gate.open();
    }
    lane.stop();
    await running;
    expect(lane.phase).toBe('ended');
  });

  it('waits in `publishing` with a committed chunk for as long as the one before is not published', async () => {
    const { lane, gates, push, attempts } = given();
    const running = lane.run();
    const gate = (gates.sending = new Gate());
    push(0);
    await gate.reached;
    push(1);
    while (lane.phase !== 'publishing') await new Promise(setImmediate);
    expect(attempts).toEqual([0]);
    gates.sending = undefined;
    gate.open();
    while (attempts.length < 2) await new Promise(setImmediate);
    lane.stop();
    await running;
  });

  it('leaves what it has committed of a chunk to the relay when it drops the rest after a new assignment', async () => {
    const { lane, push, refuse, written, retired, attempts } = given({ chunkMaxMessages: 2 });
    refuse((offsets) => {
      if (offsets.length === 2) {
        lane.reset();
        throw new Error('too much at once');
      }
      if (offsets[0] === 1) throw new HistoryLost([]);
    });
    push(0, 1);
    const running = lane.run();
    while (written.length === 0 || lane.phase !== 'idle') await new Promise(setImmediate);
    expect(written).toEqual([[expect.any(String), [0]]]);
    expect(retired).toContain(written[0]?.[0]);
    expect(attempts).toEqual([]);
    lane.stop();
    await running;
  });

  it('no longer waits for the database when that lacks what the chunk builds on', async () => {
    const { lane, push, refuse, waiting } = given();
    let tries = 0;
    refuse(() => {
      tries += 1;
      if (tries === 1) throw new DatabaseUnavailable('it is away');
      expect(waiting()).toEqual(['database']);
      lane.reset();
      throw new HistoryLost([]);
    });
    push(0);
    const running = lane.run();
    while (tries < 2 || lane.phase !== 'idle') await new Promise(setImmediate);
    expect(waiting()).toEqual([]);
    lane.stop();
    await running;
  });
});

/** A lane whose steps can be held, each by a gate, and whose transactions can be refused. */
function given({ chunkMaxMessages = 1 } = {}) {
  const gates: { reading?: Gate | undefined; committing?: Gate | undefined; sending?: Gate | undefined } = {};
  const attempts: number[] = [];
  const written: (readonly [lane: string, offsets: readonly number[]])[] = [];
  const retired: string[] = [];
  const { waiting, telemetry } = notingWaits();
  let refusal: (offsets: readonly number[]) => void = () => undefined;
  const lane = new Lane(
    { name: 'test', chunkMaxMessages, queueMaxMessages: 10, queueMaxBytes: 1_000_000 },
    {
      plan: async (messages) => {
        await gates.reading?.pass();
        return messages.map(({ offset }) => taskAt(offset));
      },
      unitOfWork: {
        run: async <T>(messages: readonly UnitMessage[], work: (unit: Unit) => Promise<T>, { id }: OutboxLane) => {
          await gates.committing?.pass();
          const offsets = messages.map(({ received }) => received.offset);
          refusal(offsets);
          written.push([id, offsets]);
          const outbox = messages.map(({ received }) => ({ ...a.anEvent('k', 'done'), seq: received.offset }));
          return { value: await work({} as Unit), outbox, deleted: undefined };
        },
      },
      dispatcher: {
        dispatch: async (tasks: readonly Task[]) => tasks.map(() => ({ what: 'accepted' })),
      } as unknown as Dispatcher,
      producer: {
        publish: async (messages) => {
          attempts.push(...messages.map((message) => Number(Reflect.get(message, 'seq'))));
          await gates.sending?.pass();
        },
      },
      outboxMaintenance: {
        ...{
          deleteDelivered: done,
          touch: done,
          living: async () => [],
          retire: async (id: string) => void retired.push(id),
          forget: done,
          forgetFreedKeys: done,
        },
        ...{ relay: nothing, pruneInbox: nothing, pruneDeadLetters: nothing, removeOrphanedRows: nothing },
        ...{ eraseOfDeleted: nothing, openOfDeleted: async () => [] },
      },
      telemetry: silentTelemetry(telemetry),
      traces: undefined,
      newId: randomUUID,
      outboxes: new Map(),
      levels: a.LEVELS,
      finished: () => undefined,
      historyLost: (error) => {
        throw error;
      },
      failed: (error) => {
        throw error;
      },
    },
  );
  const push = (...offsets: number[]): void =>
    lane.push(offsets.map((offset) => ({ received: receivedAt(offset), nextOffset: offset + 1, epoch: 0 })));
  const refuse = (how: typeof refusal): void => void (refusal = how);
  return { lane, gates, push, attempts, refuse, written, retired, waiting };
}

function receivedAt(offset: number) {
  return { topic: 'c', partition: 0, offset, timestamp: a.NOW, key: null, value: null, headers: NO_HEADERS };
}

function taskAt(offset: number): Task {
  const { identity, digest } = a.aMessage(offset);
  const context = { identity, causationId: identity.id, correlationId: null, traceparent: null, key: null };
  const handler = { parse: (raw: unknown) => raw, declare: () => undefined, handle: () => [] };
  const plan = { kind: 'handle' as const, handler, message: undefined };
  return new Task(receivedAt(offset), context, digest, 'test', NAMELESS, plan);
}

async function done(): Promise<void> {
  return undefined;
}

async function nothing(): Promise<number> {
  return 0;
}
