import { asValue } from 'awilix/browser';
import { encodeHeaders, firstHeader } from '../../../src/adapters/record-headers.ts';
import { subjectsOf } from '../../../src/adapters/subjects.ts';
import { traceSampler } from '../../../src/adapters/trace-sampler.ts';
import { readConfig } from '../../../src/config.ts';
import { createContainer } from '../../../src/container.ts';
import { givenCodec, NEVER } from '../../support/given-codec.ts';
import { InMemoryWorld } from '../../support/in-memory/world.ts';
import { silentTelemetry } from '../../support/telemetry.ts';

const config = readConfig({
  KAFKA_BROKERS: 'broker:9092',
  SCHEMA_REGISTRY_URL: 'http://registry',
  DATABASE_URL: 'postgres://database/licensing',
});
const TENANT = { tenantId: '0f0e7d3a-8f5e-4f0c-9d5e-1c1b1a191817', userId: 'a5b0c1d2-0000-4000-8000-000000000001' };
const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

test('the events of a traced message are the same bytes whoever handles it, after a crash or a loss of the database', async () => {
  const [first, second] = [await eventsOf('g'), await eventsOf('g')];
  expect(first).toHaveLength(2);
  expect(second).toEqual(first);
  for (const { headers } of first) expect(firstHeader(headers, 'traceparent')).not.toBe(TRACEPARENT);
});

test('another consumer group tells spans of its own', async () => {
  const spans = [await eventsOf('g'), await eventsOf('h')].map(([event]) => firstHeader(event.headers, 'traceparent'));
  expect(new Set(spans).size).toBe(2);
});

/** What a worker that begins with an empty database owes for one message. */
async function eventsOf(group: string) {
  const { unitOfWork } = new InMemoryWorld({ now: () => Date.UTC(2026, 6, 1) });
  const { codec } = givenCodec();
  await codec.prepareWriters(subjectsOf(config.topics), NEVER);
  const { cradle } = createContainer({
    config,
    overrides: {
      unitOfWork: asValue(unitOfWork),
      codec: asValue(codec),
      telemetry: asValue({ ...silentTelemetry(), stop: () => undefined }),
      tracing: asValue({ sampler: traceSampler('parentbased_always_off', 1), group }),
    },
  });
  const { planner, dispatcher } = cradle;
  const { commands: topic } = config.topics;
  const data = { ...TENANT, name: 'A', address: '', email: '', phone: '' };
  const headers = encodeHeaders([
    ['ce_id', 'one'],
    ['traceparent', TRACEPARENT],
  ]);
  const value = codec.encode(topic, 'licensing.commands.CreateTenant', data);
  const at = { topic, partition: 0, offset: 7, timestamp: Date.UTC(2026, 0, 1) };
  const tasks = await planner.plan([{ ...at, key: Buffer.from(TENANT.tenantId), value, headers }], NEVER);
  const { outbox } = await unitOfWork.run(tasks, (unit) => dispatcher.dispatch(tasks, unit));
  const [tenant, user] = outbox.map(({ key, value: bytes, headers: of }) => ({ key, value: bytes, headers: of }));
  if (tenant === undefined || user === undefined) throw new Error('a tenant comes with its user');
  return [tenant, user] as const;
}
