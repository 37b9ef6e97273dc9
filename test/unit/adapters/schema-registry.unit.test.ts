import { SchemaRegistration } from '../../../src/adapters/avro/schema-registration.ts';
import { SchemaRegistryUnavailable } from '../../../src/adapters/avro/registry-requests.ts';
import { SchemaRegistryClient } from '../../../src/adapters/avro/schema-registry.ts';
import { subjectOf } from '../../../src/adapters/subjects.ts';
import type { SchemaRegistryOptions } from '../../../src/adapters/avro/schema-registry.ts';
import { LogTelemetry } from '../../../src/adapters/telemetry.ts';
import { SCHEMAS } from '../../../src/generated/schemas.ts';
import { ConfigurationError } from '../../../src/ports/errors.ts';
import { FAST, givenClock, givenLogger, givenServer, json, until } from './given.ts';
import type { GivenServer } from './given.ts';

const TYPE = 'licensing.commands.CreateUser';
const SCHEMA = SCHEMAS[TYPE];
const SUBJECT = subjectOf('licensing.commands.v1', TYPE);
const NEVER = new AbortController().signal;

function clientOf(server: { readonly url: string }, options: Partial<SchemaRegistryOptions> = {}) {
  const { logger, lines } = givenLogger();
  const telemetry = new LogTelemetry(logger, givenClock().now);
  const client = new SchemaRegistryClient({ urls: [server.url], telemetry, backoff: FAST, ...options });
  const { timeout } = options;
  const registration = new SchemaRegistration({ urls: [server.url], ...(timeout !== undefined && { timeout }) });
  return { lines, client, registration };
}

/** The part of the Confluent API that is used, with as much memory as the tests need. It takes every schema as compatible. */
function givenRegistry(): Promise<GivenServer> {
  const schemas: { subject: string; schema: string }[] = [];
  const rules = new Map<string, string>();
  return givenServer((request, body, response) => {
    const [path = ''] = (request.url ?? '').split('?');
    const [, root, name = '', versions, version] = path.split('/').map(decodeURIComponent);
    const sent: { schema?: string; compatibility?: string } = body === '' ? {} : JSON.parse(body);
    const newest = schemas.findLastIndex(({ subject }) => subject === name);
    const same = schemas.findIndex(({ subject, schema }) => subject === name && schema === sent.schema);
    const absent = (code: number) => json(response, 404, { error_code: code, message: 'not found' });
    const answer = (found: object | undefined | false, code: number) =>
      found ? json(response, 200, found) : absent(code);
    if (root === 'schemas') answer(schemas[Number(versions) - 1], 40403);
    else if (root === 'config' && request.method === 'PUT') {
      rules.set(name, sent.compatibility ?? '');
      json(response, 200, sent);
    } else if (root === 'config') answer(rules.has(name) && { compatibilityLevel: rules.get(name) }, 40408);
    else if (root === 'compatibility') answer(newest >= 0 && { is_compatible: true }, 40401);
    else if (version === 'latest') answer(newest >= 0 && { id: newest + 1, ...schemas[newest] }, 40401);
    else if (versions === 'versions' && request.method === 'GET') {
      const of = schemas.flatMap(({ subject }, i) => (subject === name ? [i + 1] : []));
      if (version === undefined) json(response, 200, of);
      else answer({ id: Number(version), ...schemas[Number(version) - 1] }, 40402);
    } else if (versions === 'versions') {
      json(response, 200, { id: same >= 0 ? same + 1 : schemas.push({ subject: name, schema: sent.schema ?? '' }) });
    } else answer(same >= 0 && { id: same + 1 }, newest < 0 ? 40401 : 40403);
  });
}

test('what is registered is found by its id, by its subject, and as the latest', async () => {
  await using server = await givenRegistry();
  const { client, registration } = clientOf(server);
  expect(await client.idOf(SUBJECT, SCHEMA, NEVER)).toBeUndefined();
  expect(await client.latest(SUBJECT)).toBeUndefined();
  expect(await registration.isCompatible(SUBJECT, SCHEMA)).toEqual({ compatible: true, reasons: [] });
  expect(await client.fetchSchema(1, NEVER)).toBeUndefined();

  expect(await registration.register(SUBJECT, SCHEMA, 'FULL_TRANSITIVE')).toBe(1);

  expect(await client.idOf(SUBJECT, SCHEMA, NEVER)).toBe(1);
  expect(await client.latest(SUBJECT)).toEqual({ id: 1, schema: JSON.stringify(SCHEMA) });
  expect(await registration.isCompatible(SUBJECT, SCHEMA)).toEqual({ compatible: true, reasons: [] });
  expect(await client.fetchSchema(1, NEVER)).toEqual({
    schemaType: 'AVRO',
    schema: JSON.stringify(SCHEMA),
    references: [],
  });
  expect(await client.idOf(SUBJECT, { ...SCHEMA, doc: 'Another.' }, NEVER)).toBeUndefined();
});

