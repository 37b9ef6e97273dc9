import type { DomainEvent } from '../domain/events.ts';
import type { MessageContext } from './messages.ts';
import type { Loads, Unit } from './unit-of-work.ts';

/**
 * What handles one type of message. `Raw` is the decoded record, `Message` what the domain makes of it.
 * `handle` asks for the narrow view of the unit that it needs and returns what happened, in order.
 */
export interface MessageHandler<Raw, Message> {
  /** What depends on the message's time is left to `handle`. @throws Rejection InvalidCommand, or InvalidOutsideEvent for outside events */
  parse(raw: Raw): Message;
  declare(message: Message, loads: Loads): void;
  /**
   * @param now the message's time, see domain/message-time.ts
   * @throws Rejection when the answer is no; anything else it throws makes the message a dead letter.
   */
  handle(message: Message, unit: Unit, now: number): Promise<readonly DomainEvent[]>;
}

/** What an event follows from. */
export interface Cause {
  readonly context: MessageContext;
  /** The event's own id, derived from its cause and its index: the same at every repetition. */
  readonly eventId: string;
}

export interface EventHandler<E extends DomainEvent> {
  handle(event: E, unit: Unit, cause: Cause): Promise<void> | void;
}
