import { openContainer } from './open-container.ts';
import { reachKafka } from './reachable.ts';
import { configFor } from './settings.ts';
import { actionOf, print, type Verb } from './verb.ts';

export const topics: Verb = {
  help: `
licensing topics create  creates the topics that are missing, and leaves the others as they are
licensing topics check   changes nothing; exit code 1 when a topic is missing or does not fit. \`advice\` names what does not stop the worker

Needs KAFKA_BROKERS. TOPIC_PARTITIONS, TOPIC_REPLICATION_FACTOR and TOPIC_RETENTION_MS are taken for the topics that are created.`,
  options: {},

  async run(call) {
    const action = actionOf(call, ['create', 'check']);
    const config = configFor(call.environment, ['KAFKA_BROKERS']);
    const { cradle } = openContainer(config);
    const { kafkaAdmin, topicCheck } = cradle;
    await reachKafka(cradle);
    if (action === 'create') {
      const { created, bare } = await kafkaAdmin.create(config.topics, {
        maxMessageBytes: config.maxMessageBytes,
        partitions: config.topicPartitions,
        replicationFactor: config.topicReplicationFactor,
        retention: config.topicRetention,
      });
      print(created.length === 0 ? 'all topics are there' : `created: ${created.join(', ')}`);
      for (const { topic, settings } of bare) {
        print(
          `the brokers refuse the settings of ${topic}; give it ${settings.join(', ')} by the platform's own means`,
        );
      }
      return 0;
    }
    const { faults, advice, assumed } = await topicCheck.check();
    for (const fault of faults) print(fault);
    for (const sentence of assumed) print(`assumed: ${sentence}`);
    for (const sentence of advice) print(`advice: ${sentence}`);
    if (faults.length === 0) print('all topics are there and fit');
    return faults.length === 0 ? 0 : 1;
  },
};
