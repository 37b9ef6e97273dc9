import type { Config } from '../config.ts';
import { DLQ_EXTRA_BYTES, dlqLimit, type Cradle, type TopicState } from '../container.ts';
import { dlqOf, sourcesOf } from '../ports/topics.ts';
import { openContainer } from './open-container.ts';
import { reachKafka } from './reachable.ts';
import { configFor } from './settings.ts';
import { actionOf, print, type Verb } from './verb.ts';

export const topics: Verb = {
  about: 'creates the topics, or checks them',
  help: `
licensing topics create  creates what is missing; what is there stays as it is
licensing topics check   says what is missing or does not fit; exit code 1 when something is. What it only advises stops nothing

Needs KAFKA_BROKERS. TOPIC_PARTITIONS, TOPIC_REPLICATION_FACTOR and TOPIC_RETENTION_MS say how they are created.`,
  options: {},

  async run(call) {
    const action = actionOf(call, ['create', 'check']);
    const config = configFor(call.environment, ['KAFKA_BROKERS']);
    const { cradle } = openContainer(config);
    const { kafkaAdmin } = cradle;
    await reachKafka(cradle);
    if (action === 'create') {
      const created = await kafkaAdmin.create(config.topics, {
        maxMessageBytes: config.maxMessageBytes,
        partitions: config.topicPartitions,
        replicationFactor: config.topicReplicationFactor,
        retention: config.topicRetention,
      });
      print(created.length === 0 ? 'all topics are there' : `created: ${created.join(', ')}`);
      return 0;
    }
    const states = await kafkaAdmin.describe(config.topics);
    const faults = faultsIn(states, config);
    for (const fault of faults) print(fault);
    for (const advice of adviceOn(states, config)) print(`advice: ${advice}`);
    if (faults.length === 0) print('all topics are there and fit');
    return faults.length === 0 ? 0 : 1;
  },
};

/** What keeps the worker from working with the topics as they are, a sentence each. */
export async function topicFaults(kafkaAdmin: Cradle['kafkaAdmin'], config: Config): Promise<readonly string[]> {
  return faultsIn(await kafkaAdmin.describe(config.topics), config);
}

/** What the worker works with all the same, a sentence each. */
export function adviceOn(states: readonly TopicState[], { topics }: Pick<Config, 'topics'>): readonly string[] {
  const sources = sourcesOf(topics);
  return states
    .filter(({ topic, partitions, timestampType }) => {
      return sources.includes(topic) && partitions > 0 && timestampType !== 'LogAppendTime';
    })
    .map(
      ({ topic, timestampType }) =>
        `topic ${topic} keeps the times of its producers (message.timestamp.type is ${timestampType}), so the clock of each decides its ` +
        `messages; the broker dates them with \`kafka-configs --alter --topic ${topic} --add-config message.timestamp.type=LogAppendTime\``,
    );
}

type Limits = Pick<Config, 'topics' | 'inboxRetention' | 'maxMessageBytes'>;

/** The codecs in which a batch can be read. */
const READABLE = ['uncompressed', 'gzip'];

export function faultsIn(states: readonly TopicState[], limits: Limits): readonly string[] {
  const { topics: names, inboxRetention, maxMessageBytes } = limits;
  const sources = sourcesOf(names);
  return states.flatMap((state) => {
    const { topic, partitions, retention, segmentTime, maxMessageBytes: takes, compression, cleanup } = state;
    if (partitions === 0) return [`topic ${topic} does not exist; run \`licensing topics create\``];
    const faults: string[] = [];
    const dlq = states.find((one) => one.topic === dlqOf(topic));
    // What is larger than its topic takes today (it took more, or unpacked it) becomes a letter of up to MAX_MESSAGE_BYTES.
    const letter = dlqLimit(takes, maxMessageBytes);
    if (dlq !== undefined && dlq.partitions > 0 && dlq.maxMessageBytes < letter) {
      faults.push(
        `topic ${dlq.topic} takes ${dlq.maxMessageBytes} bytes, ${topic} ${takes}, and MAX_MESSAGE_BYTES is ${maxMessageBytes}: it must ` +
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
    if (sources.includes(topic) && !READABLE.includes(compression)) {
      faults.push(
        `topic ${topic} may hold batches that can not be read (compression.type is ${compression}): it must be uncompressed, set by ` +
          `\`kafka-configs --alter --topic ${topic} --add-config compression.type=uncompressed\``,
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
    if ((topic === names.events || topic === names.rejections) && takes < maxMessageBytes) {
      faults.push(`topic ${topic} takes ${takes} bytes, MAX_MESSAGE_BYTES is ${maxMessageBytes}: it must not be more`);
    }
    return faults;
  });
}
