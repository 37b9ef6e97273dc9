import { isUuid } from '../domain/ids.ts';
import { InvalidOutsideEvent, Rejection } from '../domain/rejection.ts';
import type { CommandName, InternalCommandName, OutsideEventName } from '../generated/messages.ts';
import type { CloudEvents } from '../ports/cloud-events.ts';
import { UndecodableMessage, type Codec } from '../ports/codec.ts';
import type { ReceivedMessage } from '../ports/messages.ts';
import type { Telemetry } from '../ports/telemetry.ts';
import type { Topics } from '../ports/topics.ts';
import type { UserProfile } from '../ports/user-domain-client.ts';
import type { DeadLetterReason } from '../ports/dead-letters.ts';
import { asError } from './as-error.ts';
import { namesIn, NAMELESS, Task, type AnyHandler, type Names, type Plan } from './task.ts';

export interface Handlers {
  readonly commands: ReadonlyMap<CommandName, AnyHandler>;
  /** What the worker tells itself on the commands topic. */
  readonly internal: ReadonlyMap<InternalCommandName, AnyHandler>;
  readonly outsideEvents: ReadonlyMap<OutsideEventName, AnyHandler>;
  readonly lookUpAnswer: AnyHandler;
}

/** Schemas that are fetched at once. */
const SCHEMAS_AT_ONCE = 16;

interface Dependencies {
  readonly codec: Codec;
  readonly cloudEvents: CloudEvents;
  readonly handlers: Handlers;
  readonly topics: Topics;
  readonly telemetry: Telemetry;
}

/** Turns received messages into tasks: decodes each, finds its handler, validates it. It waits for nothing but unknown schemas. */
export class Planner {
  private readonly d: Dependencies;

  constructor(dependencies: Dependencies) {
    this.d = dependencies;
  }

  /** The tasks of these messages, in order. A message that is to be skipped has none. */
  async plan(messages: readonly ReceivedMessage[], signal: AbortSignal): Promise<readonly Task[]> {
    await this.fetchSchemas(messages, signal);
    const tasks: Task[] = [];
    for (const received of messages) {
      const task = this.planOne(received);
      if (task !== undefined) tasks.push(task);
    }
    return tasks;
  }

  /** The task of a message, if nobody has to be waited for to tell it. */
  planAtOnce(received: ReceivedMessage): Task | undefined {
    const { value, unreadable } = received;
    const mustFetch = unreadable === undefined && this.d.codec.missingSchema(value) !== undefined;
    return mustFetch ? undefined : this.planOne(received);
  }

  /** @returns the user that a look-up message asks for, or a task that buries the message if it can't be read as a look-up */
  async lookUpIn(received: ReceivedMessage, signal: AbortSignal): Promise<{ readonly userId: string } | Task> {
    await this.fetchSchemas([received], signal);
    if (received.unreadable !== undefined) return this.unreadable(received, received.unreadable);
    try {
      const decoded = this.d.codec.decode(received.value);
      const { userId } = namesIn(decoded.known ? decoded.data : undefined);
      if (decoded.type === 'licensing.internal.LookUpUser' && isUserId(userId)) return { userId };
      return this.buried(received, decoded.type, 'UnknownType', new Error(`${decoded.type} is not a look-up`));
    } catch (error) {
      return this.undecodable(received, error);
    }
  }

  answered(received: ReceivedMessage, userId: string, profile: UserProfile | undefined): Task {
    const handler = this.d.handlers.lookUpAnswer;
    const names: Names = { tenantId: null, subdivisionId: null, userId };
    const plan = this.handled(handler, { userId, profile }, 'MalformedAnswer');
    return this.task(received, 'licensing.internal.LookUpUser', names, plan);
  }

  /** The user domain has answered, but not with a profile. */
  misanswered(received: ReceivedMessage, userId: string, error: Error): Task {
    const names: Names = { tenantId: null, subdivisionId: null, userId };
    return this.task(received, 'licensing.internal.LookUpUser', names, {
      kind: 'bury',
      reason: 'MalformedAnswer',
      error,
    });
  }

