import { createRequire } from 'node:module';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type KafkaJs from 'kafkajs';
import { withoutAbortedRecords } from './kafkajs/aborted-records.ts';
import { crc32c } from './kafkajs/crc32c.ts';
import {
  commitUnderOneAssignment,
  goOnFromTheBeginning,
  handOverEverything,
  withPosition,
} from './kafkajs/positions.ts';
import { decodeRecord } from './kafkajs/record-decoder.ts';
import { keepMembership, type ConsumerGroup as Membership } from './kafkajs/group-membership.ts';
import { encodeRecord } from './kafkajs/record-encoder.ts';
import { createSenders, keepPartialAnswers, type KafkaJsInsides } from './kafkajs/send-messages.ts';

/**
 * kafkajs, mended in thirteen places before it is loaded. Everything here imports it from this file. The mends are kept to 2.2.4, to which
 * the dependency is pinned, and test/unit/adapters/kafkajs.unit.test.ts holds them against the originals, byte for byte.
 *
 * 1. A send groups its messages by copying the list for every message.
 * 2. The record encoder allocates 512 zeroed bytes a record and a header.
 * 3. The record decoder makes big integers, and copies the headers anew for each of them.
 * 4. It computes the checksum of a batch byte by byte.
 * 5. After each response it sets a timer of a negative delay, which Node takes for 1 ms and warns of: it wakes a thousand times a second.
 * 6. It keeps a connection on which requests time out, and sends the next ones into it.
 * 7. It tells by the time of day when a heartbeat is due: after an hour back, in an hour.
 * 8. It delivers records of aborted transactions where several transactions were open at a time.
 * 9. A send leaves out a partition whose leadership moves to a broker that has answered, and resolves; see send-messages.ts.
 * 10. - 12. It is wrong or silent about positions: see src/adapters/kafkajs/positions.ts.
 * 13. It keeps to a coordinator that is dead, forgets which member it was, and joins anew for each leader that moves; see group-membership.ts.
 */
const require = createRequire(import.meta.url);

replace('kafkajs/src/producer/groupMessagesPerPartition.js', groupMessagesPerPartition);
keepPartialAnswers(require('kafkajs/src/protocol/requests/produce/v3/response.js') as ProduceResponse);
replace(
  'kafkajs/src/producer/sendMessages.js',
  createSenders({
    original: require('kafkajs/src/producer/sendMessages.js') as KafkaJsInsides['original'],
    group: groupMessagesPerPartition,
    errorOf: (require('kafkajs/src/protocol/error.js') as ProtocolErrors).createErrorFromCode,
    MetadataNotLoaded: (require('kafkajs/src/errors.js') as Errors).KafkaJSMetadataNotLoaded,
  }),
);
replace('kafkajs/src/protocol/recordBatch/record/v0/index.js', encodeRecord);
replace('kafkajs/src/protocol/recordBatch/record/v0/decoder.js', decodeRecord);
replace('kafkajs/src/protocol/recordBatch/crc32C/crc32C.js', crc32c);
replace('kafkajs/src/consumer/filterAbortedMessages.js', withoutAbortedRecords);
replace(
  'kafkajs/src/consumer/batch.js',
  withPosition(require('kafkajs/src/consumer/batch.js') as Parameters<typeof withPosition>[0]),
);
stopIdleTimers(require('kafkajs/src/network/requestQueue/index.js') as typeof RequestQueue);
endAfterTimeout(require('kafkajs/src/network/connectionPool.js') as typeof ConnectionPool);
beatThrough(require('kafkajs/src/consumer/consumerGroup.js') as typeof ConsumerGroup);
mendPositions(
  require('kafkajs/src/consumer/consumerGroup.js') as Parameters<typeof handOverEverything>[0],
  require('kafkajs/src/consumer/runner.js') as Parameters<typeof handOverEverything>[1],
);
keepMembership(require('kafkajs/src/consumer/consumerGroup.js') as { readonly prototype: Membership });

const kafkajs = require('kafkajs') as typeof KafkaJs;

