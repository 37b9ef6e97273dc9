import { randomUUID } from 'node:crypto';
import { encodeHeaders, headerList, headersByName } from '../../src/adapters/record-headers.ts';
import type { Cradle } from '../../src/container.ts';
import type { ReceivedMessage } from '../../src/ports/messages.ts';
import type { OutboxRow, UnitOfWork } from '../../src/ports/unit-of-work.ts';
import { withoutNulls } from '../oracle/compare.ts';
import { Model } from '../oracle/model.ts';
import { NOW, TestLane } from './builders.ts';
import { asBuffers, type Data, type WireRecord } from './collect.ts';
import { expectSame } from './expect-same.ts';
import { NEVER } from './given-codec.ts';
import { keyOf, toOutgoing, type Sending } from './load.ts';
import { timestampOf, type Chunk, type Dated } from './sequences.ts';

/** The same messages through one unit of work or several, and past the oracle's model. */
export class Trial {
  readonly model: Model;
  private readonly cradle: Cradle;
  private readonly subjects: readonly { readonly unitOfWork: UnitOfWork; readonly lane: TestLane }[];
  /** The producers' clock. */
  private time = NOW;
  /** The clock of the tables in memory: the producers', or what the first subject's has said. */
  private readonly clock: { time: number };
  private readonly sent: Sending[] = [];
  private offset = 0;

  constructor(cradle: Cradle, clock: { time: number }, subjects: readonly UnitOfWork[]) {
    this.cradle = cradle;
    this.clock = clock;
    this.subjects = subjects.map((unitOfWork) => ({ unitOfWork, lane: new TestLane(1) }));
    const now = (): number => clock.time;
    this.model = new Model({ topics: cradle.topics, now, decidedAt: now });
  }

  /** Handles a chunk. Every subject and the model have to agree on how each message ends and on every event. */
  async run({ later, messages }: Chunk): Promise<void> {
    this.time += later;
    this.clock.time = this.time;
    const received = messages.flatMap((step) => {
      if ('send' in step) return [this.receive(step.send, step.dated)];
      const before = this.sent[step.again];
      return before === undefined ? [] : [this.receive(step.changed ? rewritten(before) : before, step.dated)];
    });
    const came: Came[] = [];
    for (const { unitOfWork, lane } of this.subjects) {
      came.push(await this.handle(unitOfWork, lane, received));
      this.clock.time = came[0]?.startedAt ?? this.time;
    }
    const eventsBefore = this.model.events.length;
    const expected = received.map((message) => this.model.apply(this.asRecord(message)));
    const events = this.model.events.slice(eventsBefore).map(stated);
    for (const { endings, outbox } of came) {
      expectSame(endings, expected);
      const told = outbox.filter(({ topic }) => topic === this.cradle.topics.events);
      expectSame(
        told.map(({ value }) => stated(this.decoded(value))),
        events,
      );
    }
    // The same events and rejections, ids and times included, to the byte.
    const [first, ...rest] = came.map(({ outbox }) => fromZero(outbox));
    for (const other of rest) expectSame(other, first);
  }

  private async handle(unitOfWork: UnitOfWork, lane: TestLane, received: readonly ReceivedMessage[]): Promise<Came> {
    const { planner, dispatcher } = this.cradle;
    const tasks = await planner.plan(received, NEVER);
    const { value, outbox } = await unitOfWork.run(
      tasks,
      async (unit) => ({ startedAt: unit.startedAt, endings: await dispatcher.dispatch(tasks, unit) }),
      lane,
    );
    return { startedAt: value.startedAt, endings: value.endings.map(({ what }) => what), outbox };
  }

  private receive(message: Sending, dated: Dated): ReceivedMessage {
    this.sent.push(message);
    const { topic, value, headers = {} } = toOutgoing(message, this.cradle.codec, this.cradle.topics);
    this.offset += 1;
    return {
      ...{ topic, partition: 0, offset: this.offset, timestamp: timestampOf(dated, this.time) },
      ...{ key: Buffer.from(keyOf(message)), value: value as Buffer, headers: encodeHeaders(headerList(headers)) },
    };
  }

  private asRecord({ headers, ...rest }: ReceivedMessage): WireRecord {
    return {
      ...rest,
      index: rest.offset,
      headers: asBuffers(headersByName(headers)),
      decoded: this.decoded(rest.value),
    };
  }

  private decoded(value: Buffer | null): { readonly type: string; readonly data: Data } {
    const decoded = this.cradle.codec.decode(value);
    return { type: decoded.type, data: decoded.known ? { ...(decoded.data as Data) } : {} };
  }
}

interface Came {
  readonly startedAt: number;
  readonly endings: readonly string[];
  readonly outbox: readonly OutboxRow[];
}

/** A run that was made again may have taken numbers the first time, or may have failed before it did. */
function fromZero(outbox: readonly OutboxRow[]): readonly OutboxRow[] {
  const first = outbox[0]?.seq ?? 0;
  return outbox.map((row) => ({ ...row, seq: row.seq - first }));
}

function stated({ type, data }: { readonly type: string; readonly data: Data }): object {
  return { type, data: withoutNulls(data) };
}

/** Another message under the same id. */
function rewritten({ envelope, ...rest }: Sending): Sending {
  const changed = 'name' in rest.data ? { ...rest.data, name: 'Another' } : { ...rest.data, userId: randomUUID() };
  return { ...rest, data: changed, envelope } as Sending;
}
