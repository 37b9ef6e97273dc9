import { encodeHeaders, headerList } from '../../../src/adapters/record-headers.ts';
import { randomUUID } from 'node:crypto';
import { asValue } from 'awilix/browser';
import type { Cradle } from '../../../src/container.ts';
import { CreateTenantHandler } from '../../../src/handlers/commands/tenant.ts';
import type { OutgoingMessage, ReceivedMessage } from '../../../src/ports/messages.ts';
import { dlqOf } from '../../../src/ports/topics.ts';
import type { OutboxRow } from '../../../src/ports/unit-of-work.ts';
import { InMemoryWorld } from '../../support/in-memory/world.ts';
import { createTenant, PLACE, strange, TERMS } from '../../e2e/given.ts';
import { NOW, TestLane } from '../../support/builders.ts';
import type { Data } from '../../support/collect.ts';
import { NEVER } from '../../support/given-codec.ts';
import { givenCradle } from '../../support/given-cradle.ts';
import {
  advance,
  command,
  isRaw,
  keyOf,
  outside,
  toOutgoing,
  type RawSending,
  type Sending,
} from '../../support/load.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const DAY = 24 * 60 * MINUTE;
const IDS = strange();
const PLACED = { tenantId: IDS.tenantId, subdivisionId: IDS.subdivisionId };
const TENANT = createTenant({ tenantId: IDS.tenantId });

let world: World;

beforeEach(async () => {
  world = await World.create();
});

describe('what comes of a message that waited', () => {
  test('usage counts from when the activation was sent, not from when an outage was over', async () => {
    await world.handle(licensed(), NOW);
    const [activated, row] = await world.handle(
      [
        [command('ActivateSubdivisionLicense', IDS), NOW + SECOND],
        [rowOf(300, NOW + 5 * SECOND), NOW + 6 * SECOND],
      ],
      NOW + 13 * SECOND,
    );
    expect(activated?.data).toMatchObject({ activatedAt: NOW + SECOND, occurredAt: NOW + SECOND });
    expect(row?.data).toMatchObject({ counted: true, usedRequests: 300, occurredAt: NOW + 6 * SECOND });
  });

  test('a license lasts for 30 days from its command, and ends by the time of each command', async () => {
    await world.handle(licensed().slice(0, 2), NOW);
    const terms = { ...TERMS, type: 'bytime', requestsLimit: null };
    const [created] = await world.handle([[command('CreateLicense', { ...IDS, ...terms }), NOW]], NOW + DAY);
    expect(created?.data).toMatchObject({ createdAt: NOW, expiresAt: NOW + 30 * DAY });
    const answers = await world.handle(
      [
        [command('ActivateSubdivisionLicense', IDS), NOW + 30 * DAY - 1],
        [command('DeactivateSubdivisionLicense', IDS), NOW + 30 * DAY - 1],
        [command('ActivateSubdivisionLicense', IDS), NOW + 30 * DAY],
      ],
      NOW + 31 * DAY,
    );
    expect(answers.map(said)).toEqual(['LicenseActivated', 'LicenseDeactivated', 'LicenseExpired']);
    expect(answers.at(-1)).toMatchObject({
      data: { rejectedAt: NOW + 30 * DAY },
      headers: { ce_time: new Date(NOW + 30 * DAY).toISOString() },
    });
  });

  test('an end that lay ahead when it was sent does so for ever; one that did not is refused before anything else', async () => {
    const unknown = strange();
    const ending = (expiresAt: number) =>
      command('CreateLicense', { ...unknown, ...TERMS, type: 'bytime', requestsLimit: null, expiresAt });
    const answers = await world.handle(
      [
        [ending(NOW + 1), NOW],
        [ending(NOW), NOW],
      ],
      NOW + DAY,
    );
    expect(answers.map(said)).toEqual(['SubdivisionNotFound', 'InvalidCommand']);
    expect(answers[1]?.data).toMatchObject({ field: 'expiresAt', rejectedAt: NOW });
  });

  test('a row is of the future if it was more than 5 minutes ahead when it was sent', async () => {
    await world.handle([...licensed(), [command('ActivateSubdivisionLicense', IDS), NOW]], NOW);
    const answers = await world.handle(
      [
        [rowOf(1, NOW + 5 * MINUTE), NOW],
        [rowOf(1, NOW + 5 * MINUTE + 1), NOW],
      ],
      NOW + DAY,
    );
    expect(answers.map(said)).toEqual(['StatisticRowAdded', 'StatisticRowInFuture']);
  });

  test('an event of the user domain is told by its own time, too', async () => {
    const userId = randomUUID();
    const profile = { userId, email: null, tgId: null, superadmin: false, updatedAt: null };
    const [told] = await world.handle([[outside('UserCreated', profile), NOW]], NOW + DAY);
    expect(told?.data).toMatchObject({ userId, occurredAt: NOW });
  });
});

