import type { Raw } from '../domain/commands.ts';
import type { DomainEvent } from '../domain/events.ts';
import type { Windows } from '../domain/counts.ts';
import type { CloudEvents } from './cloud-events.ts';
import type { MessageContext } from './messages.ts';
import type { Topics } from './topics.ts';
import type { Loads, Unit } from './unit-of-work.ts';

/**
 * What handles one type of message. `RawMessage` is the decoded record, `Message` what the domain makes of it.
 * `handle` asks for the narrow view of the unit that it needs and returns what happened, in order.
 */
export interface MessageHandler<RawMessage, Message> {
  /**
   * Checks everything but what depends on the message's time, which `handle` checks.
   * @throws Rejection InvalidCommand; InvalidOutsideEvent for what is no command
   */
  parse(raw: RawMessage): Message;
  /** The time that the message brings itself, in milliseconds since the epoch. Without this method it is that of its record. */
  time?(message: Message): number;
  /** Names what `handle` will read, so that a chunk loads it all at once, and `handle` finds it without waiting. */
  declare(message: Message, loads: Loads): void;
  /**
   * @param now the message's time, see domain/message-time.ts
   * @throws Rejection when the answer is no; anything else that it throws makes the message a dead letter
   */
  handle(message: Message, unit: Unit, now: number): Promise<readonly DomainEvent[]> | readonly DomainEvent[];
}

export type CommandHandler<Command> = MessageHandler<Raw<Command>, Command>;

/** What an event follows from. */
export interface Cause {
  readonly context: MessageContext;
  /** The event's own id, derived from its cause and its index: the same at every repetition. */
  readonly eventId: string;
  /** Its place among the events of its cause, from 0, and how many these are. */
  readonly index: number;
  readonly count: number;
}

export interface EventHandler<E extends DomainEvent> {
  handle(event: E, unit: Unit, cause: Cause): Promise<void> | void;
}

/** What the container gives to the constructor of each handler. */
export interface HandlerDependencies {
  readonly cloudEvents: CloudEvents;
  readonly topics: Topics;
  /** Whether there is a user domain to ask: USER_DOMAIN_URL. */
  readonly userDomainKnown: boolean;
  readonly windows: Windows;
}

export type HandlerClass<Handler> = new (dependencies: HandlerDependencies) => Handler;