test('the compatibility rule is set before the first version, and never again', async () => {
  await using server = await givenRegistry();
  const { registration } = clientOf(server);
  await registration.register(SUBJECT, SCHEMA, 'FULL_TRANSITIVE');
  const changes = server.requests.filter((request) => !request.startsWith('GET'));
  expect(changes).toEqual([`PUT /config/${SUBJECT}`, `POST /subjects/${SUBJECT}/versions`]);
  server.requests.length = 0;
  expect(await registration.register(SUBJECT, SCHEMA, 'FULL_TRANSITIVE')).toBe(1);
  expect(server.requests.filter((request) => request.startsWith('PUT'))).toEqual([]);
});

test('another rule of the subject is put right', async () => {
  await using server = await givenRegistry();
  const { registration } = clientOf(server);
  await fetch(`${server.url}/config/${SUBJECT}`, { method: 'PUT', body: '{"compatibility":"BACKWARD"}' });
  expect(await registration.register(SUBJECT, SCHEMA, 'FULL_TRANSITIVE')).toBe(1);
});

test('a schema that the registry refuses is named, with its reason', async () => {
  await using server = await givenServer((request, _body, response) => {
    if (request.method === 'GET') json(response, 200, { compatibilityLevel: 'FULL_TRANSITIVE' });
    else json(response, 409, { error_code: 409, message: 'reader type LONG' });
  });
  const register = clientOf(server).registration.register(SUBJECT, SCHEMA, 'FULL_TRANSITIVE');
  await expect(register).rejects.toMatchObject({ name: 'SchemaRefused' });
  await expect(register).rejects.toThrow(/CreateUser.*reader type LONG/);
});

test.each([
  ['Confluent', { is_compatible: false, messages: ['one', 'two'] }, ['one', 'two']],
  ['Apicurio', { is_compatible: false, reason: 'one' }, ['one']],
])('why a schema is incompatible, as %s says it', async (_registry, body, reasons) => {
  await using server = await givenServer((_request, _body, response) => json(response, 200, body));
  expect(await clientOf(server).registration.isCompatible(SUBJECT, SCHEMA)).toEqual({ compatible: false, reasons });
});

test.each([
  ['an error of the server', 500, { error_code: 50001 }],
  ['a wrong path, as Apicurio answers it', 404, { error_code: 0, message: 'Could not find resource' }],
  ['a proxy', 404, '<html></html>'],
  ['a refused connection, as some proxies say it', 400, 'Bad Gateway'],
  ['no JSON', 200, '<html></html>'],
  ['JSON without a schema', 200, { hello: 'world' }],
])('%s does not make a schema unknown', async (_case, status, body) => {
  await using server = await givenServer((_request, _body, response) => {
    if (server.requests.length > 3) {
      json(response, 200, { schema: '"string"', id: 7 });
      return;
    }
    response.writeHead(status).end(typeof body === 'string' ? body : JSON.stringify(body));
  });
  const { client, lines } = clientOf(server);
  expect(await client.fetchSchema(7, NEVER)).toEqual({ schemaType: 'AVRO', schema: '"string"', references: [] });
  expect(server.requests).toHaveLength(4);
  server.requests.length = 0;
  expect(await client.idOf(SUBJECT, SCHEMA, NEVER)).toBe(7);
  expect(server.requests).toHaveLength(4);
  expect(lines).toHaveLength(2);
});