test.each([
  ['without a date', -1],
  ['with one that is no date', Number.NaN],
  ['dated in seconds', NOW / 1_000],
  ['dated ahead', NOW + DAY],
  ['dated in nanoseconds', NOW * 1e6],
])('a command %s is of when its transaction began', async (_, timestamp) => {
  const answers = await world.handle([[createTenant(), timestamp]], NOW);
  expect(answers.map(({ data }) => data['occurredAt'])).toEqual([NOW, NOW]);
});

test('read again by an empty database a year later, all of it comes to the same, byte by byte', async () => {
  const records = [
    ...licensed(),
    [command('ActivateSubdivisionLicense', IDS), NOW + SECOND] as const,
    [rowOf(100, NOW + 2 * SECOND), NOW + 2 * SECOND] as const,
    [rowOf(300, NOW + 3 * SECOND), NOW + 3 * SECOND] as const,
    [command('UpdateTenant', { ...TENANT.data, name: '' }), NOW + 4 * SECOND] as const,
  ];
  await world.handle(records, NOW + 5 * SECOND);
  const restored = await World.create();
  await restored.handle(records, NOW + 365 * DAY);
  expect(await restored.owed()).toEqual(await world.owed());
  // Two for the tenant, three for the last row, and one for each of the others.
  expect(await world.owed()).toHaveLength(10);
});

test('a replay decides by the time of the message, not by that of the replay', async () => {
  world.handler.isBroken = true;
  const [letter] = await world.handle([[TENANT, NOW]], NOW + MINUTE);
  expect(letter).toMatchObject({
    topic: dlqOf(world.topics.commands),
    headers: { 'dlq-timestamp': String(NOW), 'dlq-time': new Date(NOW + MINUTE).toISOString() },
  });
  world.handler.isBroken = false;
  const owed = await world.replay(1, NOW + DAY);
  const answers = owed.filter(({ topic }) => topic === world.topics.events);
  expect(answers.map(said)).toEqual(['TenantCreated', 'UserCreated']);
  for (const { data } of answers) expect(data['occurredAt']).toBe(NOW);
});

describe('a message that a timer sends', () => {
  const DUE = NOW + MINUTE;

  beforeEach(async () => {
    const { tenantId, subdivisionId } = IDS;
    await world.handle(
      [
        [TENANT, NOW],
        [command('CreateSubdivision', { tenantId, subdivisionId, ...PLACE }), NOW],
        [command('CreateLicense', { ...IDS, ...TERMS, type: 'bytime', requestsLimit: null, expiresAt: DUE }), NOW],
        [command('ActivateSubdivisionLicense', IDS), NOW],
      ],
      NOW,
    );
  });

  test('brings its own time: neither when it reached its topic counts, nor when it is handled', async () => {
    expect(await world.handle([[advance({ ...PLACED, upTo: DUE - 1 }), DUE + DAY]], DUE + DAY)).toEqual([]);
    const answers = await world.handle([[advance({ ...PLACED, upTo: DUE + SECOND }), DUE + DAY]], DUE + DAY);
    expect(answers.map(said)).toEqual(['LicenseDeactivated', 'SubdivisionLicenseExpired']);
    for (const { data } of answers) expect(data['occurredAt']).toBe(DUE + SECOND);
  });

  test('is never decided by a time that lies ahead of the database', async () => {
    expect(await world.handle([[advance({ ...PLACED, upTo: DUE + DAY }), NOW]], DUE - 1)).toEqual([]);
    const [deactivated] = await world.handle([[advance({ ...PLACED, upTo: DUE + DAY }), NOW]], DUE + SECOND);
    expect(deactivated?.data).toMatchObject({ occurredAt: DUE + SECOND, deactivatedAt: DUE });
  });

  test('is buried, not rejected, when nothing of ours can have sent it', async () => {
    const [letter] = await world.handle([[advance({ ...PLACED, subdivisionId: 'north', upTo: DUE }), NOW]], DUE);
    expect(letter).toMatchObject({
      topic: dlqOf(world.topics.commands),
      headers: { 'dlq-reason': 'UndecodableMessage' },
    });
  });

  test('is known on the commands topic alone', async () => {
    expect(await world.handle([[world.amongUsers(advance({ ...PLACED, upTo: DUE })), NOW]], DUE)).toEqual([]);
  });
});

/** A message, and when its record says that it was sent. */
type Dated = readonly [Sending | RawSending, timestamp: number];

