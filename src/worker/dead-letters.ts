import type { CloudEvents } from '../ports/cloud-events.ts';
import { REASONS, type DeadLetterReason } from '../ports/dead-letters.ts';
import { recordSize, type MessageIdentity, type OutgoingMessage, type ReceivedMessage } from '../ports/messages.ts';
import { parkableKeys } from '../ports/parked-keys.ts';
import { dlqOf } from '../ports/topics.ts';
import type { DeadLetter, Unit } from '../ports/unit-of-work.ts';
import type { Task } from './task.ts';

export interface LetterDependencies {
  readonly cloudEvents: CloudEvents;
  readonly consumerGroup: string;
  /** Whether a message that can't be decoded parks the tenant or user that is its Kafka key. */
  readonly parkUndecodable: boolean;
  /** The largest record that the DLQ topics take, in bytes. */
  readonly maxLetterBytes: number;
}

/** Why a message becomes a dead letter. */
export class Failed {
  readonly reason: DeadLetterReason;
  readonly error: Error;

  constructor(reason: DeadLetterReason, error: Error) {
    this.reason = reason;
    this.error = error;
  }
}

/** An earlier message of this tenant or user is a dead letter, and has to be resolved first. */
export function parkedBehind(key: string): Failed {
  return new Failed('ParkedBehind', new ParkedBehind(key));
}

class ParkedBehind extends Error {
  override readonly name = 'ParkedBehind';

  constructor(key: string) {
    super(`${key} is parked: a message of it before this one is a dead letter`);
  }
}

/** Makes dead letters of messages: each is a row of the unit's, and a record for the DLQ topic in its outbox. */
export class LetterWriter {
  private readonly d: LetterDependencies;

  constructor(dependencies: LetterDependencies) {
    this.d = dependencies;
  }

  /** @param identity the one that the letter goes by */
  write(task: Task, failed: Failed, unit: Unit, identity: MessageIdentity = task.identity): DeadLetter {
    const letter = this.letterOf(task, failed, unit.startedAt, identity);
    unit.deadLetters.add(letter);
    unit.outbox.add(this.recordOf(letter));
    return letter;
  }

  private letterOf(
    { received, keys: names }: Task,
    { reason, error }: Failed,
    time: number,
    identity: MessageIdentity,
  ): DeadLetter {
    const named = parkableKeys(names);
    // A message that can't be read names nobody that the worker could see: only its Kafka key tells whose it is.
    const undecodable = reason === 'UndecodableMessage' && this.d.parkUndecodable;
    const keys = undecodable && named.length === 0 ? parkableKeys([String(received.key).toLowerCase()]) : named;
    return {
      received,
      identity,
      reason,
      message: error.message,
      exception: error.name,
      time,
      keys,
      parks: keys.length > 0 && (undecodable || REASONS[reason].parks),
    };
  }

  private recordOf({ received, reason, message, exception, time }: DeadLetter): OutgoingMessage {
    const { topic, partition, offset, timestamp, key, value } = received;
    const about = {
      'dlq-reason': reason,
      'dlq-message': message.slice(0, MAX_HEADER_CHARACTERS),
      'dlq-exception': exception.slice(0, MAX_HEADER_CHARACTERS),
      'dlq-topic': topic,
      'dlq-partition': String(partition),
      'dlq-offset': String(offset),
      'dlq-timestamp': String(timestamp),
      'dlq-group': this.d.consumerGroup,
      'dlq-time': new Date(time).toISOString(),
    };
    return this.fitting({ topic: dlqOf(topic), key, value }, received, about);
  }

  /**
   * Drops the value, or all of the message, where the record would be larger than its topic takes. A compressed batch can bring such a
   * message, and its lane would try to publish it for ever. The record tells the size of what was dropped; the row keeps all of it.
   */
  private fitting(
    { topic, key, value }: Pick<OutgoingMessage, 'topic' | 'key' | 'value'>,
    received: ReceivedMessage,
    about: Readonly<Record<string, string>>,
  ): OutgoingMessage {
    const { cloudEvents, maxLetterBytes } = this.d;
    const whole = { topic, key, value, headers: cloudEvents.encodeHeaders(about, received.headers) };
    if (recordSize(whole) <= maxLetterBytes) return whole;
    const told = { ...about, 'dlq-omitted-bytes': String(recordSize(whole)) };
    const withoutValue = { topic, key, value: null, headers: cloudEvents.encodeHeaders(told, received.headers) };
    if (recordSize(withoutValue) <= maxLetterBytes) return withoutValue;
    return { topic, key: null, value: null, headers: cloudEvents.encodeHeaders(told) };
  }
}

/** The DLQ topic takes 64 KB more than its source: what is said about a letter stays far below. */
const MAX_HEADER_CHARACTERS = 4_000;
