import type { Message } from 'kafkajs';
import type { ProduceAnswer } from '../../../src/adapters/kafkajs/acknowledgements.ts';
import type { SendMessages, SenderParts } from '../../../src/adapters/kafkajs/sender.ts';
import { mendedModule } from './given-kafkajs.ts';

const createRetrier = mendedModule<(options: object) => SenderParts['retrier']>('src/retry/index.js');
const createSender = mendedModule<(parts: SenderParts) => SendMessages>('src/producer/sendMessages.js');
const { parse } = mendedModule<{ readonly parse: (data: ProduceAnswer) => Promise<ProduceAnswer> }>(
  'src/protocol/requests/produce/v3/response.js',
);

export const NOT_LEADER = 6;
export const NOT_ENOUGH_REPLICAS = 19;
export const TOO_LARGE = 10;

interface Request {
  readonly topicData: readonly {
    readonly topic: string;
    readonly partitions: readonly { readonly partition: number; readonly messages: readonly Message[] }[];
  }[];
}

/** A cluster as the sender of the worker's kafkajs sees it. Each message says by `partition` where it belongs; topics have four. */
export class GivenCluster {
  /** `topic/partition` to node; what is not named is led by node 1. A client knows what it was when it last looked. */
  readonly leaders = new Map<string, number>();
  /** What a node answers for `topic/partition` instead of taking it, in turn. */
  readonly refusals = new Map<string, number[]>();
  /** `max.message.bytes` of a topic, compared with the values of a batch. */
  readonly takes = new Map<string, number>();
  /** How often a batch was refused as too large. */
  tooLarge = 0;
  /** Each batch that was taken: `node: topic/partition text text`. */
  readonly taken: string[] = [];
  /** Told before a node answers. */
  onProduce: (node: number) => void = () => undefined;
  /** What answers leave out. */
  readonly silentOn = new Set<string>();
  private known = new Map<string, number>();

  sender({ retries = 5 } = {}): SendMessages {
    return createSender({
      cluster: this.asCluster(),
      partitioner: ({ message }) => message.partition ?? 0,
      logger: { error: () => undefined, warn: () => undefined },
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

  private broker(nodeId: number): { readonly produce: (request: Request) => Promise<ProduceAnswer> } {
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
        return parse({ topics });
      },
    };
  }

  private take(nodeId: number, place: string, messages: readonly Message[]): number {
    if ((this.leaders.get(place) ?? 1) !== nodeId) return NOT_LEADER;
    const refusal = this.refusals.get(place)?.shift();
    if (refusal !== undefined) return refusal;
    const bytes = messages.reduce((sum, { value }) => sum + (value?.length ?? 0), 0);
    if (bytes > (this.takes.get(place.slice(0, place.indexOf('/'))) ?? Infinity)) {
      this.tooLarge += 1;
      return TOO_LARGE;
    }
    this.taken.push([`${nodeId}: ${place}`, ...messages.map(({ value }) => String(value).slice(0, 8))].join(' '));
    return 0;
  }
}

export function toPartition(partition: number, ...texts: readonly string[]): readonly Message[] {
  return texts.map((text) => ({ partition, value: text }));
}