test('a schema that stands in another spelling is found by its versions', async () => {
  const older = JSON.stringify({ ...SCHEMA, doc: 'Older.' });
  const versions = new Map([
    [1, older],
    [2, JSON.stringify(SCHEMA, null, 2)],
    [5, JSON.stringify({ ...SCHEMA, doc: 'Newer.' }, null, 2)],
  ]);
  await using server = await givenServer((request, _body, response) => {
    const version = Number((request.url ?? '').split('/').at(-1));
    if (request.method === 'POST') json(response, 404, { error_code: 40403 });
    else if (Number.isNaN(version)) json(response, 200, [...versions.keys()]);
    else json(response, 200, { id: 100 + version, schema: versions.get(version) });
  });
  const { client } = clientOf(server);
  expect(await client.idOf(SUBJECT, SCHEMA, NEVER)).toBe(102);
  expect(await client.idOf(SUBJECT, { ...SCHEMA, doc: 'Another.' }, NEVER)).toBeUndefined();
});

describe('a schema with references', () => {
  type Kept = {
    readonly schema: string;
    readonly references?: readonly { name: string; subject: string; version: number }[];
  };
  const refer = (...subjects: readonly string[]) => subjects.map((subject) => ({ name: subject, subject, version: 1 }));

  const givenSubjects = (kept: Readonly<Record<string, Kept>>) =>
    givenServer((request, _body, response) => {
      const [, , name = ''] = (request.url ?? '').split('/');
      const found = kept[request.url?.startsWith('/schemas/') === true ? 'the id' : name];
      if (found === undefined) json(response, 404, { error_code: 40401 });
      else json(response, 200, { id: 1, ...found });
    });

  test('comes with what it refers to, each once, behind what it needs itself', async () => {
    await using server = await givenSubjects({
      'the id': { schema: 'top', references: refer('a', 'b') },
      a: { schema: 'A', references: refer('c') },
      b: { schema: 'B', references: refer('c', 'a') },
      c: { schema: 'C' },
    });
    expect(await clientOf(server).client.fetchSchema(1, NEVER)).toMatchObject({ references: ['C', 'A', 'B'] });
  });

  test('that refers to itself, to more than a message has, or to what is gone ends as well', async () => {
    const many = Array.from({ length: 100 }, (_, i) => `s${i}`);
    await using circle = await givenSubjects({
      'the id': { schema: 'top', references: refer('a') },
      a: { schema: 'A', references: refer('a') },
    });
    await using wide = await givenSubjects({
      'the id': { schema: 'top', references: refer(...many) },
      ...Object.fromEntries(many.map((name) => [name, { schema: name }])),
    });
    await using gone = await givenSubjects({ 'the id': { schema: 'top', references: refer('a') } });
    expect((await clientOf(circle).client.fetchSchema(1, NEVER))?.references.length).toBeLessThan(40);
    expect((await clientOf(wide).client.fetchSchema(1, NEVER))?.references.length).toBeLessThan(40);
    expect(await clientOf(gone).client.fetchSchema(1, NEVER)).toMatchObject({ references: [] });
  });
});

describe('a registry that compares with one version at a time, as Karapace does', () => {
  const givenKarapace = (fits: readonly boolean[]) =>
    givenServer((request, _body, response) => {
      const path = (request.url ?? '').split('?', 1)[0] ?? '';
      const version = Number(path.split('/').at(-1));
      if (path.startsWith('/subjects/')) {
        if (fits.length === 0) json(response, 404, { error_code: 40401 });
        else
          json(
            response,
            200,
            fits.map((_, i) => i + 1),
          );
      } else if (Number.isNaN(version)) response.writeHead(404).end('404: Not Found');
      else json(response, 200, { is_compatible: fits[version - 1], messages: [`version ${version}`] });
    });

  test.each([
    ['each version would take it', [true, true, true], true],
    ['an early version would not', [true, false, true], false],
    ['there is none yet', [], true],
  ])('%s', async (_, fits, compatible) => {
    await using server = await givenKarapace(fits);
    const answer = await clientOf(server).registration.isCompatible(SUBJECT, SCHEMA);
    expect(answer).toEqual(compatible ? { compatible, reasons: [] } : { compatible, reasons: ['version 2'] });
  });

  test('and one that has no such endpoint at all is out of reach, not content', async () => {
    await using server = await givenServer((request, _body, response) => {
      if (request.url?.startsWith('/subjects/') === true) json(response, 200, [1]);
      else response.writeHead(404).end('404: Not Found');
    });
    await expect(clientOf(server).registration.isCompatible(SUBJECT, SCHEMA)).rejects.toMatchObject({
      name: 'SchemaRegistryUnavailable',
    });
  });
});

