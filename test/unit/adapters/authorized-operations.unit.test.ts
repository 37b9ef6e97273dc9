import { Operations, type Broker, type Protocol } from '../../../src/adapters/kafkajs/authorized-operations.ts';
import { originalModule } from './given-kafkajs.ts';

const PROTOCOL = {
  Encoder: originalModule('src/protocol/encoder.js'),
  Decoder: originalModule('src/protocol/decoder.js'),
} as Protocol;

/** Bits of READ, WRITE and DESCRIBE, by Kafka's `AclOperation`. */
const [READ, WRITE, DESCRIBE] = [1 << 3, 1 << 4, 1 << 8];

test.each([
  ['that it may', READ | WRITE | DESCRIBE, true],
  ['that it may not', READ | DESCRIBE, false],
  ['nothing', -2_147_483_648, undefined],
])('a broker tells %s, of writing a topic', async (_, operations, may) => {
  const { operations: asked, admin, requests } = given(answerOf(operations));
  expect(await asked.mayWrite(admin, 'commands')).toBe(may);
  // One topic, not to be created; not what may be done on the cluster, but what on the topic.
  expect(requests).toEqual([Buffer.from(`00000001${text('commands')}000001`, 'hex')]);
});

test('a broker that does not know the request tells nothing, and is not asked', async () => {
  const { operations, admin, requests } = given(answerOf(WRITE), 7);
  expect(await operations.mayWrite(admin, 'commands')).toBeUndefined();
  expect(requests).toEqual([]);
});

test('a client that was made elsewhere can not be asked', async () => {
  await expect(given(answerOf(WRITE)).operations.mayWrite({}, 'commands')).rejects.toThrow('no admin client of ours');
});

function given(answer: Buffer, maxVersion = 13) {
  const requests: Buffer[] = [];
  const broker: Broker = {
    versions: { 3: { maxVersion } },
    connectionPool: {
      send: async ({ request, response }) => {
        const { buffer } = await request.encode();
        requests.push(Buffer.from(buffer));
        return response.parse(await response.decode(answer));
      },
    },
  };
  const operations = new Operations();
  const create = operations.createAdmins(() => ({}), PROTOCOL);
  const admin = create({ cluster: { brokerPool: { findConnectedBroker: async () => broker } } });
  return { operations, admin, requests };
}

/** Two brokers, a topic of two partitions. Source: Kafka's protocol guide, "Metadata Response" version 8. */
function answerOf(operations: number): Buffer {
  const broker = `00000001${text('host')}00002384ffff`;
  const partition = `0000000000000000000100000005000000020000000100000002000000010000000100000000`;
  const bits = Buffer.alloc(4);
  bits.writeInt32BE(operations);
  return Buffer.from(
    `0000000000000002${broker}${broker}${text('cluster')}00000001` +
      `000000010000${text('commands')}0000000002${partition}${partition}${bits.toString('hex')}80000000`,
    'hex',
  );
}

function text(value: string): string {
  const bytes = Buffer.from(value);
  return bytes.length.toString(16).padStart(4, '0') + bytes.toString('hex');
}
