import { dlqOf, sourcesOf, type TopicReport, type Topics } from '../ports/topics.ts';

export interface TopicState {
  readonly topic: string;
  /** 0: the topic is not there. */
  readonly partitions: number;
  /** Of the partition that has the fewest of them. */
  readonly replicas: number;
  readonly inSyncReplicas: number;
  /** Its settings; a text says why they can't be read. */
  readonly settings: TopicSettings | string;
}

export interface TopicSettings {
  /** Milliseconds; Infinity: kept for ever. */
  readonly retention: number;
  /** Milliseconds for which a segment is written to. It goes as a whole, `retention` after the newest of its records. */
  readonly segmentTime: number;
  readonly maxMessageBytes: number;
  /** In which codec the broker keeps batches; `producer`: in whichever they come. */
  readonly compression: string;
  /** Who dates its records: `CreateTime`, their producers; `LogAppendTime`, the broker. */
  readonly timestampType: string;
  /** What becomes of old messages: `delete`, `compact`, both, or none. */
  readonly cleanup: readonly string[];
  /** Without so many replicas in sync, nothing is taken from whoever asks for all of them. */
  readonly minInSyncReplicas: number;
}

/** The settings that the topics have to fit. */
export interface TopicLimits {
  readonly topics: Topics;
  /** Milliseconds. */
  readonly inboxRetention: number;
  readonly maxMessageBytes: number;
}

/** A setting of a topic, by Kafka's name. */
export type Entry = readonly [name: string, value: string | number];

/** The broker dates incoming records, so that the clock of no producer decides messages or what retention keeps. */
const DATED_BY_THE_BROKER = ['message.timestamp.type', 'LogAppendTime'] as const;

/** It keeps the last record of each key, however old that is. */
const COMPACTED = ['cleanup.policy', 'compact'] as const;

/** What `topics create` gives a topic, the size of DLQ topics aside, which depends on the brokers. @param retention milliseconds */
export function newTopicSettings(topic: string, topics: Topics, retention: number): readonly Entry[] {
  const sources = sourcesOf(topics);
  if (topic === topics.entitlements) return [COMPACTED];
  if (sources.map(dlqOf).includes(topic)) return [['retention.ms', retention * 4]];
  return [['retention.ms', retention], ...(sources.includes(topic) ? [DATED_BY_THE_BROKER] : [])];
}

/** A DLQ topic takes what its source takes, and the headers that say why. */
export const DLQ_EXTRA_BYTES = 64 * 1_024;

/** What a DLQ topic has to take: the source's messages as they are, or letters as large as the worker writes them. */
export function dlqLimit(sourceTakes: number, maxMessageBytes: number): number {
  return Math.max(sourceTakes, maxMessageBytes) + DLQ_EXTRA_BYTES;
}

/** How these topics are, against what the worker needs of them. */
export function topicReport(states: readonly TopicState[], limits: TopicLimits): TopicReport {
  return {
    faults: faultsIn(states, limits),
    advice: [...adviceOn(states, limits), ...replicationAdvice(states)],
    assumed: assumedOf(states, limits),
  };
}

/** What is assumed of topics whose settings can't be read, a sentence for each reason. */
export function assumedOf(states: readonly TopicState[], limits: TopicLimits): readonly string[] {
  const { inboxRetention, maxMessageBytes } = limits;
  const reasons = Map.groupBy(states, ({ partitions, settings }) =>
    partitions > 0 && typeof settings === 'string' ? settings : undefined,
  );
  return [...reasons].flatMap(([reason, some]) =>
    reason === undefined
      ? []
      : [
          `the settings of ${some.map(({ topic }) => topic).join(', ')} can't be read (${reason}): assumed that cleanup.policy of what is read ` +
            `is delete, with retention.ms and segment.ms together below INBOX_RETENTION_MS (${inboxRetention}), that of ` +
            `${limits.topics.entitlements} is compact, and that what is written ` +
            `takes MAX_MESSAGE_BYTES (${maxMessageBytes}), a DLQ ${DLQ_EXTRA_BYTES} more than that and than its source takes`,
        ],
  );
}

