import { withoutAbortedRecords, type AbortedTransaction } from './aborted-records.ts';
import { keepPartialAnswers, type ProduceAnswer } from './acknowledgements.ts';
import { Operations, type Broker, type Cluster as AskedCluster, type Protocol } from './authorized-operations.ts';
import {
  endAfterFailedProof,
  endAfterTimeout,
  reauthenticateInTime,
  stopIdleTimers,
  type AuthenticatedConnection,
  type Authenticator,
  type Connection,
  type ConnectionPool,
  type RequestQueue,
} from './connections.ts';
import { crc32c } from './crc32c.ts';
import { Fetches, type FetchBroker, type FetchCluster } from './fetches.ts';
import {
  beatThrough,
  keepMembership,
  tellWhyNoCoordinator,
  type Cluster as MembersCluster,
  type ConsumerGroup as Membership,
  type CoordinatorFinder,
} from './group-membership.ts';
import { groupMessagesPerPartition, type Grouping } from './group-messages.ts';
import {
  keepWhatIsLed,
  lookForLeaders,
  resolveWhatIsLed,
  type BrokerPool,
  type Metadata,
  type OffsetResolver,
} from './leaderless.ts';
import {
  commitUnderOneAssignment,
  fetchUnderOneAssignment,
  goOnFromTheBeginning,
  handOverEverything,
  leaveAtOnce,
  readFromWhoIsThere,
  rememberWhoCommits,
  seekUnderOneAssignment,
  tellOutOfRange,
  withPosition,
  type Batch,
  type ConsumerGroup as Positions,
  type FetchedPartition,
  type OffsetManager,
  type Runner,
} from './positions.ts';
import {
  createProduceRequests,
  createRequests,
  type AddressedRequest,
  type PartitionData,
  type ProduceOrder,
  type ProtocolRequest,
  type TopicData,
} from './produce-request.ts';
import type { Mend } from './private-modules.ts';
import { createDecodeMessages, type AnswerDecoder } from './record-batches.ts';
import { createSenders, type Cluster as SendersCluster, type SenderParts, type SendMessages } from './sender.ts';

/** The version that the mends are made for; package.json pins it. */
export const KAFKAJS_VERSION = '2.2.4';

/** What users may do, which kafkajs does not ask. */
export const OPERATIONS = new Operations();

/** Reading without a group, which kafkajs does not offer. */
export const FETCHES = new Fetches();

/** A file of kafkajs: what of it is relied on, and how it is mended, if it is. */
export interface Part {
  readonly path: string;
  /** Names that must be in its source. */
  readonly needs: readonly string[];
  readonly mend?: Mend;
}

