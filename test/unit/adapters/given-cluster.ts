import { createRequire } from 'node:module';
import type { Message } from 'kafkajs';
import { groupMessagesPerPartition } from '../../../src/adapters/kafkajs.ts';
import {
  createSenders,
  keepPartialAnswers,
  type SendMessages,
  type SenderParts,
} from '../../../src/adapters/kafkajs/send-messages.ts';

const require = createRequire(import.meta.url);
const { createErrorFromCode } = require('kafkajs/src/protocol/error.js') as {
  readonly createErrorFromCode: (code: number) => Error;
};
const createRetrier = require('kafkajs/src/retry/index.js') as (options: object) => SenderParts['retrier'];

export const NOT_LEADER = 6;
export const NOT_ENOUGH_REPLICAS = 19;
export const TOO_LARGE = 10;

interface Request {
  readonly topicData: readonly {
    readonly topic: string;
    readonly partitions: readonly { readonly partition: number; readonly messages: readonly Message[] }[];
  }[];
}

type Answer = Awaited<ReturnType<Parameters<typeof keepPartialAnswers>[0]['parse']>>;

/** A cluster as kafkajs' sender sees it. Each message says by `partition` where it belongs; topics have four. */
export class GivenCluster {
  /** `topic/partition` to node; what is not named is led by node 1. A client knows what it was when it last looked. */
  readonly leaders = new Map<string, number>();
  /** What a node answers for `topic/partition` instead of taking it, in turn. */
  readonly refusals = new Map<string, number[]>();
  /** Each share that was taken: `node: topic/partition text text`. */
  readonly taken: string[] = [];
  /** Told before a node answers. */
  onProduce: (node: number) => void = () => undefined;
  /** What answers leave out. */
  readonly silentOn = new Set<string>();
  private known = new Map<string, number>();
  private readonly response = {
    parse: (
      require('kafkajs/src/protocol/requests/produce/v3/response.js') as { parse: (data: Answer) => Promise<Answer> }
    ).parse,
  };

  constructor() {
    keepPartialAnswers(this.response);
  }

  sender({ retries = 5 } = {}): SendMessages {
    const senders = createSenders({
      original: () => () => Promise.reject(new Error('the original is for transactions')),
      group: groupMessagesPerPartition,
      errorOf: createErrorFromCode,
      MetadataNotLoaded: Error,
    });
    return senders({
      cluster: this.asCluster(),
      partitioner: ({ message }) => message.partition ?? 0,
      logger: { error: () => undefined },
      retrier: createRetrier({ retries, initialRetryTime: 1, maxRetryTime: 4 }),
      eosManager: { isInitialized: () => false },
    });
  }

  private asCluster(): SenderParts['cluster'] {
    const look = async (): Promise<void> => void (this.known = new Map(this.leaders));
    return {
      addMultipleTargetTopics: () => Promise.resolve(),
      refreshMetadataIfNecessary: () => (this.known.size === 0 ? look() : Promise.resolve()),
      refreshMetadata: look,
      findTopicPartitionMetadata: () => Array.from({ length: 4 }),
      findLeaderForPartitions: (topic, partitions) =>
        Object.fromEntries(
          [...Map.groupBy(partitions, (partition) => this.known.get(`${topic}/${partition}`) ?? 1)].map(
            ([node, some]) => [String(node), some.map(Number)],
          ),
        ),
      findBroker: ({ nodeId }) => Promise.resolve(this.broker(Number(nodeId))),
      removeBroker: () => undefined,
    };
  }

  private broker(nodeId: number): { readonly produce: (request: Request) => Promise<Answer> } {
    return {
      produce: async ({ topicData }) => {
        this.onProduce(nodeId);
        const topics = topicData.map(({ topic, partitions }) => ({
          topicName: topic,
          partitions: partitions
            .filter(({ partition }) => !this.silentOn.has(`${topic}/${partition}`))
            .map(({ partition, messages }) => ({
              partition,
              errorCode: this.take(nodeId, `${topic}/${partition}`, messages),
              baseOffset: '0',
            })),
        }));
        return this.response.parse({ topics });
      },
    };
  }

  private take(nodeId: number, place: string, messages: readonly Message[]): number {
    if ((this.leaders.get(place) ?? 1) !== nodeId) return NOT_LEADER;
    const refusal = this.refusals.get(place)?.shift();
    if (refusal !== undefined) return refusal;
    this.taken.push([`${nodeId}: ${place}`, ...messages.map(({ value }) => String(value).slice(0, 8))].join(' '));
    return 0;
  }
}

export function toPartition(partition: number, ...texts: readonly string[]): readonly Message[] {
  return texts.map((text) => ({ partition, value: text }));
}
