import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../../src/main.ts', import.meta.url));

/** Takes connections, and says nothing. It reads, or it would not see that a client has gone. */
const server = createServer((socket) => socket.resume());
let place = '';
beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  place = `127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => server.close());

test.each([['tail'], ['lag', '--follow']])('%s ends with 0 at a Ctrl-C, also while it connects', async (...args) => {
  const env = { ...process.env, KAFKA_BROKERS: place, SCHEMA_REGISTRY_URL: `http://${place}` };
  const asked = once(server, 'connection');
  const child = spawn(process.execPath, [MAIN, ...args], { env, stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = Promise.all([text(child.stderr), once(child, 'exit')]);
  await asked;
  child.kill('SIGINT');
  const [told, [code]] = await ended;
  expect([told, code]).toEqual(['', 0]);
});
