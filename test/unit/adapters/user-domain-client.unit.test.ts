import { LogTelemetry } from '../../../src/adapters/telemetry.ts';
import { HttpUserDomainClient } from '../../../src/adapters/user-domain-client.ts';
import type { UserDomainClientOptions } from '../../../src/adapters/user-domain-client.ts';
import { ConfigurationError } from '../../../src/ports/errors.ts';
import { MalformedAnswer } from '../../../src/ports/user-domain-client.ts';
import { FAST, givenClock, givenLogger, givenServer, json, until } from './given.ts';
import type { GivenServer } from './given.ts';

const USER = '0190b4a5-7f65-7000-8000-000000000001';
const PROFILE = { userId: USER, email: 'ada@example.com', tgId: '42', superadmin: true, nickname: 'Ada' };
const NEVER = new AbortController().signal;

function clientOf(server: { readonly url: string }, options: Partial<UserDomainClientOptions> = {}) {
  const { logger, lines } = givenLogger();
  const clock = givenClock();
  const telemetry = new LogTelemetry(logger, clock.now);
  const client = new HttpUserDomainClient({ baseUrl: server.url, telemetry, backoff: FAST, ...options });
  return { client, clock, lines };
}

function answering(body: unknown): Promise<GivenServer> {
  return givenServer((_request, _body, response) => json(response, 200, body));
}

test('a profile is what the user domain says, other fields ignored', async () => {
  await using server = await answering(PROFILE);
  const { client } = clientOf({ url: `${server.url}/api/` });
  expect(await client.lookUp(USER, NEVER)).toEqual({ email: 'ada@example.com', tgId: '42', superadmin: true });
  expect(server.requests).toEqual([`GET /api/users/${USER}`]);
});

test('absent email and tgId are null, a number as tgId becomes text', async () => {
  await using server = await answering({ userId: USER, superadmin: false });
  const { client } = clientOf(server);
  expect(await client.lookUp(USER, NEVER)).toEqual({ email: null, tgId: null, superadmin: false });
  server.answer = (_request, _body, response) => json(response, 200, { ...PROFILE, tgId: 5_000_000_042, email: null });
  expect(await client.lookUp(USER, NEVER)).toEqual({ email: null, tgId: '5000000042', superadmin: true });
});

test('404 means that the user domain does not know the user', async () => {
  await using server = await givenServer((_request, _body, response) => json(response, 404, { error: 'no' }));
  expect(await clientOf(server).client.lookUp(USER, NEVER)).toBeUndefined();
});

test.each([
  ['no JSON', '<html></html>', 'not JSON'],
  ['no object', '[]', 'userId'],
  ['null', 'null', 'not a JSON object'],
  ['another user', JSON.stringify({ ...PROFILE, userId: 'x' }), 'userId'],
  ['an email that is no string', JSON.stringify({ ...PROFILE, email: 1 }), 'email'],
  ['U+0000', JSON.stringify({ ...PROFILE, email: 'a\0' }), 'email'],
  ['a lone surrogate', JSON.stringify({ ...PROFILE, tgId: '\ud800' }), 'tgId'],
  ['a tgId that is no integer', JSON.stringify({ ...PROFILE, tgId: 1.5 }), 'tgId'],
  ['superadmin that is no boolean', JSON.stringify({ ...PROFILE, superadmin: 'yes' }), 'superadmin'],
  ['superadmin missing', JSON.stringify({ userId: USER }), 'superadmin'],
])('a malformed answer is not asked for again: %s', async (_case, body, reason) => {
  await using server = await givenServer((_request, _body, response) => response.end(body));
  const look = clientOf(server).client.lookUp(USER, NEVER);
  await expect(look).rejects.toThrow(MalformedAnswer);
  await expect(look).rejects.toThrow(reason);
  expect(server.requests).toHaveLength(1);
});

test('an endless answer is not read to its end', async () => {
  let closed = false;
  await using server = await givenServer((_request, _body, response) => {
    response.on('close', () => (closed = true));
    const more = () => {
      if (!closed) response.write('x'.repeat(16_384), () => setImmediate(more));
    };
    more();
  });
  await expect(clientOf(server).client.lookUp(USER, NEVER)).rejects.toThrow(MalformedAnswer);
  await until(() => closed);
});

