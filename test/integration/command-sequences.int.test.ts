import { encodeHeaders, headerList, headersByName } from '../../src/adapters/record-headers.ts';
import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import type { Cradle } from '../../src/container.ts';
import type { ReceivedMessage } from '../../src/ports/messages.ts';
import type { OutboxRow, UnitOfWork } from '../../src/ports/unit-of-work.ts';
import { InMemoryDatabase } from '../support/in-memory/database.ts';
import { InMemoryUnitOfWork } from '../support/in-memory/unit-of-work.ts';
import { KnexUnitOfWork } from '../../src/uow/unit-of-work.ts';
import { checkTables } from '../oracle/check-tables.ts';
import { withoutNulls } from '../oracle/compare.ts';
import { Model } from '../oracle/model.ts';
import { NOW, TestLane } from '../support/builders.ts';
import { asBuffers, type Data, type WireRecord } from '../support/collect.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { NEVER } from '../support/given-codec.ts';
import { givenCradle } from '../support/given-cradle.ts';
import { keyOf, toOutgoing, type Sending } from '../support/load.ts';
import { sequences, type Chunk, type Dated } from '../support/sequences.ts';

const RUNS = 60;
const SECOND = 1_000;
const DAY = 24 * 60 * 60 * SECOND;

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
});

afterAll(() => database.drop());

test(`${RUNS} random sequences come to the same in memory, in PostgreSQL, and in the oracle's model`, async () => {
  await fc.assert(
    fc.asyncProperty(sequences, async (chunks) => {
      await database.clear();
      const trial = await Trial.create(database);
      for (const chunk of chunks) await trial.run(chunk);
      await trial.compareTables();
    }),
    { numRuns: RUNS },
  );
});

/** The same messages through two units of work, and past the model. */
class Trial {
  private readonly subjects: readonly UnitOfWork[];
  private readonly lanes = [new TestLane(1), new TestLane(1)];
  private readonly cradle: Cradle;
  private readonly model: Model;
  /** The producers' clock. */
  private time = NOW;
  /** The clock of the tables in memory, which says what PostgreSQL's has said. */
  private readonly clock: { time: number };
  private readonly sent: Sending[] = [];
  private offset = 0;

  private constructor(cradle: Cradle, clock: { time: number }, subjects: readonly UnitOfWork[]) {
    this.cradle = cradle;
    this.clock = clock;
    this.subjects = subjects;
    const now = (): number => clock.time;
    this.model = new Model({ topics: cradle.topics, now, decidedAt: now });
  }

  static async create({ db }: TestDatabase): Promise<Trial> {
    const clock = { time: NOW, now: () => clock.time };
    const cradle = await givenCradle();
    return new Trial(cradle, clock, [
      new KnexUnitOfWork(db, randomUUID),
      new InMemoryUnitOfWork(new InMemoryDatabase(clock), randomUUID),
    ]);
  }

  async run({ later, messages }: Chunk): Promise<void> {
    this.time += later;
    const received = messages.flatMap((step) => {
      if ('send' in step) return [this.receive(step.send, step.dated)];
      const before = this.sent[step.again];
      return before === undefined ? [] : [this.receive(step.changed ? rewritten(before) : before, step.dated)];
    });
    const first = await this.handle(0, received);
    this.clock.time = first.startedAt;
    const second = await this.handle(1, received);
    const eventsBefore = this.model.events.length;
    const expected = received.map((message) => this.model.apply(this.asRecord(message)));
    expect(first.endings).toEqual(expected);
    expect(second.endings).toEqual(expected);
    // The same events, ids and times included, to the byte.
    expect(fromZero(first.outbox)).toEqual(fromZero(second.outbox));
    const { events } = this.cradle.topics;
    const told = first.outbox.filter(({ topic }) => topic === events).map((event) => this.decoded(event.value));
    expect(told.map(stated)).toEqual(this.model.events.slice(eventsBefore).map(stated));
  }

  async compareTables(): Promise<void> {
    const differences: string[] = [];
    await checkTables(this.model, database, (what) => differences.push(what));
    expect(differences).toEqual([]);
  }

  private async handle(
    subject: number,
    received: readonly ReceivedMessage[],
  ): Promise<{
    readonly startedAt: number;
    readonly endings: readonly string[];
    readonly outbox: readonly OutboxRow[];
  }> {
    const { planner, dispatcher } = this.cradle;
    const tasks = await planner.plan(received, NEVER);
    const { value, outbox } = await this.subjects[subject]!.run(
      tasks,
      async (unit) => ({ startedAt: unit.startedAt, endings: await dispatcher.dispatch(tasks, unit) }),
      this.lanes[subject],
    );
    return { startedAt: value.startedAt, endings: value.endings.map(({ what }) => what), outbox };
  }

  private receive(message: Sending, dated: Dated): ReceivedMessage {
    const [early, ahead] = [{ justBefore: this.time - SECOND, early: this.time - DAY }, Number.MAX_SAFE_INTEGER];
    const timestamps = { rightly: this.time, ...early, ahead, not: -1 };
    this.sent.push(message);
    const { topic, value, headers = {} } = toOutgoing(message, this.cradle.codec, this.cradle.topics);
    this.offset += 1;
    return {
      ...{ topic, partition: 0, offset: this.offset, timestamp: timestamps[dated] },
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