describe('a registry that does not know an id', () => {
  /** It answers `no` to these ids for as long as the function says so. */
  const givenIds = (isUnknown: (id: number, asked: number) => boolean) => {
    const asked = new Map<number, number>();
    return givenServer((request, _body, response) => {
      const id = Number((request.url ?? '').split('/').at(-1));
      asked.set(id, (asked.get(id) ?? 0) + 1);
      if (isUnknown(id, asked.get(id) ?? 0)) json(response, 404, { error_code: 40403 });
      else json(response, 200, { schema: `"schema ${id}"` });
    });
  };

  test('is asked again, and believed when it knows the id a moment later: a replica lags', async () => {
    await using server = await givenIds((id, asked) => id === 7 && asked < 5);
    const { client, lines } = clientOf(server);
    expect(await client.fetchSchema(7, NEVER, { ours: 1, insists: true })).toMatchObject({ schema: '"schema 7"' });
    expect(lines.join()).toContain('it does not know schema 7, or not yet');
  });

  test('is believed after a while', async () => {
    await using server = await givenIds((id) => id === 7);
    const { client } = clientOf(server, { insistence: 20 });
    expect(await client.fetchSchema(7, NEVER, { ours: 1, insists: true })).toBeUndefined();
    expect(server.requests.filter((request) => request.endsWith('/7')).length).toBeGreaterThan(1);
  });

  test('is believed at once when nobody insists, if it knows one of ours', async () => {
    await using server = await givenIds((id) => id === 7);
    expect(await clientOf(server).client.fetchSchema(7, NEVER, { ours: 1 })).toBeUndefined();
    expect(server.requests).toEqual(['GET /schemas/ids/7', 'GET /schemas/ids/1']);
  });

  test('nor one of ours is as good as out of reach, for however long: it has just begun, or lost everything', async () => {
    await using server = await givenIds((_, asked) => asked < 20);
    const { client, lines } = clientOf(server, { insistence: 0 });
    expect(await client.fetchSchema(7, NEVER, { ours: 1, insists: true })).toMatchObject({ schema: '"schema 7"' });
    expect(lines.join()).toContain('it knows neither schema 7 nor 1');
  });
});

test('a try that hangs ends, and the next one counts', async () => {
  await using server = await givenServer((_request, _body, response) => {
    if (server.requests.length > 2) json(response, 200, { schema: '{}', schemaType: 'PROTOBUF' });
  });
  const { client } = clientOf(server, { timeout: 40 });
  expect(await client.fetchSchema(7, NEVER)).toEqual({ schemaType: 'PROTOBUF', schema: '{}', references: [] });
});

test('waiting ends with the reason of the signal', async () => {
  await using server = await givenServer((_request, _body, response) => json(response, 500, {}));
  const { client, lines } = clientOf(server, { backoff: { initialDelay: 600_000, maxDelay: 600_000 } });
  const stop = new AbortController();
  const fetched = client.fetchSchema(7, stop.signal);
  const looked = client.idOf(SUBJECT, SCHEMA, stop.signal);
  await until(() => server.requests.length === 2 && lines.length === 1);
  const reason = new Error('shutting down');
  stop.abort(reason);
  await expect(fetched).rejects.toBe(reason);
  await expect(looked).rejects.toBe(reason);
});

test.each([401, 403])('refused credentials (%d) name the setting and end it', async (status) => {
  await using server = await givenServer((_request, _body, response) => response.writeHead(status).end('no'));
  const { client, registration } = clientOf(server);
  const calls = [
    client.fetchSchema(1, NEVER),
    client.idOf(SUBJECT, SCHEMA, NEVER),
    client.latest(SUBJECT),
    registration.register(SUBJECT, SCHEMA, 'FULL_TRANSITIVE'),
  ];
  for (const result of await Promise.allSettled(calls)) {
    expect(result).toMatchObject({ status: 'rejected', reason: { name: 'ConfigurationError' } });
    expect(result).toHaveProperty('reason.message', expect.stringContaining('SCHEMA_REGISTRY_URL'));
  }
});

