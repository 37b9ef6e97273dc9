import { randomUUID } from 'node:crypto';
import { command } from '../support/load.ts';
import { otlpReceiver, type OtlpReceiver } from '../support/otlp/receiver.ts';
import type { Point } from '../support/otlp/metrics.ts';
import { theWorld } from '../support/world-of-tests.ts';
import { createTenant, PLACE, refused, told } from './given.ts';

const world = theWorld({ workers: 0 });

/** Nothing listens there. */
const NOWHERE = 'http://127.0.0.1:1';

function exportingTo(url: string) {
  return { OTEL_EXPORTER_OTLP_ENDPOINT: url, OTEL_METRIC_EXPORT_INTERVAL: '500', OTEL_SERVICE_NAME: 'licences-of-eu' };
}

/** The value of the first point that has these attributes, as the last export tells it. */
function valueOf(points: readonly Point[], metric: string, attributes: Point['attributes'] = {}): number | undefined {
  return points.find(
    (point) =>
      point.metric === metric && Object.entries(attributes).every(([name, value]) => point.attributes[name] === value),
  )?.value;
}

const exported = (receiver: OtlpReceiver, metric: string, attributes: Point['attributes'], value: number) =>
  receiver.until(({ points }) => (valueOf(points, metric, attributes) === value ? points : undefined));

test('what becomes of messages, of the database and of the lag is exported', () =>
  world.guard(async () => {
    await using receiver = await otlpReceiver();
    const worker = await world.startWorker(exportingTo(receiver.url));
    const tenant = createTenant();
    const { tenantId } = tenant.data;
    await told(world, tenant, 'TenantCreated', 'UserCreated');
    await refused(world, command('UpdateSubdivision', { tenantId, subdivisionId: randomUUID(), ...PLACE }));
    await world.send([{ topic: 'commands', key: tenantId, value: Buffer.from('no frame'), headers: {} }]);
    const [accepted, rejected] = ['licensing.commands.CreateTenant', 'licensing.commands.UpdateSubdivision'];
    await exported(receiver, 'licensing.answers', { outcome: 'accepted', type: accepted }, 1);
    await exported(receiver, 'licensing.answers', { outcome: 'rejected', type: rejected }, 1);
    await exported(receiver, 'licensing.rejections', { code: 'SubdivisionNotFound', type: rejected }, 1);
    await exported(receiver, 'licensing.answers', { outcome: 'dead', type: 'unreadable' }, 1);
    await exported(receiver, 'licensing.decode.failures', { reason: 'UndecodableMessage' }, 1);
    await exported(receiver, 'licensing.dead_letters.open', { reason: 'UndecodableMessage' }, 1);
    await exported(receiver, 'licensing.parked_keys.open', {}, 0);
    await world.settled();
    const destination = { 'messaging.destination.name': world.topics.commands };
    const points = await receiver.until(({ points: last }) => {
      const lags = last.filter(({ metric }) => metric === 'licensing.consumer.lag');
      return lags.length > 0 && lags.every(({ value }) => value === 0) ? last : undefined;
    });
    expect(
      valueOf(points, 'messaging.client.sent.messages', { 'messaging.destination.name': world.topics.events }),
    ).toBe(2);
    const read = points.filter(
      ({ metric, attributes }) =>
        metric === 'messaging.client.consumed.messages' &&
        attributes['messaging.destination.name'] === destination['messaging.destination.name'],
    );
    expect(read.reduce((sum, { value }) => sum + value, 0)).toBe(3);
    const steps = points.filter(({ metric }) => metric === 'licensing.chunk.duration');
    expect(steps.map(({ attributes }) => attributes['step']).toSorted()).toEqual([
      'begin',
      'commit',
      'decide',
      'flush',
      'publish',
      'read',
    ]);
    for (const metric of ['nodejs.eventloop.delay.p99', 'process.memory.usage', 'licensing.lane.queue']) {
      expect(valueOf(points, metric)).toBeDefined();
    }
    expect(points[0]?.resource).toMatchObject({ 'service.name': 'licences-of-eu' });
    await worker.stop();
  }));

test('a worker whose collector is away works on, says so once, and stops in time', () =>
  world.guard(async () => {
    const worker = await world.startWorker(exportingTo(NOWHERE));
    await worker.logs('metrics can not be exported');
    await told(world, createTenant(), 'TenantCreated', 'UserCreated');
    await worker.stop();
    expect(worker.log.match(/metrics can not be exported/g)).toHaveLength(1);
  }));
