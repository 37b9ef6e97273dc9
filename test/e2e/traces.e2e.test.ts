import { randomBytes, randomUUID } from 'node:crypto';
import { header } from '../support/collect.ts';
import { command } from '../support/load.ts';
import { otlpReceiver, type OtlpReceiver } from '../support/otlp/receiver.ts';
import { spansIn, type ExportedSpan } from '../support/otlp/traces.ts';
import { createWorld, type World } from '../support/world.ts';
import { createTenant, told } from './given.ts';

let receiver: OtlpReceiver;
let world: World;

beforeAll(async () => {
  receiver = await otlpReceiver();
  const endpoint = { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${receiver.url}/v1/traces` };
  world = await createWorld({ env: { ...endpoint, OTEL_BSP_SCHEDULE_DELAY: '100' } });
});

afterAll(async () => {
  await world.close();
  await receiver[Symbol.asyncDispose]();
});

test('a command that its producer traces has a span below it, and its answers name that span', () =>
  world.guard(async () => {
    const { traceparent, traceId, spanId } = aTraceparent('01');
    const stale = aTraceparent('01').traceparent;
    const message = createTenant({}, { source: 'urn:crm', traceparent: [stale, traceparent] });
    const events = await told(world, message, 'TenantCreated', 'UserCreated');
    const span = await receiver.until(() => spans().find((one) => one.traceId === traceId));
    expect(span).toMatchObject({ name: `process ${world.topics.commands}`, parentId: spanId });
    expect(span.events).toEqual(['decided', 'committed', 'published']);
    expect(span.attributes).toMatchObject({
      ...{ 'messaging.message.id': message.envelope.id, 'cloudevents.event_source': 'urn:crm' },
      ...{ 'cloudevents.event_type': 'licensing.commands.CreateTenant', 'licensing.outcome': 'accepted' },
    });
    for (const { record } of events) {
      expect(header(record, 'traceparent')).toBe(`00-${traceId}-${span.spanId}-01`);
    }
    const chunk = await receiver.until(() => spans().find((one) => one.spanId === span.links[0]));
    expect(chunk).toMatchObject({ name: `chunk ${world.topics.commands}`, parentId: '', links: [spanId] });
    const below = (parent: ExportedSpan | undefined) =>
      spans().flatMap(({ name, parentId }) => (parentId === parent?.spanId ? [name] : []));
    expect(below(chunk)).toEqual(['read', 'transaction', 'send']);
    const transaction = spans().find(({ name, parentId }) => name === 'transaction' && parentId === chunk.spanId);
    expect(below(transaction)).toEqual(['begin', 'decide', 'flush', 'commit']);

    const again = await told(world, command('UpdateTenant', NOBODY, { traceparent }), 'CommandRejected');
    const rejected = await receiver.until(() =>
      spans().find(({ attributes }) => attributes['licensing.outcome'] === 'rejected'),
    );
    expect(rejected).toMatchObject({ traceId, parentId: spanId });
    expect(header(again[0]?.record ?? fail(), 'traceparent')).toBe(`00-${traceId}-${rejected.spanId}-01`);
  }));

test('a command that comes again is told again, and its answer names the span of the first', () =>
  world.guard(async () => {
    const { traceparent, traceId } = aTraceparent('01');
    const message = createTenant({}, { traceparent });
    const [tenant] = await told(world, message, 'TenantCreated', 'UserCreated');
    await world.send([message]);
    const [first, second] = await receiver.until(() => {
      const ofTrace = spans().filter((one) => one.traceId === traceId);
      return ofTrace.length === 2 ? ofTrace : undefined;
    });
    expect([first, second].map((span) => span?.attributes['licensing.outcome'])).toEqual(['accepted', 'duplicate']);
    expect(second?.spanId).not.toBe(first?.spanId); // it stands at another place
    expect(header(tenant?.record ?? fail(), 'traceparent')).toContain(first?.spanId);
  }));

test('a command that its producer does not trace has no span, and its traceparent goes on as it came', () =>
  world.guard(async () => {
    const { traceparent, traceId } = aTraceparent('00');
    const [event] = await told(world, createTenant({}, { traceparent }), 'TenantCreated', 'UserCreated');
    expect(header(event?.record ?? fail(), 'traceparent')).toBe(traceparent);
    const [untraced] = await told(world, createTenant(), 'TenantCreated', 'UserCreated');
    expect(header(untraced?.record ?? fail(), 'traceparent')).toBeUndefined();
    const later = aTraceparent('01');
    await told(world, createTenant({}, { traceparent: later.traceparent }), 'TenantCreated', 'UserCreated');
    await receiver.until(() => spans().find((one) => one.traceId === later.traceId));
    expect(spans().filter((one) => one.traceId === traceId)).toEqual([]);
  }));

const NOBODY = { tenantId: randomUUID(), name: 'N', address: '', email: '', phone: '' };

/** All that was exported. */
function spans(): readonly ExportedSpan[] {
  return receiver.requests.flatMap(({ path, body }) => (path === '/v1/traces' ? spansIn(body) : []));
}

function aTraceparent(flags: string) {
  const [traceId, spanId] = [randomBytes(16).toString('hex'), randomBytes(8).toString('hex')];
  return { traceparent: `00-${traceId}-${spanId}-${flags}`, traceId, spanId };
}

function fail(): never {
  throw new Error('no such answer');
}