test('credentials of the URL are sent, and told to nobody', async () => {
  const sent = new Set<string | undefined>();
  await using server = await givenServer((request, _body, response) => {
    sent.add(request.headers.authorization);
    if (request.method === 'GET') {
      json(response, 200, { compatibilityLevel: 'FULL_TRANSITIVE' });
      return;
    }
    json(response, 409, { error_code: 409, message: 'no' });
  });
  const { registration } = clientOf({ url: server.url.replace('http://', 'http://me:s%40crt@') });
  const message = await registration.register(SUBJECT, SCHEMA, 'FULL_TRANSITIVE').catch(String);
  expect([...sent]).toEqual([`Basic ${Buffer.from('me:s@crt').toString('base64')}`]);
  expect(message).not.toContain('crt');
});

test('for the command line a registry out of reach is an error at once', async () => {
  const url = await (async () => {
    await using server = await givenServer(() => undefined);
    return server.url;
  })();
  const { client, registration } = clientOf({ url });
  const calls = [
    () => client.latest(SUBJECT),
    () => registration.isCompatible(SUBJECT, SCHEMA),
    () => registration.register(SUBJECT, SCHEMA, 'FULL_TRANSITIVE'),
  ];
  for (const call of calls) {
    const result = call();
    await expect(result).rejects.toMatchObject({ name: 'SchemaRegistryUnavailable' });
    await expect(result).rejects.toThrow(/SCHEMA_REGISTRY_URL.*ECONNREFUSED/);
  }
});

test('a registration that hangs ends as well', async () => {
  await using server = await givenServer((request, _body, response) => {
    if (request.method === 'GET') json(response, 200, { compatibilityLevel: 'FULL_TRANSITIVE' });
  });
  const { registration } = clientOf(server, { timeout: 100 });
  await expect(registration.register(SUBJECT, SCHEMA, 'FULL_TRANSITIVE')).rejects.toMatchObject({
    name: 'SchemaRegistryUnavailable',
  });
});

test.each(['', 'registry:8081', 'ftp://registry'])('SCHEMA_REGISTRY_URL %j is refused at once', (url) => {
  expect(() => clientOf({ url })).toThrow(ConfigurationError);
});

describe('of several URLs', () => {
  const answers: GivenServer['answer'] = (_, __, response) => json(response, 200, { id: 7, schema: '"string"' });
  const givenTwo = (first: string, second: string) => {
    const moves: string[] = [];
    const { client } = clientOf(
      { url: first },
      { urls: [first, second], moved: (from, to) => moves.push(`${from} ${to}`) },
    );
    return { client, moves };
  };

  test.each<readonly [string, GivenServer['answer']]>([
    ['ends connections', (request) => request.socket.destroy()],
    ['is out of order', (_, __, response) => json(response, 503, {})],
  ])('the next one is asked when one %s, and from then on', async (_, fails) => {
    await using first = await givenServer(fails);
    await using second = await givenServer(answers);
    const { client, moves } = givenTwo(first.url, second.url);
    expect(await client.latest(SUBJECT)).toEqual({ id: 7, schema: '"string"' });
    await client.latest(SUBJECT);
    expect([first.requests.length, second.requests.length]).toEqual([1, 2]);
    expect(moves).toEqual([`${first.url} ${second.url}`]);
  });

  test('none is asked again for a refusal, and all are asked before it counts as an outage', async () => {
    await using first = await givenServer((_, __, response) => json(response, 403, {}));
    await using second = await givenServer((request) => request.socket.destroy());
    await expect(givenTwo(first.url, second.url).client.latest(SUBJECT)).rejects.toThrow(ConfigurationError);
    expect(second.requests).toEqual([]);
    await using third = await givenServer((request) => request.socket.destroy());
    await expect(givenTwo(second.url, third.url).client.latest(SUBJECT)).rejects.toThrow(SchemaRegistryUnavailable);
    expect([second.requests.length, third.requests.length]).toEqual([1, 1]);
  });
});

test('a registry that has answered, and then refuses the worker, is an outage', async () => {
  let isOpen = true;
  await using server = await givenServer((_, __, response) =>
    isOpen ? json(response, 200, { schema: '"string"' }) : json(response, 401, {}),
  );
  const { client, lines } = clientOf(server);
  await client.fetchSchema(1, NEVER);
  isOpen = false;
  const waits = client.fetchSchema(2, NEVER);
  await until(() => lines.some((line) => line.includes('waiting for the schema registry')));
  isOpen = true;
  expect(await waits).toMatchObject({ schema: '"string"' });
});
