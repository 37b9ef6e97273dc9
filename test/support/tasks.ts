import { NO_HEADERS } from '../../src/adapters/record-headers.ts';
import type { DomainEvent } from '../../src/domain/events.ts';
import type { CloudEvents } from '../../src/ports/cloud-events.ts';
import type { MessageContext, MessageIdentity, MessageSpan, ReceivedMessage } from '../../src/ports/messages.ts';
import type { Topics } from '../../src/ports/topics.ts';
import type { Loads, Unit } from '../../src/ports/unit-of-work.ts';
import { Dispatcher } from '../../src/worker/dispatcher.ts';
import { NAMELESS, Task, type Names } from '../../src/worker/task.ts';
import { aMessage, NOW } from './builders.ts';

// Tasks whose work a test writes itself, and a dispatcher that runs them without a codec, handlers or events.

export const TOPICS: Topics = {
  commands: 'licensing.commands.v1',
  users: 'u',
  events: 'e',
  rejections: 'r',
  userLookUps: 'l',
  entitlements: 'n',
};

/** @param own what this test's tasks need; anything else throws when it is asked for */
export function cloudEvents(own: Partial<CloudEvents> = {}): CloudEvents {
  return {
    read: notExpected,
    byPosition: notExpected,
    digest: notExpected,
    eventId: notExpected,
    write: notExpected,
    encodeHeaders: () => Buffer.from([0]),
    decodeHeaders: notExpected,
    ...own,
  };
}

/** For what a test hands over and nobody should call. */
export function notExpected(): never {
  throw new Error('nobody should have called this');
}

export function aDispatcher(own: Partial<ConstructorParameters<typeof Dispatcher>[0]> = {}): Dispatcher {
  return new Dispatcher({
    cloudEvents: cloudEvents(),
    eventHandlers: new Map(),
    topics: TOPICS,
    consumerGroup: 'test',
    parkUndecodable: false,
    maxLetterBytes: 1_000_000,
    ...own,
  });
}

interface Work {
  /** What it does in the unit; undefined: it can't be decoded. */
  readonly handle: ((unit: Unit) => Promise<readonly DomainEvent[]> | readonly DomainEvent[]) | undefined;
  readonly declare?: (loads: Loads) => void;
  readonly names?: Partial<Names>;
  /** Whose identity and bytes it has. Default: those of the message at this offset. */
  readonly message?: Pick<ReturnType<typeof aMessage>, 'identity' | 'digest'>;
  /** Default: it is not traced. */
  readonly span?: MessageSpan;
  /** Default: no key, no value. */
  readonly received?: Partial<ReceivedMessage>;
}

export function aTask(
  offset: number,
  { handle, declare = () => undefined, names = {}, message = aMessage(offset), span, received = {} }: Work,
): Task {
  const at = { topic: TOPICS.commands, partition: 0, offset, timestamp: NOW };
  const whole = { ...at, key: null, value: null, headers: NO_HEADERS, ...received };
  const context = { ...contextOf(message.identity), span };
  if (handle === undefined) {
    const error = new Error('no Avro');
    return new Task(whole, context, message.digest, null, NAMELESS, {
      kind: 'bury',
      reason: 'UndecodableMessage',
      error,
    });
  }
  return new Task(
    whole,
    context,
    message.digest,
    'test',
    { ...NAMELESS, ...names },
    {
      kind: 'handle',
      handler: {
        parse: (raw) => raw,
        declare: (_, loads) => declare(loads),
        handle: (_, unit) => handle(unit),
      },
      message: undefined,
    },
  );
}

export function contextOf(identity: MessageIdentity): MessageContext {
  return { identity, causationId: identity.id, correlationId: null, traceparent: null, key: null };
}
