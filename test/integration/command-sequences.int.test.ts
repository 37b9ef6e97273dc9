import { randomUUID } from 'node:crypto';
import { asValue } from 'awilix';
import fc from 'fast-check';
import { pino } from 'pino';
import { readConfig } from '../../src/config.ts';
import { createContainer, type Cradle } from '../../src/container.ts';
import type { OutgoingMessage, ReceivedMessage } from '../../src/ports/messages.ts';
import type { UnitOfWork } from '../../src/ports/unit-of-work.ts';
import { InMemoryDatabase } from '../../src/uow/in-memory-database.ts';
import { InMemoryUnitOfWork } from '../../src/uow/in-memory.ts';
import { KnexUnitOfWork } from '../../src/uow/unit-of-work.ts';
import { checkTables } from '../oracle/check-tables.ts';
import { Model } from '../oracle/model.ts';
import { NOW, TestLane } from '../support/builders.ts';
import { asBuffers, type Data, type WireRecord } from '../support/collect.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { givenCodec, NAMES, NEVER } from '../support/given-codec.ts';
import { keyOf, toOutgoing, type Sending } from '../support/load.ts';
import { sequences, type Chunk } from '../support/sequences.ts';

const RUNS = 60;

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
  private readonly clock: { time: number };
  private readonly sent: Sending[] = [];
  private offset = 0;

  private constructor(cradle: Cradle, clock: { time: number }, subjects: readonly UnitOfWork[]) {
    this.cradle = cradle;
    this.clock = clock;
    this.subjects = subjects;
    this.model = new Model({ topics: cradle.topics, decidedAt: () => clock.time });
  }

  static async create({ db }: TestDatabase): Promise<Trial> {
    const clock = { time: NOW, now: () => clock.time };
    const { codec, texts } = givenCodec();
    for (const i of texts.keys()) await codec.fetchSchema(i + 1, NEVER);
    const config = readConfig({
      KAFKA_BROKERS: '127.0.0.1:1',
      SCHEMA_REGISTRY_URL: 'http://127.0.0.1:1',
      DATABASE_URL: 'postgres://127.0.0.1:1/none',
    });
    const overrides = {
      codec: asValue(codec),
      clock: asValue(clock),
      logger: asValue(pino({ level: 'silent' })),
    };
    const { cradle } = createContainer({ config, overrides });
    const topics = [cradle.topics.commands, cradle.topics.users, cradle.topics.events, cradle.topics.rejections];
    await codec.prepareWriters(
      topics.flatMap((topic) => NAMES.map((type) => ({ topic, type }))),
      NEVER,
    );
    return new Trial(cradle, clock, [
      new KnexUnitOfWork(db, randomUUID),
      new InMemoryUnitOfWork(new InMemoryDatabase(clock), randomUUID),
    ]);
  }

  async run({ later, messages }: Chunk): Promise<void> {
    this.clock.time += later;
    const received = messages.flatMap((step) => {
      if ('send' in step) return [this.receive(step.send)];
      const before = this.sent[step.again];
      return before === undefined ? [] : [this.receive(step.changed ? rewritten(before) : before)];
    });
    const eventsBefore = this.model.events.length;
    const expected = received.map((message) => this.model.apply(this.asRecord(message)));
    const [first, second] = [await this.handle(0, received), await this.handle(1, received)];
    expect(first.endings).toEqual(expected);
    expect(second.endings).toEqual(expected);
    // The same events, ids and times included, to the byte.
    expect(first.outbox).toEqual(second.outbox);
    const { events } = this.cradle.topics;
    const told = first.outbox.filter(({ topic }) => topic === events).map((event) => this.decoded(event.value));
    expect(told).toEqual(this.model.events.slice(eventsBefore).map(({ type, data }) => ({ type, data })));
  }

  async compareTables(): Promise<void> {
    const differences: string[] = [];
    await checkTables(this.model, database, (what) => differences.push(what));
    expect(differences).toEqual([]);
  }

  private async handle(
    subject: number,
    received: readonly ReceivedMessage[],
  ): Promise<{ readonly endings: readonly string[]; readonly outbox: readonly OutgoingMessage[] }> {
    const { planner, dispatcher } = this.cradle;
    const tasks = await planner.plan(received, NEVER);
    const { value, outbox } = await this.subjects[subject]!.run(
      tasks,
      (unit) => dispatcher.dispatch(tasks, unit),
      this.lanes[subject],
    );
    return { endings: value.map(({ what }) => what), outbox };
  }

  private receive(message: Sending): ReceivedMessage {
    this.sent.push(message);
    const { topic, value, headers = {} } = toOutgoing(message, this.cradle.codec, this.cradle.topics);
    this.offset += 1;
    return {
      ...{ topic, partition: 0, offset: this.offset, timestamp: this.clock.time },
      ...{ key: Buffer.from(keyOf(message)), value: value as Buffer, headers },
    };
  }

  private asRecord({ headers, ...rest }: ReceivedMessage): WireRecord {
    return { ...rest, index: rest.offset, headers: asBuffers(headers), decoded: this.decoded(rest.value) };
  }

  private decoded(value: Buffer | null): { readonly type: string; readonly data: Data } {
    const decoded = this.cradle.codec.decode(value);
    return { type: decoded.type, data: decoded.known ? { ...(decoded.data as Data) } : {} };
  }
}

/** Another message under the same id. */
function rewritten({ envelope, ...rest }: Sending): Sending {
  const changed = 'name' in rest.data ? { ...rest.data, name: 'Another' } : { ...rest.data, userId: randomUUID() };
  return { ...rest, data: changed, envelope } as Sending;
}
