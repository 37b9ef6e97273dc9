import { setImmediate as nextTurn } from 'node:timers/promises';
import { AccessToken, TokenUnavailable } from '../../../src/adapters/access-token.ts';
import { ConfigurationError } from '../../../src/ports/errors.ts';
import { givenClock, givenServer, until, type GivenServer } from './given.ts';

const answer = (body: object, status = 200): GivenServer['answer'] => {
  return (_, __, response) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };
};

async function given() {
  let issued = 0;
  const bodies: string[] = [];
  const issue: GivenServer['answer'] = (request, body, response) => {
    issued += 1;
    bodies.push(`${request.headers.authorization} ${body}`);
    answer({ access_token: `token ${issued}`, token_type: 'Bearer', expires_in: 100 })(request, body, response);
  };
  const server = await givenServer(issue);
  const clock = givenClock();
  const secrets = ['first', 'second'];
  const token = new AccessToken({
    endpoint: `${server.url}/token`,
    clientId: 'app',
    clientSecret: () => secrets.shift() ?? 'last',
    scope: 'kafka',
    caLocation: undefined,
    prefix: 'KAFKA_SASL_OAUTHBEARER_',
    tlsPrefix: 'KAFKA_HTTPS_',
    now: clock.now,
  });
  return { server, clock, token, bodies, issue };
}

const SECOND = 1_000;
/** Nobody waits for the endpoint while the old token holds. */
async function renewed(token: AccessToken, next: string): Promise<void> {
  while ((await token.get()) !== next) await nextTurn();
}

const basic = (secret: string): string => `Basic ${Buffer.from(`app:${secret}`).toString('base64')}`;

test('a token is kept, asked for once at a time, and renewed ahead of its end with the secret as it is then', async () => {
  const { server, clock, token, bodies } = await given();
  await using _ = server;
  expect(await Promise.all([token.get(), token.get()])).toEqual(['token 1', 'token 1']);
  clock.time += 79 * SECOND;
  expect(await token.get()).toBe('token 1');
  clock.time += SECOND;
  await renewed(token, 'token 2');
  expect(bodies).toEqual(
    ['first', 'second'].map((secret) => `${basic(secret)} scope=kafka&grant_type=client_credentials`),
  );
});

test('an outage of the endpoint is bridged by the old token until its end', async () => {
  const { server, clock, token, issue } = await given();
  await using _ = server;
  await token.get();
  server.answer = answer({}, 503);
  clock.time += 99 * SECOND;
  expect(await token.get()).toBe('token 1');
  clock.time += SECOND;
  await expect(token.get()).rejects.toThrow(TokenUnavailable);
  await expect(token.get()).rejects.toThrow(/^KAFKA_SASL_OAUTHBEARER_TOKEN_ENDPOINT_URL http:\/\/127/);
  server.answer = issue;
  expect(await token.get()).toBe('token 2');
});

test('an endpoint that hangs costs nobody time before the old token ends, and is asked once a second', async () => {
  const { server, clock, token } = await given();
  await using _ = server;
  await token.get();
  server.answer = () => undefined;
  clock.time += 80 * SECOND;
  expect([await token.get(), await token.get()]).toEqual(['token 1', 'token 1']);
  await until(() => server.requests.length === 2);
});

test('a token that was refused is given to nobody any more, and one that came since is kept', async () => {
  const { server, token } = await given();
  await using _ = server;
  token.refused(await token.get());
  expect(await token.get()).toBe('token 2');
  token.refused('token 1');
  expect(await token.get()).toBe('token 2');
});

test.each([
  ['invalid_client', 401, /^KAFKA_SASL_OAUTHBEARER_CLIENT_SECRET: .*invalid_client/],
  ['invalid_scope', 400, /^KAFKA_SASL_OAUTHBEARER_SCOPE: .*invalid_scope/],
])('an endpoint that refuses with %s is told by the setting, without its value', async (error, status, said) => {
  const { server, token } = await given();
  await using _ = server;
  server.answer = answer({ error }, status);
  const refusal: unknown = await token.get().catch((thrown: unknown) => thrown);
  expect(refusal).toBeInstanceOf(ConfigurationError);
  expect(refusal).toMatchObject({ message: expect.stringMatching(said) });
  expect(String(refusal)).not.toContain('first');
});

test('an endpoint that is asked too often is an outage, whatever error it names', async () => {
  const { server, token } = await given();
  await using _ = server;
  server.answer = answer({ error: 'access_denied' }, 429);
  await expect(token.get()).rejects.toThrow(TokenUnavailable);
});

test('what answers but is no token endpoint is an outage', async () => {
  const { server, token } = await given();
  await using _ = server;
  server.answer = (__, ___, response) => void response.writeHead(200, { 'content-type': 'text/html' }).end('<html>');
  await expect(token.get()).rejects.toThrow(TokenUnavailable);
});
