import { encodeHeaders } from '../../../src/adapters/record-headers.ts';
import { randomUUID } from 'node:crypto';
import { asValue } from 'awilix/browser';
import { readConfig } from '../../../src/config.ts';
import { subjectsOf } from '../../../src/adapters/subjects.ts';
import { createContainer } from '../../../src/container.ts';
import type { ReceivedMessage } from '../../../src/ports/messages.ts';
import { InMemoryWorld } from '../../support/in-memory/world.ts';
import type { Ending } from '../../../src/worker/dispatcher.ts';
import { givenCodec, NEVER } from '../../support/given-codec.ts';
import { silentTelemetry } from '../../support/telemetry.ts';

const config = readConfig({
  KAFKA_BROKERS: 'broker:9092',
  SCHEMA_REGISTRY_URL: 'http://registry',
  DATABASE_URL: 'postgres://database/licensing',
});
const TENANT = { tenantId: randomUUID(), userId: randomUUID(), name: 'A', address: '', email: '', phone: '' };

describe('a message that could not be read, and comes again', () => {
  it.each(['in the next chunk', 'in the same chunk'])(
    'mended %s takes effect once, and its letter is superseded',
    async (when) => {
      const { run, value, states, tenants } = await given();
      const [unread, mended, again] = [message(1, Buffer.from('{}')), message(2, value), message(3, value)];
      const chunks =
        when === 'in the same chunk' ? [[unread, mended, again, unread]] : [[unread], [mended], [again, unread]];
      const endings: Ending['what'][] = [];
      for (const chunk of chunks) endings.push(...(await run(chunk)));
      expect(endings).toEqual(['dead', 'accepted', 'duplicate', 'duplicate']);
      expect(await states()).toEqual(['superseded']);
      expect(await tenants()).toBe(1);
    },
  );

  it('with other bytes after it has taken effect is IdReused, as ever', async () => {
    const { run, value, states, otherValue } = await given();
    await run([message(1, Buffer.from('{}'))]);
    await run([message(2, value)]);
    expect(await run([message(3, otherValue), message(3, otherValue)])).toEqual(['dead', 'duplicate']);
    expect(await states()).toEqual(['superseded', 'open']);
  });

  it('as broken as before leaves one letter open, the newest', async () => {
    const { run, states } = await given();
    expect(await run([message(1, null), message(2, null)])).toEqual(['dead', 'dead']);
    expect(await run([message(3, null), message(1, null)])).toEqual(['dead', 'duplicate']);
    expect(await states()).toEqual(['superseded', 'superseded', 'open']);
  });
});

async function given() {
  const { database, letters, unitOfWork: inMemory } = new InMemoryWorld({ now: () => Date.now() });
  const { codec } = givenCodec();
  await codec.prepareWriters(subjectsOf(config.topics), NEVER);
  const { cradle } = createContainer({
    config,
    overrides: {
      unitOfWork: asValue(inMemory),
      codec: asValue(codec),
      telemetry: asValue({ ...silentTelemetry(), stop: () => undefined }),
    },
  });
  const { planner, dispatcher, unitOfWork } = cradle;
  const { commands } = config.topics;
  return {
    value: codec.encode(commands, 'licensing.commands.CreateTenant', TENANT),
    otherValue: codec.encode(commands, 'licensing.commands.CreateTenant', { ...TENANT, name: 'B' }),
    async run(messages: readonly ReceivedMessage[]): Promise<readonly Ending['what'][]> {
      const tasks = await planner.plan(messages, NEVER);
      const { value } = await unitOfWork.run(tasks, (unit) => dispatcher.dispatch(tasks, unit));
      return value.map(({ what }) => what);
    },
    async states() {
      const found = await Promise.all([1, 2, 3, 4].map((letterId) => letters.get(letterId)));
      return found.flatMap((letter) => letter?.state ?? []);
    },
    tenants: async () => (await database.snapshot()).tenants.length,
  };
}

/** One identity, whatever it says and wherever it stands. */
function message(offset: number, value: Buffer | null): ReceivedMessage {
  const at = { topic: config.topics.commands, partition: 0, offset, timestamp: Date.UTC(2026, 0, 1) };
  const headers = encodeHeaders(Object.entries({ ce_id: 'the same', ce_source: 'shop' }));
  return { ...at, key: Buffer.from(TENANT.tenantId), value, headers };
}
