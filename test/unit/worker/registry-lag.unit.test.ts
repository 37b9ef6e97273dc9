import { encodeHeaders } from '../../../src/adapters/record-headers.ts';
import { randomUUID } from 'node:crypto';
import { asValue } from 'awilix/browser';
import type { KafkaAdmin } from '../../../src/adapters/kafka-admin.ts';
import { SchemaRegistryClient } from '../../../src/adapters/avro/schema-registry.ts';
import { readConfig } from '../../../src/config.ts';
import { subjectsOf } from '../../../src/adapters/subjects.ts';
import { createContainer } from '../../../src/container.ts';
import { SCHEMAS } from '../../../src/generated/schemas.ts';
import type { OutgoingMessage } from '../../../src/ports/messages.ts';
import { InMemoryDatabase } from '../../support/in-memory/database.ts';
import { InMemoryDecidedOffsets } from '../../support/in-memory/decided-offsets.ts';
import { InMemoryOutboxMaintenance, InMemoryUnitOfWork } from '../../support/in-memory/unit-of-work.ts';
import { frameOf, type ForeignSchema } from '../../support/foreign-schemas.ts';
import { NEVER } from '../../support/given-codec.ts';
import { silentTelemetry } from '../../support/telemetry.ts';
import { FAST, givenServer, json, until } from '../adapters/given.ts';

const config = readConfig({
  ...{ KAFKA_BROKERS: 'broker:9092', SCHEMA_REGISTRY_URL: 'http://registry', LANES: '2' },
  DATABASE_URL: 'postgres://database/licensing',
});
const { commands, events } = config.topics;
const CREATE_USER = SCHEMAS['licensing.commands.CreateUser'];
const NEWER: ForeignSchema = {
  ...{ ...CREATE_USER, type: 'record' },
  fields: [...CREATE_USER.fields, { name: 'note', type: ['null', 'string'], default: null }],
};

it('a registry that does not know an id yet makes no dead letter, and keeps no other lane waiting', async () => {
  await using registry = await givenRegistry();
  const { worker, codec, hand, published, waits, letters } = await given(registry);
  worker.start();
  const [here, elsewhere] = [randomUUID(), randomUUID()];
  registry.forget(() => true);
  await hand(0, frameOf(registry.newer, NEWER, { userId: here, note: null }));
  await until(() => waits.some((wait) => wait.includes(`it knows neither schema ${registry.newer}`)));
  await hand(1, codec.encode(commands, 'licensing.commands.CreateUser', { userId: elsewhere }));
  await until(() => published().includes(elsewhere));
  expect(published()).toEqual([elsewhere]);
  // It has come up, but lags.
  registry.forget((id) => id === registry.newer);
  await until(() => waits.some((wait) => wait.includes(`it does not know schema ${registry.newer}, or not yet`)));
  registry.forget(() => false);
  await until(() => published().includes(here));
  await worker.stop();
  expect(await letters()).toBe(0);
});

/** It knows the schemas of this build, each under the next id, and `newer`, but what it is made to forget. */
async function givenRegistry() {
  const texts = [...new Set(Object.values(SCHEMAS).map((schema) => JSON.stringify(schema))), JSON.stringify(NEWER)];
  let isForgotten: (id: number) => boolean = () => false;
  const server = await givenServer((request, body, response) => {
    if (request.method === 'POST') {
      const { schema }: { schema: string } = JSON.parse(body);
      json(response, 200, { id: texts.indexOf(schema) + 1 });
      return;
    }
    const id = Number((request.url ?? '').split('/').at(-1));
    if (isForgotten(id)) json(response, 404, { error_code: 40403 });
    else json(response, 200, { schema: texts[id - 1] });
  });
  return {
    url: server.url,
    newer: texts.length,
    forget: (which: (id: number) => boolean) => void (isForgotten = which),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** A worker of two lanes, with a partition of the commands each, that knows CreateUser. */
async function given({ url }: { readonly url: string }) {
  const database = new InMemoryDatabase({ now: () => Date.now() });
  const waits: string[] = [];
  const telemetry = {
    ...silentTelemetry({ waiting: (what, error) => void waits.push(`${what}: ${error.message}`) }),
    stop: () => undefined,
  };
  const sent: OutgoingMessage[] = [];
  const nothing = async (): Promise<void> => undefined;
  const { cradle } = createContainer({
    config,
    overrides: {
      unitOfWork: asValue(new InMemoryUnitOfWork(database, randomUUID)),
      outboxMaintenance: asValue(new InMemoryOutboxMaintenance(database)),
      schemaRegistry: asValue(new SchemaRegistryClient({ urls: [url], telemetry, backoff: FAST, insistence: 600_000 })),
      telemetry: asValue(telemetry),
      kafkaAdmin: asValue({ partitionsOf: async () => 2 } as unknown as KafkaAdmin),
      decidedOffsets: asValue(new InMemoryDecidedOffsets(database)),
      consumer: asValue({
        ...{ start: nothing, pause: nothing, resume: nothing, seek: nothing, commit: nothing, stop: nothing },
        ...{ committed: async () => [], beginnings: async () => [] },
      }),
      producer: asValue({ publish: async (messages) => void sent.push(...messages), stop: nothing }),
    },
  });
  const { worker, codec } = cradle;
  await codec.prepareWriters(subjectsOf(config.topics), NEVER);
  const known = codec.encode(commands, 'licensing.commands.CreateUser', { userId: randomUUID() });
  await codec.fetchSchema(codec.missingSchema(known) ?? 0, NEVER);
  worker.assigned([0, 1].map((partition) => ({ topic: commands, partition })));
  return {
    worker,
    codec,
    waits,
    async hand(partition: number, value: Buffer): Promise<void> {
      const at = { topic: commands, partition, offset: 0, timestamp: Date.UTC(2026, 0, 1) };
      const messages = [{ ...at, key: null, value, headers: encodeHeaders([['ce_id', randomUUID()]]) }];
      const batch = { topic: commands, partition, messages, nextOffset: 1, stableOffset: 1, endOffset: 1 };
      await worker.batch(batch, { heartbeat: nothing, taken: () => undefined });
    },
    /** The users of events that went out. */
    published: () => sent.filter(({ topic }) => topic === events).map(({ key }) => String(key)),
    letters: async () => (await database.snapshot()).deadLetters.length,
  };
}
