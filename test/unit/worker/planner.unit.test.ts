import { NO_HEADERS } from '../../../src/adapters/record-headers.ts';
import { KafkaCloudEvents } from '../../../src/adapters/cloud-events.ts';
import { MessageCodec } from '../../../src/adapters/avro/message-codec.ts';
import { SCHEMAS } from '../../../src/generated/schemas.ts';
import type { ReceivedMessage } from '../../../src/ports/messages.ts';
import { Planner } from '../../../src/worker/planner.ts';
import { frame, NEVER } from '../../support/given-codec.ts';
import { silentTelemetry } from '../../support/telemetry.ts';
import { givenClock, givenLogger } from '../adapters/given.ts';

const TOPICS = {
  commands: 'licensing.commands.v1',
  users: 'u',
  events: 'e',
  rejections: 'r',
  userLookUps: 'l',
  entitlements: 'n',
};

describe('the schemas that a chunk needs', () => {
  it('are asked for at once, each once, up to sixteen of them', async () => {
    const asked: number[] = [];
    let atOnce = 0;
    let answer = (): void => undefined;
    const answered = new Promise<void>((resolve) => (answer = resolve));
    const planner = plannerWith(async (id) => {
      asked.push(id);
      atOnce += 1;
      if (asked.length === 16) answer();
      await answered;
      expect(atOnce).toBeLessThanOrEqual(16);
      atOnce -= 1;
      return undefined;
    });
    const ids = Array.from({ length: 40 }, (_, i) => i % 20);
    const tasks = await planner.plan(
      ids.map((id, offset) => messageOf(id + 1, offset)),
      NEVER,
    );
    expect(tasks.map(({ plan }) => plan.kind)).toEqual(ids.map(() => 'bury'));
    expect(asked.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
  });
});

test('what stands for a batch that could not be unpacked is one letter with the reason, whatever its bytes look like', async () => {
  const planner = plannerWith(() => Promise.reject(new Error('a schema is asked for')));
  const unreadable = 'the batch of offsets 3 to 7 (zstd, 12 bytes) can not be read: it is cut off';
  const tasks = await planner.plan([{ ...messageOf(1, 7), unreadable }], NEVER);
  expect(tasks.map(({ plan }) => plan)).toEqual([
    { kind: 'bury', reason: 'UndecodableMessage', error: expect.objectContaining({ message: unreadable }) },
  ]);
});

function plannerWith(fetchSchema: (id: number) => Promise<undefined>): Planner {
  const registry = { fetchSchema, idOf: async () => 1 };
  const codec = new MessageCodec({ registry, schemas: SCHEMAS, clock: givenClock(), logger: givenLogger().logger });
  const cloudEvents = new KafkaCloudEvents(codec, { source: 'licensing', maxMessageBytes: 1_000_000 });
  const nothing = async (): Promise<readonly never[]> => [];
  const lookUpAnswer = { parse: (data: unknown) => data, declare: () => undefined, handle: nothing };
  const handlers = { commands: new Map(), internal: new Map(), outsideEvents: new Map(), lookUpAnswer };
  return new Planner({ codec, cloudEvents, handlers, topics: TOPICS, telemetry: silentTelemetry() });
}

function messageOf(schemaId: number, offset: number): ReceivedMessage {
  const at = { topic: TOPICS.commands, partition: 0, offset, timestamp: 0 };
  return { ...at, key: null, value: frame(schemaId, Buffer.alloc(4)), headers: NO_HEADERS };
}
