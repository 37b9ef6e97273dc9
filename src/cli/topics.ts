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
    const { kafkaAdmin, topicCheck } = cradle;
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
    const { faults, advice } = await topicCheck.check();
    for (const fault of faults) print(fault);
    for (const sentence of advice) print(`advice: ${sentence}`);
    if (faults.length === 0) print('all topics are there and fit');
    return faults.length === 0 ? 0 : 1;
  },
};
