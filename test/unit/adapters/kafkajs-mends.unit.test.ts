import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type KafkaJs from 'kafkajs';
import { ConfigurationError } from '../../../src/ports/errors.ts';
import { crc32c } from '../../../src/adapters/kafkajs/crc32c.ts';
import { groupMessagesPerPartition } from '../../../src/adapters/kafkajs/group-messages.ts';
import type { BrokerPool, OffsetResolver } from '../../../src/adapters/kafkajs/leaderless.ts';
import { mendedKafkaJs } from '../../../src/adapters/kafkajs/mended.ts';
import { onOutOfRange, positionOf } from '../../../src/adapters/kafkajs/positions.ts';
import { FOLDER, mendedModule, originalModule } from './given-kafkajs.ts';

describe('a host program', () => {
  const root = createRequire(import.meta.url).resolve('../../../package.json');
  const look = `
    import { createRequire } from 'node:module';
    const require = createRequire(${JSON.stringify(root)});
    const load = () => [require('kafkajs'), require('kafkajs/src/consumer/consumerGroup.js')];
    const state = () => Object.entries(require.cache).map(([file, { exports }]) =>
      [file, exports, ...Object.values(Object.getOwnPropertyDescriptors(exports.prototype ?? {})).map(({ value }) => value)]);
    const isSame = (a, b) => a.length === b.length && a.every((one, i) => one.length === b[i].length && one.every((x, j) => x === b[i][j]));
    const worker = () => import(new URL('src/adapters/kafkajs.ts', 'file://${root}'));`;

  test.each([
    ['before the worker', 'load(); const before = state(); const { Kafka } = await worker(); const after = state();'],
    ['after the worker', 'const before = state(); const { Kafka } = await worker(); const after = state();'],
  ])('that loads kafkajs %s has it as it comes, and the worker has its own', (_, steps) => {
    const told = `${look}\n${steps}
      const [host, Group] = load();
      console.log(JSON.stringify([isSame(before, after), host.Kafka === Kafka, Group.prototype.heartbeat.name]));`;
    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', told], { encoding: 'utf8' });
    expect([stderr, stdout]).toEqual(['', '[true,false,"heartbeat"]\n']);
  });
});

describe('a kafkajs', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'licensing-kafkajs-'));
    for (const name of ['package.json', 'index.js', 'src']) {
      cpSync(join(FOLDER, name), join(folder, name), { recursive: true });
    }
  });

  afterEach(() => rmSync(folder, { recursive: true }));

  const rename = (path: string, name: string): void => {
    const file = join(folder, path);
    writeFileSync(file, readFileSync(file, 'utf8').replaceAll(new RegExp(`\\b${name}\\b`, 'g'), `${name}2`));
  };
  const load = () => mendedKafkaJs(folder);

  test('that is as pinned is mended', () => {
    expect(load().load('index.js')).toHaveProperty('Kafka');
  });

  test('of another version is refused, with both versions', () => {
    const file = join(folder, 'package.json');
    writeFileSync(file, readFileSync(file, 'utf8').replace('"2.2.4"', '"2.2.5"'));
    expect(load).toThrow(ConfigurationError);
    expect(load).toThrow(/version 2\.2\.5.*2\.2\.4 alone.*npm ci/);
  });

  test.each([
    ['src/consumer/consumerGroup.js', 'lastRequest'],
    ['src/network/requestQueue/index.js', 'throttledUntil'],
    ['src/protocol/requests/fetch/v11/response.js', 'lastStableOffset'],
    ['src/protocol/decoder.js', 'canReadBytes'],
    ['src/cluster/index.js', 'findGroupCoordinator'],
  ])('whose %s has no %s is refused at load, with that name', (path, name) => {
    rename(path, name);
    expect(load).toThrow(ConfigurationError);
    expect(load).toThrow(`kafkajs has no ${name} in ${path}`);
  });

  test('without a file is refused with its name', () => {
    rmSync(join(folder, 'src/consumer/batch.js'));
    expect(load).toThrow('kafkajs has no file src/consumer/batch.js');
  });
});

test.each([
  ['src/producer/groupMessagesPerPartition.js', groupMessagesPerPartition],
  ['src/protocol/recordBatch/crc32C/crc32C.js', crc32c],
])('in place of %s stands our own', (path, ours) => {
  expect(mendedModule(path)).toBe(ours);
});

describe('the queue of requests', () => {
  interface RequestQueue {
    throttledUntil: number;
    throttleCheckTimeoutId: unknown;
    checkPendingRequests(): void;
    destroy(): void;
  }
  const Queue = mendedModule<new (options: object) => RequestQueue>('src/network/requestQueue/index.js');

  test('sets no timer after a response when nothing waits', () => {
    const queue = new Queue({});
    queue.checkPendingRequests();
    expect(queue.throttleCheckTimeoutId).toBe(null);
  });

  test('sets one while the broker throttles', () => {
    const queue = new Queue({});
    queue.throttledUntil = Date.now() + 60_000;
    queue.checkPendingRequests();
    expect(queue.throttleCheckTimeoutId).not.toBe(null);
    queue.destroy();
  });
});

