import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { createKafka } from '../../../src/adapters/kafka-client.ts';
import { KafkaFaults } from '../../../src/adapters/kafka-faults.ts';
import { KafkaGroup } from '../../../src/adapters/kafka-group.ts';
import { readConfig } from '../../../src/config.ts';
import { givenClock, givenLogger } from './given.ts';

/** A broker that takes connections, and says nothing on them. */
let server: Server;
let broker = '';

beforeEach(async () => {
  server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  broker = `127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(() => {
  server.close();
});

describe('who asks about a group', () => {
  it('stops at once while a connection is being made, and ends it when it has come to nothing', async () => {
    const group = new KafkaGroup(kafka(), 'worker');
    let isOver = false;
    const asked = group.describe().finally(() => (isOver = true));
    const [socket] = (await once(server, 'connection')) as [Socket];
    await once(socket, 'data');
    await group.stop();
    expect(isOver).toBe(false);
    const ended = once(socket, 'close');
    socket.end();
    server.close();
    await expect(asked).rejects.toThrow();
    await ended;
  });
});

function kafka() {
  const { kafkaSecurity: security } = readConfig({
    KAFKA_BROKERS: broker,
    SCHEMA_REGISTRY_URL: `http://${broker}`,
    DATABASE_URL: `postgres://${broker}/licensing`,
  });
  const faults = new KafkaFaults(security, [broker]);
  const timeouts = { connectTimeout: 1_000, requestTimeout: 60_000 };
  const settings = { brokers: [broker], clientId: 'test', ...timeouts, security, faults, clock: givenClock() };
  return createKafka(settings, givenLogger().logger);
}