interface Answer {
  readonly topic: string;
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string>>;
}

/** What a lane and a replay do with messages, over a database in memory with a clock of its own. */
class World {
  readonly handler: BuggyHandler;
  private readonly clock: { time: number; now: () => number };
  private readonly tables: InMemoryWorld;
  private readonly cradle: Cradle;
  private readonly lane = new TestLane(1);
  private offset = 0;

  private constructor(clock: World['clock'], tables: InMemoryWorld, cradle: Cradle, handler: BuggyHandler) {
    this.handler = handler;
    this.clock = clock;
    this.tables = tables;
    this.cradle = cradle;
  }

  static async create(): Promise<World> {
    const clock = { time: NOW, now: () => clock.time };
    const tables = new InMemoryWorld(clock);
    const handler = new BuggyHandler();
    const cradle = await givenCradle({
      createTenantHandler: asValue(handler),
      unitOfWork: asValue(tables.unitOfWork),
      deadLetters: asValue(tables.letters),
    });
    return new World(clock, tables, cradle, handler);
  }

  get topics() {
    return this.cradle.topics;
  }

  /** Everything that is owed to Kafka, in the order in which it came about. */
  async owed(): Promise<readonly OutboxRow[]> {
    return (await this.tables.database.snapshot()).outbox;
  }

  /** @returns what these bring about */
  async handle(messages: readonly Dated[], startedAt: number): Promise<readonly Answer[]> {
    const { planner, dispatcher, unitOfWork } = this.cradle;
    this.clock.time = startedAt;
    const received = messages.map((message) => this.received(message));
    const tasks = await planner.plan(received, NEVER);
    const { outbox } = await unitOfWork.run(tasks, (unit) => dispatcher.dispatch(tasks, unit), this.lane);
    return outbox.map((message) => this.answerIn(message));
  }

  /** The same message on the users' topic. */
  amongUsers(message: Sending): RawSending {
    const { codec, topics } = this.cradle;
    const value = codec.encode(topics.users, message.type, message.data);
    return { topic: 'users', key: keyOf(message), value, headers: {} };
  }

  async replay(letterId: number, startedAt: number): Promise<readonly Answer[]> {
    this.clock.time = startedAt;
    const before = new Set(await this.owed());
    const { replayer } = this.cradle;
    expect(await replayer.replay([letterId], { signal: NEVER, dryRun: false })).toEqual([
      { letterId, what: 'accepted' },
    ]);
    return (await this.owed()).filter((row) => !before.has(row)).map((row) => this.answerIn(row));
  }

  private received([message, timestamp]: Dated): ReceivedMessage {
    const { topic, value, headers = {} } = toOutgoing(message, this.cradle.codec, this.topics);
    if (!Buffer.isBuffer(value)) throw new Error('a message has a value');
    this.offset += 1;
    const place = { topic, partition: 0, offset: this.offset, timestamp };
    const key = isRaw(message) ? message.key : keyOf(message);
    return {
      ...place,
      key: key === null ? null : Buffer.from(key),
      value,
      headers: encodeHeaders(headerList(headers)),
    };
  }

  private answerIn({ topic, value, headers }: OutgoingMessage): Answer {
    const { codec, cloudEvents } = this.cradle;
    const decoded = codec.decode(value);
    const named = cloudEvents.decodeHeaders(headers);
    return {
      topic,
      type: decoded.type,
      data: decoded.known ? { ...(decoded.data as Data) } : {},
      headers: Object.fromEntries(named.map(([name, header]) => [name, String(header)])),
    };
  }
}

/** Of CreateTenant. */
class BuggyHandler extends CreateTenantHandler {
  isBroken = false;

  override async handle(...parameters: Parameters<CreateTenantHandler['handle']>) {
    if (this.isBroken) throw new TypeError('a bug');
    return super.handle(...parameters);
  }
}

/** A tenant with a subdivision and an inactive license of 400 requests, sent at NOW. */
function licensed(): readonly Dated[] {
  const { tenantId, subdivisionId } = IDS;
  return [
    [TENANT, NOW],
    [command('CreateSubdivision', { tenantId, subdivisionId, ...PLACE }), NOW],
    [command('CreateLicense', { ...IDS, ...TERMS, requestsLimit: 400 }), NOW],
  ];
}

function rowOf(countRequests: number, created: number): Sending {
  const { tenantId, subdivisionId } = IDS;
  return command('AddStatisticRow', {
    ...{ tenantId, subdivisionId, statisticRowId: randomUUID() },
    ...{ created, countRequests },
  });
}

/** The type of an event, the code of a rejection. */
function said({ type, data }: Answer): unknown {
  return data['code'] ?? type.replace('licensing.events.', '');
}
