import { asValue } from 'awilix/browser';
import { pino } from 'pino';
import { readConfig } from '../../src/config.ts';
import { createContainer, type Cradle } from '../../src/container.ts';
import { givenCodec, NAMES, NEVER } from './given-codec.ts';

/** The worker's own parts, put together as its container does, with every schema at hand and nothing to connect to. */
export async function givenCradle(overrides: Parameters<typeof createContainer>[0]['overrides'] = {}): Promise<Cradle> {
  const { codec, texts } = givenCodec();
  for (const i of texts.keys()) await codec.fetchSchema(i + 1, NEVER);
  const config = readConfig({
    KAFKA_BROKERS: '127.0.0.1:1',
    SCHEMA_REGISTRY_URL: 'http://127.0.0.1:1',
    DATABASE_URL: 'postgres://127.0.0.1:1/none',
  });
  const given = { codec: asValue(codec), logger: asValue(pino({ level: 'silent' })), ...overrides };
  const { cradle } = createContainer({ config, overrides: given });
  await codec.prepareWriters(
    Object.values(cradle.topics).flatMap((topic) => NAMES.map((type) => ({ topic, type }))),
    NEVER,
  );
  return cradle;
}