test.each([
  [5_000, 2_400, 2_600],
  [60_000, 49_000, 51_000],
])(
  'a connection whose broker lets it in for %i ms proves who it is again after %i to %i ms',
  (lifetime, before, after) => {
    interface Connection {
      authenticatedAt: readonly [number, number] | null;
      sessionLifetime: unknown;
      isAuthenticated(): boolean;
    }
    const Connection = mendedModule<new (options: object) => Connection>('src/network/connection.js');
    const Long = mendedModule<{ fromValue(value: number): unknown }>('src/utils/long.js');
    const namespace = () => ({ namespace, debug: () => undefined, error: () => undefined });
    const connection = new Connection({ host: 'localhost', port: 9092, logger: { namespace } });
    connection.sessionLifetime = Long.fromValue(lifetime);
    const isIn = (passed: number): boolean => {
      const at = process.hrtime.bigint() - BigInt(passed) * 1_000_000n;
      connection.authenticatedAt = [Number(at / 1_000_000_000n), Number(at % 1_000_000_000n)];
      return connection.isAuthenticated();
    };
    expect([isIn(before), isIn(after)]).toEqual([true, false]);
  },
);

describe('what a client knows of its topics', () => {
  const [LEADER_NOT_AVAILABLE, TOPIC_AUTHORIZATION_FAILED] = [5, 29];
  const { parse } = mendedModule<{ parse(data: object): Promise<unknown> }>(
    'src/protocol/requests/metadata/v6/response.js',
  );
  const led = { partitionErrorCode: 0, partitionId: 0, leader: 2 };
  const leaderless = { partitionErrorCode: LEADER_NOT_AVAILABLE, partitionId: 1, leader: -1 };

  test('has a partition that nobody leads, and all others', async () => {
    const topicMetadata = [{ topicErrorCode: 0, topic: 't', partitionMetadata: [led, leaderless] }];
    await expect(parse({ brokers: [], topicMetadata })).resolves.toEqual({
      brokers: [],
      topicMetadata: [
        { topicErrorCode: 0, topic: 't', partitionMetadata: [led, { ...leaderless, partitionErrorCode: 0 }] },
      ],
    });
  });

  test('fails with a topic that the user may not read', async () => {
    const topicMetadata = [{ topicErrorCode: TOPIC_AUTHORIZATION_FAILED, topic: 't', partitionMetadata: [] }];
    await expect(parse({ topicMetadata })).rejects.toMatchObject({ type: 'TOPIC_AUTHORIZATION_FAILED' });
  });

  test.each([
    ['a second while nobody leads one of them', -1, 2_000],
    ['minutes otherwise', 2, 600_000],
  ])('is good for %s', async (_, leader, most) => {
    const Pool = mendedModule<new (options: object) => BrokerPool>('src/cluster/brokerPool.js');
    const answer = { brokers: [], topicMetadata: [{ topic: 't', partitionMetadata: [{ ...led, leader }] }] };
    const logger = { namespace: () => logger, error: () => undefined };
    const pool = new Pool({ connectionPoolBuilder: {}, logger, metadataMaxAge: 300_000 });
    const seedBroker = { connectionPool: { host: 'h', port: 1 } };
    Object.assign(pool, {
      seedBroker,
      findConnectedBroker: async () => ({ metadata: async () => answer }),
    });
    const asked = Date.now();
    await pool.refreshMetadata(['t']);
    const good = Number(pool.metadataExpireAt) - asked;
    expect(good).toBeGreaterThan(most / 10);
    expect(good).toBeLessThanOrEqual(most);
  });
});

describe('what a member finds out before it fetches', () => {
  type Asked = readonly { readonly topic: string; readonly partitions: readonly { readonly partition: number }[] }[];
  const nothingCommitted = async ({ topics }: { readonly topics: Asked }) => ({
    responses: topics.map(({ topic, partitions }) => ({
      topic,
      partitions: partitions.map(({ partition }) => ({ partition, offset: '-1' })),
    })),
  });

  test('leaves out a partition that nobody leads, until somebody does', async () => {
    const OffsetManager = mendedModule<new (parts: object) => OffsetResolver & { committedOffsets(): object }>(
      'src/consumer/offsetManager/index.js',
    );
    let leader = -1;
    const metadata = () => [
      { partitionId: 0, leader: 2 },
      { partitionId: 1, leader },
    ];
    const known = { t: {} };
    const cluster = {
      findTopicPartitionMetadata: metadata,
      committedOffsets: () => known,
      async fetchTopicsOffset(wanted: Asked) {
        const places = wanted.flatMap(({ partitions }) => partitions);
        if (places.some(({ partition }) => (metadata()[partition]?.leader ?? -1) < 0)) throw new Error('no broker -1');
        return [{ topic: 't', partitions: places.map(({ partition }) => ({ partition, offset: '7' })) }];
      },
    };
    const offsets = new OffsetManager({
      ...{ cluster, coordinator: { isConnected: () => true, offsetFetch: nothingCommitted }, groupId: 'g' },
      ...{ memberAssignment: { t: [0, 1] }, topicConfigurations: { t: { fromBeginning: true } } },
    });
    await offsets.resolveOffsets();
    expect(offsets.committedOffsets()).toEqual({ t: { 0: '7' } });
    leader = 3;
    await offsets.resolveOffsets();
    expect(offsets.committedOffsets()).toEqual({ t: { 0: '7', 1: '7' } });
  });
});

