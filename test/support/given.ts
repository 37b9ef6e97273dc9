import type { DomainEvent, EventData } from '../../src/domain/events.ts';
import { InvalidOutsideEvent, Rejection } from '../../src/domain/rejection.ts';
import type { StatisticRow } from '../../src/domain/statistic-row.ts';
import { DEFAULT_WINDOWS, type Windows } from '../../src/domain/counts.ts';
import type { Subdivision } from '../../src/domain/subdivision.ts';
import type { Tenant } from '../../src/domain/tenant.ts';
import type { User } from '../../src/domain/user.ts';
import { LookUpAnswerHandler, type LookUpAnswer } from '../../src/handlers/events/outside-broker.ts';
import {
  COMMANDS_HANDLERS_FOR_INJECTION,
  INTERNAL_HANDLERS_FOR_INJECTION,
  OUTSIDE_EVENTS_HANDLERS_FOR_INJECTION,
} from '../../src/handlers/index.ts';
import type { MessageHandler } from '../../src/ports/handlers.ts';
import type { Unit } from '../../src/ports/unit-of-work.ts';
import { aMessage, NOW } from './builders.ts';
import { addRows, addSubdivisions, addTenants, addUsers } from './contract/subject.ts';
import { Table, type InMemoryDatabase, type Snapshot } from './in-memory/database.ts';
import { InMemoryWorld } from './in-memory/world.ts';
import type { Sending } from './load.ts';

// Handlers, tested as such: `given(what there is).when(message).brings(events)`, on the unit of work without a database.

/** What there may be before a message comes. */
export type Thing = Tenant | Subdivision | StatisticRow | User;

/** A message, or the answer of a look-up in the user domain. */
export type Message = Pick<Sending, 'type' | 'data'> | { readonly type: 'answer'; readonly data: LookUpAnswer };

/** An event by its short name, with those of its fields that matter to the test. */
export type Expected = {
  readonly [Name in keyof EventData]: readonly [name: Name, data?: Partial<EventData[Name]>];
}[keyof EventData];

export function given(...things: readonly Thing[]): Situation {
  return new Situation(things, []);
}

export class Situation {
  private readonly things: readonly Thing[];
  private readonly before: readonly Message[];
  private readonly windows: Windows;

  constructor(things: readonly Thing[], before: readonly Message[], windows: Windows = DEFAULT_WINDOWS) {
    this.things = things;
    this.before = before;
    this.windows = windows;
  }

  /** The same, once these messages have been handled too, at NOW. */
  after(...messages: readonly Message[]): Situation {
    return new Situation(this.things, [...this.before, ...messages], this.windows);
  }

  /** The same, where other windows are configured. */
  within(windows: Partial<Windows>): Situation {
    return new Situation(this.things, this.before, { ...this.windows, ...windows });
  }

  /** @param at the message's time */
  when(message: Message, at: number = NOW): When {
    return new When(this.begin(), message, at);
  }

  private async begin(): Promise<Stage> {
    const stage = new Stage(this.windows);
    await stage.put(this.things);
    for (const message of this.before) await stage.handle(message, NOW);
    return stage;
  }
}

class When {
  private readonly begun: Promise<Stage>;
  private readonly message: Message;
  private readonly at: number;

  constructor(begun: Promise<Stage>, message: Message, at: number) {
    this.begun = begun;
    this.message = message;
    this.at = at;
  }

  /** These events and no others, in this order, of this time; and what they tell is what is stored. */
  async brings(...expected: readonly Expected[]): Promise<Snapshot> {
    const stage = await this.begun;
    const events = await stage.handle(this.message, this.at);
    expect(events.map(({ type, data }) => [type, data])).toEqual(
      expected.map(([name, data = {}]) => [
        `licensing.events.${name}`,
        expect.objectContaining({ ...data, occurredAt: this.at }),
      ]),
    );
    const stored = await stage.database.snapshot();
    expectStored(events, stored);
    return stored;
  }

  /** No event, and nothing that a reader of the tables would see. */
  async bringsNothing(): Promise<void> {
    const { database } = await this.begun;
    const before = await database.snapshot();
    const after = await this.brings();
    expect({ ...after, inbox: [] }).toEqual({ ...before, inbox: [] });
  }

  /** @param field the one that an InvalidCommand names */
  async isRejected(code: Rejection['code'], field: string | null = null): Promise<void> {
    const refusal = await this.refusal();
    expect(refusal).toBeInstanceOf(Rejection);
    expect(refusal).toMatchObject({ code, field });
  }

  async isInvalid(field: string): Promise<void> {
    const refusal = await this.refusal();
    expect(refusal).toBeInstanceOf(InvalidOutsideEvent);
    expect(refusal).toMatchObject({ field });
  }

