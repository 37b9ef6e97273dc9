import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { CLIENTS, tell } from '../clients/clients.ts';
import { answersTo, createTenant } from '../e2e/given.ts';
import { createWorld, type World } from '../support/world.ts';
import { startCounterparts, type Counterparts } from './counterparts.ts';

// Batches of librdkafka in each of its codecs, sent over SCRAM. Where this machine can't run it, there is no test of it, and the run says so.

const python = CLIENTS.find(({ language }) => language === 'Python');
const PRODUCE = join(import.meta.dirname, 'produce.py');
const CODECS = ['none', 'gzip', 'snappy', 'lz4', 'zstd'];
/** As many fill a batch that is worth packing. */
const COMMANDS = 200;
const DOWNLOADS_WITHIN_MS = 300_000;

let there: Counterparts;
let world: World;
let interpreter = '';
beforeAll(async () => {
  [interpreter = ''] = (await python?.prepare()) ?? [];
  there = await startCounterparts();
  world = await createWorld({ stack: there.stack, env: there.kafka.scram });
}, DOWNLOADS_WITHIN_MS);
afterAll(async () => {
  await world.close();
  await there.stop();
});

if (python?.lacks !== undefined) tell(`librdkafka: NOT run, it takes ${python.lacks}`);

test.each(python?.lacks === undefined ? CODECS : [])('%s', (codec) =>
  world.guard(async () => {
    const commands = Array.from({ length: COMMANDS }, () => createTenant());
    const messages = world.outgoing(commands).map(({ topic, key, value, headers = {} }) => ({
      topic,
      key: String(key),
      value: Buffer.from(value ?? '').toString('base64'),
      headers,
    }));
    await produce({ codec, messages });
    for (const command of commands) await answersTo(world, command, 2);
    await world.settled();
  }),
);

async function produce({
  codec,
  messages,
}: {
  readonly codec: string;
  readonly messages: readonly object[];
}): Promise<void> {
  const env = world.env;
  const settings = {
    'bootstrap.servers': env['KAFKA_BROKERS'],
    'security.protocol': env['KAFKA_SECURITY_PROTOCOL'],
    'sasl.mechanism': env['KAFKA_SASL_MECHANISM'],
    'sasl.username': env['KAFKA_SASL_USERNAME'],
    'sasl.password': env['KAFKA_SASL_PASSWORD'],
    'ssl.ca.location': env['KAFKA_SSL_CA_LOCATION'],
    'compression.type': codec,
  };
  const child = spawn(interpreter, [PRODUCE], { stdio: ['pipe', 'inherit', 'inherit'] });
  child.stdin.end(JSON.stringify({ settings, messages }));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  if (code !== 0) throw new Error(`${PRODUCE} ended with ${code}`);
}