describe('a request to a broker', () => {
  interface ConnectionPool {
    pool: readonly object[];
    send(request: object): Promise<unknown>;
  }
  const Pool = mendedModule<{ readonly prototype: ConnectionPool }>('src/network/connectionPool.js');

  const given = (answer: () => Promise<unknown>) => {
    const ended: unknown[] = [];
    const connection = () => ({
      socket: { destroy: (error: unknown) => ended.push(error) },
      isConnected: () => true,
      send: answer,
    });
    const pool = Object.assign(Object.create(Pool.prototype) as ConnectionPool, { pool: [connection(), connection()] });
    return { send: () => pool.send({ request: { apiKey: 0 } }), ended };
  };

  test('that is not answered in time ends all connections to it', async () => {
    const late = Object.assign(new Error('too late'), { name: 'KafkaJSRequestTimeoutError' });
    const { send, ended } = given(() => Promise.reject(late));
    await expect(send()).rejects.toBe(late);
    expect(ended).toEqual([late, late]);
  });

  test('that is refused ends none', async () => {
    const refused = new Error('no');
    const { send, ended } = given(() => Promise.reject(refused));
    await expect(send()).rejects.toBe(refused);
    expect(ended).toEqual([]);
  });
});

test('a consumer can be heard about an offset that is out of range, which the original refuses', () => {
  const consumerOf = ({ Kafka }: Pick<typeof KafkaJs, 'Kafka'>) =>
    new Kafka({ brokers: ['127.0.0.1:1'] }).consumer({ groupId: 'g' });
  expect(() => onOutOfRange(consumerOf(mendedModule('index.js')), () => undefined)).not.toThrow();
  expect(() => onOutOfRange(consumerOf(originalModule('index.js')), () => undefined)).toThrow(/Event name should be/);
});

test('a batch without a position, or with one that is no number, is refused', () => {
  expect(() => positionOf({})).toThrow('a batch that has no position');
  expect(() => positionOf({ nextOffset: NaN, stableOffset: 7 })).toThrow('a batch whose nextOffset is NaN');
  expect(() => positionOf({ nextOffset: 7, stableOffset: undefined })).toThrow(
    'a batch whose stableOffset is undefined',
  );
});

test('a member whose coordinator is gone goes to the next one under its id', async () => {
  interface Group {
    memberId: string;
    coordinator: unknown;
    lastRequest: number;
    heartbeat(options: { readonly interval: number }): Promise<void>;
  }
  const ConsumerGroup = mendedModule<new (options: object) => Group>('src/consumer/consumerGroup.js');
  const beats: string[] = [];
  const found = Promise.withResolvers<undefined>();
  const next = { heartbeat: async () => void beats.push('next') };
  const cluster = {
    findGroupCoordinator: () => {
      found.resolve(undefined);
      return Promise.resolve(next);
    },
  };
  const { KafkaJSConnectionError } = originalModule<{ readonly KafkaJSConnectionError: new (text: string) => Error }>(
    'src/errors.js',
  );
  const logger = { namespace: () => undefined };
  const group = new ConsumerGroup({ cluster, logger, instrumentationEmitter: { emit: () => undefined } });
  const gone = { heartbeat: () => Promise.reject(new KafkaJSConnectionError('gone')) };
  Object.assign(group, { memberId: 'member', coordinator: gone, lastRequest: 0 });
  await group.heartbeat({ interval: 1 });
  await found.promise;
  await group.heartbeat({ interval: 1 });
  expect([group.memberId, ...beats]).toEqual(['member', 'next']);
});

test('a connection whose proof fails midway is ended, and the failure told', async () => {
  const ended: Error[] = [];
  const failure = new Error('there is no token');
  const connection = {
    sasl: { mechanism: 'plain', authenticationProvider: () => ({ authenticate: () => Promise.reject(failure) }) },
    send: async () => ({ enabledMechanisms: ['PLAIN'] }),
    socket: { destroy: (error: Error) => void ended.push(error) },
  };
  const SaslAuthenticator = mendedModule<
    new (of: object, logger: object, versions: object, withRequests: boolean) => { authenticate(): Promise<void> }
  >('src/broker/saslAuthenticator/index.js');
  const logger = { namespace: () => logger };
  const authenticator = new SaslAuthenticator(connection, logger, { 17: { minVersion: 0, maxVersion: 1 } }, false);
  await expect(authenticator.authenticate()).rejects.toBe(failure);
  expect(ended.map(String)).toEqual([expect.stringContaining('there is no token')]);
});