test.each([500, 503, 429, 301, 302, 401, 403, 400, 204])(
  'status %d is an outage: asked again until it answers',
  async (status) => {
    await using server = await givenServer((_request, _body, response) => {
      if (server.requests.length <= 3) response.writeHead(status, { location: '/elsewhere' }).end();
      else json(response, 200, PROFILE);
    });
    const { client, lines } = clientOf(server);
    expect(await client.lookUp(USER, NEVER)).toMatchObject({ superadmin: true });
    expect(server.requests).toEqual(Array.from({ length: 4 }, () => `GET /users/${USER}`));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain(`status ${status}`);
  },
);

test('connections that are cut and tries that hang are outages too', async () => {
  await using server = await givenServer((request, _body, response) => {
    if (server.requests.length === 1) request.socket.destroy();
    else if (server.requests.length === 2) response.writeHead(200).write('{"userId"');
    else if (server.requests.length > 3) json(response, 200, PROFILE);
  });
  const { client } = clientOf(server, { timeout: 50 });
  expect(await client.lookUp(USER, NEVER)).toMatchObject({ superadmin: true });
  expect(server.requests).toHaveLength(4);
});

test('an outage is told once a minute, however many wait', async () => {
  await using server = await givenServer((_request, _body, response) => json(response, 500, {}));
  const { client, clock, lines } = clientOf(server, { breaker: { failures: 1_000, halfOpenAfter: 1 } });
  const stop = new AbortController();
  const looks = [client.lookUp(USER, stop.signal), client.lookUp(USER, stop.signal)];
  await until(() => server.requests.length > 10);
  expect(lines).toHaveLength(1);
  clock.time += 60_000;
  await until(() => lines.length === 2);
  stop.abort(new Error('stopped'));
  for (const look of looks) await expect(look).rejects.toThrow('stopped');
});

test('the breaker opens after failures in a row, lets one try through after a while, and closes when that succeeds', async () => {
  await using server = await givenServer((_request, _body, response) => json(response, 500, {}));
  const changes: boolean[] = [];
  const breaker = { failures: 3, halfOpenAfter: 40 };
  const { client } = clientOf(server, { breaker, onBreakerChange: (open) => changes.push(open) });
  const looks = Array.from({ length: 20 }, () => client.lookUp(USER, NEVER));
  await until(() => changes.length === 1);
  // Those that were under way when it opened, and after that one at a time.
  expect(server.requests.length).toBeLessThanOrEqual(20);
  server.requests.length = 0;
  await until(() => server.requests.length >= 2);
  expect(changes).toEqual([true]);
  server.answer = (_request, _body, response) => json(response, 200, PROFILE);
  expect(await Promise.all(looks)).toHaveLength(20);
  expect(changes).toEqual([true, false]);
});

test('the signal ends a look-up at once: before it starts, while it is asked, and between two tries', async () => {
  await using server = await givenServer(() => undefined);
  const { client } = clientOf(server, { timeout: 600_000, backoff: { initialDelay: 600_000, maxDelay: 600_000 } });
  const reason = new Error('shutting down');
  await expect(client.lookUp(USER, AbortSignal.abort(reason))).rejects.toBe(reason);

  const asking = new AbortController();
  const asked = client.lookUp(USER, asking.signal);
  await until(() => server.requests.length === 1);
  asking.abort(reason);
  await expect(asked).rejects.toBe(reason);

  const { client: refused, lines } = clientOf(server, { backoff: { initialDelay: 600_000, maxDelay: 600_000 } });
  server.answer = (_request, _body, response) => json(response, 500, {});
  const waiting = new AbortController();
  const waited = refused.lookUp(USER, waiting.signal);
  await until(() => lines.length === 1);
  waiting.abort(reason);
  await expect(waited).rejects.toBe(reason);
});

test.each(['', 'users.example.com', 'ftp://users.example.com', 'http://me:secret@users.example.com'])(
  'USER_DOMAIN_URL %j is refused at once',
  (baseUrl) => {
    expect(() => clientOf({ url: baseUrl })).toThrow(ConfigurationError);
  },
);