  private async refusal(): Promise<unknown> {
    const stage = await this.begun;
    const before = await stage.database.snapshot();
    const refusal = await stage.handle(this.message, this.at).then(
      (events) => events.map(({ type }) => type),
      (error: unknown) => error,
    );
    expect(await stage.database.snapshot()).toEqual(before);
    return refusal;
  }
}

/** Tables in memory and the handlers that work on them. */
class Stage extends InMemoryWorld {
  private readonly reads = readsOf(this.database);
  private readonly windows: Windows;
  private messages = 0;

  constructor(windows: Windows) {
    super();
    this.windows = windows;
  }

  async put(things: readonly Thing[]): Promise<void> {
    await this.unitOfWork.run([], async (unit) => {
      for (const thing of things) await add(thing, unit);
    });
  }

  /** Parses, loads and handles; fails when the handler reads what it has not declared. */
  async handle({ type, data }: Message, at: number): Promise<readonly DomainEvent[]> {
    const handler = handlerOf(type, this.windows);
    const message = handler.parse(data);
    const loading = aMessage((this.messages += 1), { declare: (loads) => handler.declare(message, loads) });
    const { value } = await this.unitOfWork.run([loading], async (unit) => {
      this.reads.length = 0;
      const events = await handler.handle(message, unit, at);
      expect(this.reads).toEqual([]);
      unit.settle(loading, 'accepted');
      return events;
    });
    return value;
  }
}

/** What is read of the tables from now on, by their names. */
function readsOf(database: InMemoryDatabase): string[] {
  const reads: string[] = [];
  for (const [name, table] of Object.entries(database) as [string, unknown][]) {
    if (!(table instanceof Table)) continue;
    for (const method of ['get', 'has', 'filter', 'sorted'] as const) {
      const read = table[method].bind(table) as (...parameters: unknown[]) => unknown;
      Object.assign(table, { [method]: (...parameters: unknown[]) => (reads.push(name), read(...parameters)) });
    }
  }
  return reads;
}

function handlerOf(type: Message['type'], windows: Windows): MessageHandler<unknown, unknown> {
  if (type === 'answer') return new LookUpAnswerHandler();
  const handlers = {
    ...COMMANDS_HANDLERS_FOR_INJECTION,
    ...INTERNAL_HANDLERS_FOR_INJECTION,
    ...OUTSIDE_EVENTS_HANDLERS_FOR_INJECTION,
  };
  // Which record belongs to which handler is checked in the tables; here they meet under one type.
  return new handlers[type]({ windows });
}

async function add(thing: Thing, unit: Unit): Promise<void> {
  if ('createdBy' in thing) return addTenants(unit, thing);
  if ('licenses' in thing) return addSubdivisions(unit, thing);
  if ('statisticRowId' in thing) return addRows(unit, thing);
  return addUsers(unit, thing);
}

/** What an event tells is what is stored. What was changed on the way to its deletion is gone with it. */
function expectStored(events: readonly DomainEvent[], stored: Snapshot): void {
  const deletes = events.some(isDeletion);
  for (const event of events) {
    const thing = findIn(stored, event);
    if (isDeletion(event)) expect(thing).toBeUndefined();
    else if (thing !== undefined || !deletes) expect(thing).toMatchObject(stateIn(event));
  }
}

function isDeletion({ type }: DomainEvent): boolean {
  return type.endsWith('Deleted');
}

/** What is said of the change, not of what is stored. */
const OF_THE_CHANGE = [
  ...['occurredAt', 'effectiveAt', 'reason', 'phase', 'periodEndsAt', 'thresholds', 'noticeMs'],
  ...['closedPeriodStartsAt', 'closedUsedRequests', 'countRequestsBefore'],
];

function stateIn({ data }: DomainEvent): object {
  return Object.fromEntries(Object.entries(data).filter(([field]) => !OF_THE_CHANGE.includes(field)));
}

/** What the event is about, with what it belongs to, as an event tells it. */
function findIn(stored: Snapshot, { data }: DomainEvent): object | undefined {
  if ('superadmin' in data) return stored.users.find(({ value }) => value?.userId === data.userId)?.value;
  if ('createdBy' in data) return stored.tenants.find(({ value }) => value?.tenantId === data.tenantId)?.value;
  const { tenantId, subdivisionId } = data;
  const subdivision = stored.subdivisions.find(
    ({ value }) => value?.tenantId === tenantId && value.subdivisionId === subdivisionId,
  )?.value;
  if (!('licenseId' in data)) return subdivision;
  const license = subdivision?.licenses.find(({ licenseId }) => licenseId === data.licenseId);
  const row =
    'statisticRowId' in data &&
    stored.statisticRows.find(({ statisticRowId }) => statisticRowId === data.statisticRowId);
  return license && { ...subdivision, ...license, ...license.terms, ...license.progress, ...row };
}