/** Everything that depends on how kafkajs is made inside. docs/decisions/0008-kafkajs-is-mended-at-load.md goes by the numbers. */
export const PARTS: readonly Part[] = [
  {
    // 1. A send groups its messages by copying the list for every message.
    path: 'src/producer/groupMessagesPerPartition.js',
    needs: names<Grouping<unknown>>({ topic: true, partitionMetadata: true, messages: true, partitioner: true }),
    mend: () => groupMessagesPerPartition,
  },
  {
    // 2. A record, each of its headers, its batch, its partition, its topic and its request are encoded into buffers of their own, zeroed
    // and grown to the next power of two: each byte is copied seven times. Version 3 stands for all later ones, too.
    path: 'src/protocol/requests/produce/v3/request.js',
    needs: names<ProduceOrder & TopicData & PartitionData>({
      ...{ acks: true, timeout: true, compression: true, transactionalId: true, producerId: true, topicData: true },
      ...{ topic: true, partitions: true, partition: true, messages: true, firstSequence: true },
    }),
    mend: (original) => createProduceRequests(original as Parameters<typeof createProduceRequests>[0]),
  },
  {
    path: 'src/protocol/request.js',
    needs: names<AddressedRequest & Pick<ProtocolRequest, 'apiKey' | 'apiVersion'>>({
      ...{ request: true, correlationId: true, clientId: true, apiKey: true, apiVersion: true },
    }),
    mend: (original) => createRequests(original as Parameters<typeof createRequests>[0]),
  },
  {
    // 3. Records are read by way of big integers, and their headers are copied anew for each of them.
    // 14. gzip is unpacked without a bound, no other codec is known, and one batch that can't be read ends the consumer.
    path: 'src/protocol/requests/fetch/v4/decodeMessages.js',
    needs: [],
    mend: (_, load) => {
      const Decoder = load('src/protocol/decoder.js') as new (bytes: Buffer) => AnswerDecoder;
      const decodeSet = load('src/protocol/messageSet/decoder.js') as DecodeMessageSet;
      return createDecodeMessages((bytes) => decodeSet(new Decoder(bytes), bytes.length));
    },
  },
  {
    path: 'src/protocol/decoder.js',
    needs: names<AnswerDecoder>({ readInt32: true, canReadBytes: true, readBytes: true }),
  },
  {
    // 4. The checksum of a batch is computed byte by byte.
    path: 'src/protocol/recordBatch/crc32C/crc32C.js',
    needs: [],
    mend: () => crc32c,
  },
  {
    // 5. After each response a timer with a negative delay is set. Node warns of it and takes it for 1 ms: it fires a thousand times a second.
    path: 'src/network/requestQueue/index.js',
    needs: names<RequestQueue>({ pending: true, throttledUntil: true, scheduleCheckPendingRequests: true }),
    mend: changed(stopIdleTimers),
  },
  {
    // 6. A connection on which requests time out is kept, and the next requests are sent into it.
    path: 'src/network/connectionPool.js',
    needs: names<ConnectionPool>({ pool: true, send: true }),
    mend: changed(endAfterTimeout),
  },
  {
    // 15. A connection proves again who it is 10 s ahead of the end that its broker has set: of a shorter time, never in time.
    path: 'src/network/connection.js',
    needs: names<Connection & AuthenticatedConnection>({
      ...{ socket: true, sessionLifetime: true, reauthenticationThreshold: true },
    }),
    mend: changed(reauthenticateInTime),
  },
  {
    // 19. A connection whose proof has failed midway is kept, and the next requests are sent into it.
    path: 'src/broker/saslAuthenticator/index.js',
    needs: names<Authenticator>({ connection: true, authenticate: true }),
    mend: changed(endAfterFailedProof),
  },
  {
    // 8. Records of aborted transactions are delivered where several transactions were open at a time.
    path: 'src/consumer/filterAbortedMessages.js',
    needs: ['messages', 'abortedTransactions', ...names<AbortedTransaction>({ producerId: true, firstOffset: true })],
    mend: () => withoutAbortedRecords,
  },
  {
    // 9. A send leaves out a partition whose leadership moves to a broker that has answered already, and resolves.
    path: 'src/producer/sendMessages.js',
    needs: names<SenderParts>({ cluster: true, partitioner: true, logger: true, retrier: true, eosManager: true }),
    mend: (original, load) => {
      const { createErrorFromCode } = load('src/protocol/error.js') as ProtocolErrors;
      const { KafkaJSMetadataNotLoaded } = load('src/errors.js') as Errors;
      return createSenders({
        original: original as (parts: SenderParts) => SendMessages,
        errorOf: createErrorFromCode,
        MetadataNotLoaded: KafkaJSMetadataNotLoaded,
      });
    },
  },
  { path: 'src/protocol/error.js', needs: names<ProtocolErrors>({ createErrorFromCode: true }) },
  { path: 'src/errors.js', needs: names<Errors>({ KafkaJSMetadataNotLoaded: true }) },
  { path: 'src/producer/eosManager/index.js', needs: names<SenderParts['eosManager']>({ isInitialized: true }) },
  {
    // Its version 3, which all later ones that kafkajs knows use as well.
    path: 'src/protocol/requests/produce/v3/response.js',
    needs: ['parse', ...names<ProduceAnswer>({ topics: true }), 'topicName', 'partitions', 'partition', 'errorCode'],
    mend: (response) => {
      keepPartialAnswers(response as Parameters<typeof keepPartialAnswers>[0]);
      return response;
    },
  },
  {
    // 10. Nothing tells how far a fetch has read that brought no messages.
    path: 'src/consumer/batch.js',
    needs: names<Batch>({
      ...{ topic: true, partition: true, fetchedOffset: true, highWatermark: true, rawMessages: true },
      ...{ isEmpty: true, lastOffset: true },
    }),
    mend: (Original) => withPosition(Original as Parameters<typeof withPosition>[0]),
  },
  ...['v4', 'v5', 'v7', 'v8', 'v11'].map((version) => ({
    path: `src/protocol/requests/fetch/${version}/response.js`,
    needs: [...names<FetchedPartition>({ lastStableOffset: true }), 'abortedTransactions', 'highWatermark'],
  })),
  {
    // 7. Whether a heartbeat is due is told by the time of day: after an hour back, in an hour.
    // 11. A batch is handed over under a later assignment than that for which it was fetched; a failed commit is repeated under one.
    // 12. After an offset that is out of range, -2 is committed, and nothing says what was lost.
    // 13. A member keeps to a coordinator that is dead, forgets which member it was, and joins anew for each leader that moves.
    // 16. It keeps to a replica nearby that is dead, and takes what such a replica lacks for lost.
    // 20. A seek outlives its assignment: it takes effect when the partition comes back, however much later.
    path: 'src/consumer/consumerGroup.js',
    needs: names<Membership & Positions>({
      ...{ cluster: true, groupId: true, offsetManager: true, coordinator: true, memberId: true, lastRequest: true },
      ...{ topicConfigurations: true, instrumentationEmitter: true, heartbeat: true, joinAndSync: true, leave: true },
      ...{ recoverFromFetch: true, fetch: true, commitOffsets: true, recoverFromOffsetOutOfRange: true },
      ...{ preferredReadReplicasPerTopicPartition: true, getNodeIds: true, findReadReplicaForPartitions: true },
      ...{ seek: true, seekOffset: true, seekOffsets: true },
    }),
    mend: changed<Membership & Positions>(
      beatThrough,
      seekUnderOneAssignment,
      fetchUnderOneAssignment,
      commitUnderOneAssignment,
      goOnFromTheBeginning,
      readFromWhoIsThere,
      keepMembership,
    ),
  },
  {
    // 10. and 11.
    // 17. A member that stops leaves the group only when its fetches have ended.
    path: 'src/consumer/runner.js',
    needs: names<Runner>({
      ...{ running: true, consumerGroup: true, eachBatch: true, eachBatchAutoResolve: true, handleBatch: true },
      ...{ processEachBatch: true, heartbeat: true, commitOffsets: true },
      ...{ fetchManager: true, stop: true, waitForConsumer: true },
    }),
    mend: changed(handOverEverything, leaveAtOnce, rememberWhoCommits),
  },
  {
    // 12.
    path: 'src/consumer/instrumentationEvents.js',
    needs: ['events'],
    mend: (module) => {
      tellOutOfRange(module as Parameters<typeof tellOutOfRange>[0]);
      return module;
    },
  },
  {
    // 24. A partition for which nothing was committed, and that nobody leads, fails the fetches of all partitions of a member.
    path: 'src/consumer/offsetManager/index.js',
    needs: names<OffsetManager & OffsetResolver>({
      ...{ nextOffset: true, resolveOffset: true, coordinator: true },
      ...{ memberAssignment: true, cluster: true, resolveOffsets: true },
    }),
    mend: changed<OffsetResolver>(resolveWhatIsLed),
  },
  {
    // 18. Why no broker names a coordinator is forgotten: that the user may not know, say.
    path: 'src/cluster/index.js',
    needs: names<MembersCluster & SendersCluster & CoordinatorFinder & FetchCluster>({
      ...{ findGroupCoordinator: true, refreshMetadata: true, removeBroker: true, fetchTopicsOffset: true },
      ...{ addMultipleTargetTopics: true, refreshMetadataIfNecessary: true, findTopicPartitionMetadata: true },
      ...{ findLeaderForPartitions: true, findBroker: true, findGroupCoordinatorMetadata: true, getNodeIds: true },
      addTargetTopic: true,
    }),
    mend: changed<CoordinatorFinder>(tellWhyNoCoordinator),
  },
  {
    // 21. Nothing tells whether a user may write a topic, but a message in it.
    // 22. Nothing is read but as a member of a group.
    path: 'src/admin/index.js',
    needs: ['cluster'],
    mend: (original, load) => {
      const protocol = { Encoder: load('src/protocol/encoder.js'), Decoder: load('src/protocol/decoder.js') };
      const admins = OPERATIONS.createAdmins(original as CreateAdmin, protocol as Protocol);
      return FETCHES.createAdmins(admins);
    },
  },
  {
    // 23. One partition that nobody leads fails the metadata of all topics of a client: nothing is fetched or sent any more.
    path: 'src/protocol/requests/metadata/v0/response.js',
    needs: ['parse', ...names<Metadata>({ topicMetadata: true }), 'partitionMetadata', 'partitionErrorCode', 'leader'],
    mend: (answer) => keepWhatIsLed(answer as Parameters<typeof keepWhatIsLed>[0]),
  },
  ...['v1', 'v2', 'v3', 'v5'].map((version) => ({
    path: `src/protocol/requests/metadata/${version}/response.js`,
    needs: ['parseV0'],
  })),
  {
    path: 'src/cluster/brokerPool.js',
    needs: names<AskedCluster['brokerPool'] & BrokerPool>({
      ...{ findConnectedBroker: true, metadata: true, metadataExpireAt: true, refreshMetadata: true },
    }),
    mend: changed(lookForLeaders),
  },
  {
    path: 'src/broker/index.js',
    needs: names<Broker & FetchBroker>({ versions: true, connectionPool: true, fetch: true }),
  },
  { path: 'src/protocol/encoder.js', needs: ['buffer', 'writeArray', 'writeBoolean'] },
];

type CreateAdmin = Parameters<Operations['createAdmins']>[0];

type DecodeMessageSet = (decoder: AnswerDecoder, size: number) => Promise<unknown[]>;

interface ProtocolErrors {
  readonly createErrorFromCode: (code: number) => Error;
}

interface Errors {
  readonly KafkaJSMetadataNotLoaded: new (message: string) => Error;
}

/** The names of an interface: the compiler asks for each of them, and for no other. */
function names<Interface>(all: Readonly<Record<keyof Interface & string, true>>): readonly string[] {
  return Object.keys(all);
}

/** A class whose prototype is changed by each of these in turn, the first one innermost. */
function changed<T>(...changes: readonly ((Class: { readonly prototype: T }) => void)[]): Mend {
  return (Class) => {
    for (const change of changes) change(Class as { readonly prototype: T });
    return Class;
  };
}
