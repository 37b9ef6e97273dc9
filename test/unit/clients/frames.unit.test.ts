import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { InvalidCommandData, RegistryRefused, RegistryUnavailable } from '../../../clients/typescript/src/errors.ts';
import { Frames } from '../../../clients/typescript/src/frames.ts';
import { Registry } from '../../../clients/typescript/src/registry.ts';
import { SCHEMAS } from '../../../src/generated/schemas.ts';

const TYPE = 'licensing.commands.CreateLicense';
const LICENSE = {
  tenantId: '0190b4a5-7f65-7000-8000-000000000001',
  subdivisionId: '0190b4a5-7f65-7000-8000-000000000002',
  licenseId: '0190b4a5-7f65-7000-8000-000000000003',
  name: 'ten thousand',
  description: '',
  type: 'bycount',
  requestsLimit: 10_000,
};

/** A registry as its clients see it: of the commands' schemas, each id by its place; it takes `Bearer right`. */
let server: Server;
let url: string;
let asked: string[];
let isDown = false;

beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push(request.url ?? '');
    const names = Object.keys(SCHEMAS);
    const [, subject = ''] = /^\/subjects\/topic-(.+)\/versions\/latest$/.exec(request.url ?? '') ?? [];
    const [, id = ''] = /^\/schemas\/ids\/(\d+)$/.exec(request.url ?? '') ?? [];
    const name = subject === '' ? names[Number(id)] : subject;
    const schema = Object.entries(SCHEMAS).find(([one]) => one === name)?.[1];
    const status = isDown ? 503 : request.headers.authorization !== 'Bearer right' ? 401 : schema ? 200 : 404;
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ id: names.indexOf(String(name)), schema: JSON.stringify(schema) }));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

beforeEach(() => {
  asked = [];
  isDown = false;
});

afterAll(() => server.close());

function framesOf(token = 'right', urls: string | readonly string[] = url): Frames {
  return new Frames(new Registry({ url: urls, headers: () => ({ authorization: `Bearer ${token}` }) }));
}

test('what is written is read again, what was left out as null, and the registry is asked once', async () => {
  const frames = framesOf();
  const value = await frames.encode(`topic-${TYPE}`, LICENSE);
  expect(await frames.encode(`topic-${TYPE}`, LICENSE)).toEqual(value);
  expect(frames.isPrepared(value)).toBe(false);
  await frames.prepare(value);
  expect(frames.isPrepared(value)).toBe(true);
  const { type, data } = frames.decode(value);
  expect(type).toBe(TYPE);
  expect(data).toMatchObject({ ...LICENSE, expiresAt: null, graceMs: null, usageThresholds: null });
  expect(asked).toHaveLength(2);
});

test.each([
  ['a field that the schema does not have', { ...LICENSE, expiresAtt: 1 }, 'expiresAtt'],
  ['a value of another type', { ...LICENSE, requestsLimit: 10.7 }, 'requestsLimit'],
  ['a missing field', { ...LICENSE, name: undefined }, 'name'],
])('%s is refused by its name', async (_, data, name) => {
  const encoding = framesOf().encode(`topic-${TYPE}`, data);
  await expect(encoding).rejects.toThrow(InvalidCommandData);
  await expect(encoding).rejects.toThrow(name);
});

test('a registry that refuses is told from one that does not answer, for which the next one is asked', async () => {
  await expect(framesOf('wrong').encode(`topic-${TYPE}`, LICENSE)).rejects.toThrow(RegistryRefused);
  const nobody = 'http://127.0.0.1:1';
  await expect(framesOf('right', nobody).encode(`topic-${TYPE}`, LICENSE)).rejects.toThrow(RegistryUnavailable);
  const value = await framesOf('right', [nobody, `${url}/`]).encode(`topic-${TYPE}`, LICENSE);
  expect(value[0]).toBe(0);
});

test('while the registry is down, what is known goes on, and what is not is asked for again', async () => {
  const frames = framesOf();
  const value = await frames.encode(`topic-${TYPE}`, LICENSE);
  isDown = true;
  await expect(frames.prepare(value)).rejects.toThrow(RegistryUnavailable);
  expect(frames.isPrepared(value)).toBe(false);
  expect(await frames.encode(`topic-${TYPE}`, LICENSE)).toEqual(value);
  isDown = false;
  await frames.prepare(value);
  expect(frames.decode(value).type).toBe(TYPE);
});

test('all who encode at once share one request, and one that fails is made again', async () => {
  const frames = framesOf();
  const encodeAll = () =>
    Promise.allSettled(Array.from({ length: 100 }, () => frames.encode(`topic-${TYPE}`, LICENSE)));
  isDown = true;
  const failed = await encodeAll();
  expect(failed.filter(({ status }) => status === 'rejected')).toHaveLength(100);
  expect(asked).toHaveLength(1);
  isDown = false;
  const encoded = await encodeAll();
  expect(encoded.filter(({ status }) => status === 'fulfilled')).toHaveLength(100);
  expect(asked).toHaveLength(2);
});

test('a schema that the registry does not know yet is asked for again', async () => {
  const frames = framesOf();
  const unknown = Buffer.from([0, 0, 0, 0x7f, 0xff, 1, 2, 3]);
  await expect(frames.prepare(unknown)).rejects.toThrow(RegistryRefused);
  expect(frames.isPrepared(unknown)).toBe(false);
});

test.each([
  ['no frame', Buffer.from('no Avro')],
  ['nothing', Buffer.alloc(0)],
])('%s is unreadable at once', (_, value) => {
  const frames = framesOf();
  expect(frames.isPrepared(value)).toBe(true);
  expect(() => frames.decode(value)).toThrow('it is no Avro behind a schema id');
});