/** What keeps the worker from working with the topics as they are, a sentence each. */
export function faultsIn(states: readonly TopicState[], limits: TopicLimits): readonly string[] {
  const { topics: names, inboxRetention, maxMessageBytes } = limits;
  const sources = sourcesOf(names);
  return states.flatMap((state) => {
    const { topic, partitions, settings } = state;
    if (partitions === 0)
      return [
        `topic ${topic} does not exist, or the brokers do not let this user see it; run \`licensing topics create\``,
      ];
    if (typeof settings === 'string') return [];
    const { retention, segmentTime, maxMessageBytes: takes, cleanup } = settings;
    const faults: string[] = [];
    const dlq = states.find((one) => one.topic === dlqOf(topic));
    // What is larger than its topic takes today (it took more, or unpacked it) becomes a letter of up to MAX_MESSAGE_BYTES.
    const letter = dlqLimit(takes, maxMessageBytes);
    const dlqTakes = typeof dlq?.settings === 'object' && dlq.partitions > 0 ? dlq.settings.maxMessageBytes : letter;
    if (dlqTakes < letter) {
      faults.push(
        `topic ${dlqOf(topic)} takes ${dlqTakes} bytes, ${topic} ${takes}, and MAX_MESSAGE_BYTES is ${maxMessageBytes}: it must ` +
          `take ${DLQ_EXTRA_BYTES} more than the larger of the two, ${letter}, or a dead letter may not fit (max.message.bytes)`,
      );
    }
    if (sources.includes(topic) && cleanup.includes('compact')) {
      faults.push(
        `topic ${topic} is compacted (cleanup.policy is ${cleanup.join(',')}), which removes messages that were never read: ` +
          'its cleanup.policy must be delete',
      );
    } else if (sources.includes(topic) && !cleanup.includes('delete')) {
      faults.push(
        `topic ${topic} keeps messages for ever (cleanup.policy is empty): its cleanup.policy must be delete`,
      );
    }
    if (sources.includes(topic) && retention + segmentTime >= inboxRetention) {
      const kept = Number.isFinite(retention)
        ? `for up to ${retention + segmentTime} ms (retention.ms ${retention} and segment.ms ${segmentTime})`
        : 'for ever (retention.ms -1)';
      faults.push(
        `topic ${topic} keeps messages ${kept}, INBOX_RETENTION_MS is ${inboxRetention}: it must be longer, or a redelivered message ` +
          'would take effect again',
      );
    }
    if (topic === names.entitlements && cleanup.join() !== 'compact') {
      faults.push(
        `topic ${topic} loses what subdivisions are entitled to, or never forgets what they were (cleanup.policy is ` +
          `${cleanup.join(',') || 'empty'}): its cleanup.policy must be compact`,
      );
    }
    if ((topic === names.events || topic === names.rejections) && takes < maxMessageBytes) {
      faults.push(`topic ${topic} takes ${takes} bytes, MAX_MESSAGE_BYTES is ${maxMessageBytes}: it must not be more`);
    }
    return faults;
  });
}

/** The topics that the worker writes although no message asks for it, and what it does there. */
export function writtenUnasked({ commands, entitlements }: Topics): readonly (readonly [topic: string, use: string])[] {
  return [
    [commands, 'queues there what time brings about'],
    [entitlements, 'tells there what each subdivision is entitled to'],
  ];
}

export function cannotWrite(topic: string, use: string): string {
  return `topic ${topic}: the brokers do not let this user write it, and the worker ${use} (docs/operations.md, "Kafka rights")`;
}

export function hasGrown(topic: string, partitions: number, before: number): string {
  return (
    `topic ${topic} has ${partitions} partitions, and had ${before} when it was first published to: what it keeps of most subdivisions lies where ` +
    'nobody overwrites it any more; make another topic, and set TOPIC_ENTITLEMENTS (docs/operations.md, "Retention")'
  );
}

/** What the worker works with all the same, a sentence each. */
export function adviceOn(states: readonly TopicState[], { topics }: Pick<TopicLimits, 'topics'>): readonly string[] {
  const sources = sourcesOf(topics);
  return states
    .filter(({ topic, partitions }) => sources.includes(topic) && partitions > 0)
    .flatMap(({ topic, settings }) => {
      if (typeof settings === 'string') return [];
      const { timestampType, compression } = settings;
      const advice: string[] = [];
      if (timestampType !== 'LogAppendTime') {
        advice.push(
          `topic ${topic} keeps the times of its producers (message.timestamp.type is ${timestampType}), so the clock of each decides its ` +
            `messages; the broker dates them with \`kafka-configs --alter --topic ${topic} --add-config message.timestamp.type=LogAppendTime\``,
        );
      }
      if (compression !== AS_SENT) {
        advice.push(
          `topic ${topic} has each batch packed anew by the broker (compression.type is ${compression}), which costs its processor time, and ` +
            `disk where the codec is a worse one; the worker reads every codec, so the broker can keep batches as they come with ` +
            `\`kafka-configs --alter --topic ${topic} --delete-config compression.type\``,
        );
      }
      return advice;
    });
}

/** Which topics take nothing at the moment, and which will not as soon as one broker is down. */
export function replicationAdvice(states: readonly TopicState[]): readonly string[] {
  return states.flatMap(({ topic, partitions, replicas, inSyncReplicas, settings }) => {
    if (partitions === 0 || typeof settings === 'string') return [];
    const { minInSyncReplicas: least } = settings;
    // Brokers ask for no more than there are.
    if (inSyncReplicas < Math.min(least, replicas)) {
      return [
        `topic ${topic} takes nothing at the moment: ${inSyncReplicas} of its ${replicas} replicas are in sync, and min.insync.replicas is ${least}; ` +
          'bring the broker back that is missing (docs/operations.md, "Outages")',
      ];
    }
    if (replicas > 1 && least >= replicas) {
      return [
        `topic ${topic} takes nothing as soon as one broker is down: it has ${replicas} replicas, and min.insync.replicas is ${least}; ` +
          `\`kafka-configs --alter --topic ${topic} --add-config min.insync.replicas=${replicas - 1}\``,
      ];
    }
    return [];
  });
}

/** Kafka's default: batches stay in the codec in which their producers send them. */
const AS_SENT = 'producer';