export const {
  CompressionCodecs,
  CompressionTypes,
  ConfigResourceTypes,
  Kafka,
  logLevel,
  PartitionAssigners,
  Partitioners,
} = kafkajs;

function replace(path: string, exports: unknown): void {
  const file = require.resolve(path);
  require(file);
  const module = require.cache[file];
  if (module === undefined) throw new Error(`${path} is not where it was in kafkajs 2.2.4`);
  module.exports = exports;
}

function mendPositions(...[group, runner]: Parameters<typeof handOverEverything>): void {
  const { events } = require('kafkajs/src/consumer/instrumentationEvents.js') as {
    readonly events: Record<string, string>;
  };
  handOverEverything(group, runner);
  commitUnderOneAssignment(group, runner);
  goOnFromTheBeginning(events, group);
}

interface Grouping<Message> {
  readonly topic: string;
  readonly partitionMetadata: readonly unknown[];
  readonly messages: readonly Message[];
  readonly partitioner: (choice: { topic: string; partitionMetadata: readonly unknown[]; message: Message }) => number;
}

export function groupMessagesPerPartition<Message>(grouping: Grouping<Message>): Record<number, Message[]> {
  const { topic, partitionMetadata, messages, partitioner } = grouping;
  const groups: Record<number, Message[]> = {};
  if (partitionMetadata.length === 0) return groups;
  for (const message of messages) {
    const partition = partitioner({ topic, partitionMetadata, message });
    const group = groups[partition];
    if (group === undefined) groups[partition] = [message];
    else group.push(message);
  }
  return groups;
}

/** Of version 3, which all later ones that kafkajs knows use as well. */
type ProduceResponse = Parameters<typeof keepPartialAnswers>[0];

interface ProtocolErrors {
  readonly createErrorFromCode: KafkaJsInsides['errorOf'];
}

interface Errors {
  readonly KafkaJSMetadataNotLoaded: KafkaJsInsides['MetadataNotLoaded'];
}

declare class RequestQueue {
  readonly pending: readonly unknown[];
  readonly throttledUntil: number;
  scheduleCheckPendingRequests(): void;
}

/** Nothing is throttled and nothing waits: there is nothing to look at later, and the next response looks again. */
function stopIdleTimers({ prototype }: typeof RequestQueue): void {
  const schedule = prototype.scheduleCheckPendingRequests;
  prototype.scheduleCheckPendingRequests = function scheduleCheckPendingRequests(this: RequestQueue): void {
    if (this.pending.length > 0 || this.throttledUntil > Date.now()) schedule.call(this);
  };
}

declare class ConnectionPool {
  readonly pool: readonly { readonly socket: { destroy(error: Error): void } | null }[];
  send(request: unknown): Promise<unknown>;
}

/**
 * Packets may vanish without a reset: what was not answered in time ends all connections to that broker, so that the next try makes
 * others, and nobody takes it for connected who looks for a broker to ask.
 */
function endAfterTimeout({ prototype }: typeof ConnectionPool): void {
  const send = prototype.send;
  prototype.send = async function sendOrEnd(this: ConnectionPool, request: unknown): Promise<unknown> {
    try {
      return await send.call(this, request);
    } catch (error) {
      if (error instanceof Error && error.name === 'KafkaJSRequestTimeoutError') {
        for (const { socket } of this.pool) socket?.destroy(error);
        await nextTurn(); // by then kafkajs has heard of it
      }
      throw error;
    }
  };
}

declare class ConsumerGroup {
  lastRequest: number;
  heartbeat(options: { readonly interval: number }): Promise<void>;
}

/** A last heartbeat in the future is one of a clock that has been put back since: the next one is due. */
function beatThrough({ prototype }: { readonly prototype: ConsumerGroup }): void {
  const heartbeat = prototype.heartbeat;
  prototype.heartbeat = async function beat(this: ConsumerGroup, options): Promise<void> {
    if (this.lastRequest > Date.now()) this.lastRequest = 0;
    await heartbeat.call(this, options);
  };
}
