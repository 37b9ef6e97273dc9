import { readConfig } from '../../../src/config.ts';
import { createKafka } from '../../../src/adapters/kafka-client.ts';
import { KafkaFaults } from '../../../src/adapters/kafka-faults.ts';
import { givenClock, givenLogger } from './given.ts';

/** Reserved, so nothing listens there. */
const NOWHERE = '127.0.0.1:1';

it('a broker that is away is one line a minute, however often it is tried', async () => {
  const { logger, lines } = givenLogger();
  const clock = givenClock();
  const { kafkaSecurity: security } = readConfig({
    KAFKA_BROKERS: NOWHERE,
    SCHEMA_REGISTRY_URL: `http://${NOWHERE}`,
    DATABASE_URL: `postgres://${NOWHERE}/licensing`,
  });
  const timeouts = { connectTimeout: 1_000, requestTimeout: 1_000 };
  const settings = {
    brokers: [NOWHERE],
    clientId: 'test',
    ...timeouts,
    security,
    faults: new KafkaFaults(security, [NOWHERE]),
    clock,
  };
  const kafka = createKafka(settings, logger);
  await expect(kafka.admin({ retry: { retries: 2, initialRetryTime: 1 } }).connect()).rejects.toThrow(NOWHERE);
  expect(lines).toEqual([expect.stringContaining(`ECONNREFUSED ${NOWHERE}`)]);
  clock.time += 60_000;
  await expect(kafka.admin({ retry: { retries: 2, initialRetryTime: 1 } }).connect()).rejects.toThrow(NOWHERE);
  expect(lines).toHaveLength(2);
});