  private buried(received: ReceivedMessage, type: string | null, reason: DeadLetterReason, error: Error): Task {
    return this.task(received, type, NAMELESS, { kind: 'bury', reason, error });
  }

  /** Nearly always nothing is missing. Missing schemas are fetched several at once, since each may take seconds. */
  private async fetchSchemas(messages: readonly ReceivedMessage[], signal: AbortSignal): Promise<void> {
    const { codec } = this.d;
    const missing = new Set<number>();
    for (const { value, unreadable } of messages) {
      const id = unreadable === undefined ? codec.missingSchema(value) : undefined;
      if (id !== undefined) missing.add(id);
    }
    if (missing.size === 0) return;
    const ids = missing.values();
    const fetchOneByOne = async (): Promise<void> => {
      for (const id of ids) await codec.fetchSchema(id, signal);
    };
    await Promise.all(Array.from({ length: Math.min(missing.size, SCHEMAS_AT_ONCE) }, fetchOneByOne));
  }

  private planOne(received: ReceivedMessage): Task | undefined {
    if (received.unreadable !== undefined) return this.unreadable(received, received.unreadable);
    try {
      const decoded = this.d.codec.decode(received.value);
      const handler = decoded.known ? this.handlerOf(received.topic, decoded.type) : undefined;
      if (!decoded.known || handler === undefined) return this.unknown(received, decoded.type);
      return this.task(received, decoded.type, namesIn(decoded.data), this.handled(handler, decoded.data));
    } catch (error) {
      return this.undecodable(received, error);
    }
  }

  private handlerOf(topic: string, type: string): AnyHandler | undefined {
    const { handlers, topics } = this.d;
    if (topic === topics.users) return handlerIn(handlers.outsideEvents, type);
    return handlerIn(handlers.commands, type) ?? handlerIn(handlers.internal, type);
  }

  private handled(handler: AnyHandler, data: unknown, whenInvalid: DeadLetterReason = 'UndecodableMessage'): Plan {
    try {
      return { kind: 'handle', handler, message: handler.parse(data) };
    } catch (error) {
      if (error instanceof Rejection) return { kind: 'reject', rejection: error };
      if (error instanceof InvalidOutsideEvent) return { kind: 'bury', reason: whenInvalid, error };
      // The schema allows this message and its handler can't read it: that is a bug. The message waits until it is mended.
      return { kind: 'bury', reason: 'HandlerFailed', error: asError(error) };
    }
  }

  /** The user domain may publish types that don't concern this worker. A command without a handler is a mistake. */
  private unknown(received: ReceivedMessage, type: string): Task | undefined {
    if (received.topic === this.d.topics.users) {
      this.d.telemetry.ended({ outcome: 'skipped', type, messages: 1 });
      return undefined;
    }
    const error = new Error(this.explained(received, `nothing here handles ${type} on ${received.topic}`));
    return this.buried(received, type, 'UnknownType', error);
  }

  private undecodable(received: ReceivedMessage, error: unknown): Task {
    if (!(error instanceof UndecodableMessage)) throw error;
    const explained = new UndecodableMessage(this.explained(received, error.message));
    return this.buried(received, null, 'UndecodableMessage', explained);
  }

  /** A batch that can't be unpacked is one letter: which messages it held, nobody can tell. */
  private unreadable(received: ReceivedMessage, why: string): Task {
    return this.buried(received, null, 'UndecodableMessage', new UndecodableMessage(why));
  }

  private explained(received: ReceivedMessage, what: string): string {
    const mistake = this.d.codec.mistakeIn(received);
    return mistake === undefined ? what : `${what}; ${mistake}`;
  }

  private task(received: ReceivedMessage, type: string | null, names: Names, plan: Plan): Task {
    const { cloudEvents } = this.d;
    return new Task(received, cloudEvents.read(received), cloudEvents.digest(received.value), type, names, plan);
  }
}

function handlerIn(table: ReadonlyMap<string, AnyHandler>, type: string): AnyHandler | undefined {
  return table.get(type);
}

function isUserId(text: string | null): text is string {
  return text !== null && isUuid(text);
}
