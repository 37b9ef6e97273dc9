import { ConfigurationError, PublicationFailed } from '../../ports/errors.ts';
import type { OutgoingMessage } from '../../ports/messages.ts';
import type { Producer } from '../../ports/producer.ts';
import type { Telemetry } from '../../ports/telemetry.ts';
import { asError } from '../as-error.ts';
import { untilDone } from '../backoff.ts';

/**
 * Publishes all of it, for as long as it takes: at first in one go, which is the cheapest; after a failure topic by topic, and only what
 * is not acknowledged. @throws ConfigurationError, or the signal's reason
 */
export async function publishUntilDone(
  messages: readonly OutgoingMessage[],
  producer: Producer,
  telemetry: Telemetry,
  signal: AbortSignal,
): Promise<void> {
  if (messages.length === 0) return;
  const waiter = {};
  let publish = inOneGo;
  let left = messages;
  await untilDone(
    () => publish(left, producer),
    (error) => {
      if (error instanceof ConfigurationError) throw error;
      publish = publishByTopic;
      left = unacknowledged(left, error);
      telemetry.waiting('broker', error, waiter);
    },
    signal,
  );
  telemetry.waitEnded('broker', waiter);
}

async function inOneGo(messages: readonly OutgoingMessage[], producer: Producer): Promise<void> {
  await producer.publish(messages);
}

/**
 * Sends to each topic by itself. Order is promised within a topic only, so a topic that takes no messages (a DLQ topic that is full, say)
 * neither holds back the others nor has them sent again. @throws ConfigurationError, or PublicationFailed with all that was acknowledged
 */
export async function publishByTopic(messages: readonly OutgoingMessage[], producer: Producer): Promise<void> {
  const topics = [...Map.groupBy(messages, ({ topic }) => topic).values()];
  const ends = await Promise.allSettled(topics.map((some) => producer.publish(some)));
  const failures = ends.flatMap((end) => (end.status === 'rejected' ? [asError(end.reason)] : []));
  const failure = failures.find((error) => error instanceof ConfigurationError) ?? failures[0];
  if (failure === undefined) return;
  if (failure instanceof ConfigurationError) throw failure;
  const left = new Set(
    topics.flatMap((some, i) => {
      const end = ends[i];
      return end?.status === 'rejected' ? unacknowledged(some, end.reason) : [];
    }),
  );
  throw new PublicationFailed(
    messages.filter((message) => !left.has(message)),
    failure,
  );
}

/** The messages to publish again: all of them, unless the failure tells which are acknowledged. */
function unacknowledged(messages: readonly OutgoingMessage[], failure: unknown): readonly OutgoingMessage[] {
  if (!(failure instanceof PublicationFailed) || failure.acknowledged.length === 0) return messages;
  const done = new Set(failure.acknowledged);
  return messages.filter((message) => !done.has(message));
}
