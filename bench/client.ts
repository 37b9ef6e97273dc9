// How much the reader of entitlements takes: the time until it is ready, its memory, and what a check costs. `npm run bench:client -- 100000`
import { randomUUID } from 'node:crypto';
import { cpus, totalmem } from 'node:os';
import type { OutgoingMessage } from '../src/ports/messages.ts';
import { startStack } from '../stack/stack.ts';
import { startChild } from './child.ts';
import type { Read, ReadOrder } from './read-entitlements.ts';
import { versionsOf } from './versions.ts';
import { World } from './world.ts';

const SIZES = [100_000, 1_000_000];
const PARTITIONS = 12;
const PER_TENANT = 100;
/** How many of them are asked for, again and again. */
const ASKED = 20_000;
const MB = 2 ** 20;
const DAY = 24 * 60 * 60 * 1_000;

const named = process.argv.slice(2).map(Number);
const stack = await startStack({ log: console.log });
process.once('SIGINT', () => void stack.stop().then(() => process.exit(130)));
try {
  const versions = Object.entries(await versionsOf(stack)).map(([name, version]) => `${name} ${version}`);
  console.log(
    `${cpus().length} cores of ${cpus()[0]?.model}, ${Math.round(totalmem() / 2 ** 30)} GB; ${versions.join(', ')}`,
  );
  for (const subdivisions of named.length > 0 ? named : SIZES) await measure(subdivisions);
} finally {
  await stack.stop();
}

async function measure(subdivisions: number): Promise<void> {
  const world = await World.create(stack, undefined, PARTITIONS);
  const asked: [string, string][] = [];
  await world.publish(records(world, subdivisions, asked));
  const topic = world.config.topics.entitlements;
  const order = { topic, subdivisions, asked } satisfies ReadOrder;
  const reader = await startChild<Read>('read-entitlements.ts', world.environment, order);
  const { readySeconds, bytes, rss, microsecondsACheck } = await reader.answer;
  console.log(
    `${subdivisions} subdivisions: ready after ${readySeconds.toFixed(1)} s, ` +
      `${Math.round(bytes / MB)} MB (${Math.round(bytes / subdivisions)} bytes each), RSS ${Math.round(rss / MB)} MB, ` +
      `${microsecondsACheck.toFixed(2)} us a check`,
  );
  await world.close();
}

/**
 * What the topic holds once it is compacted: a record for each subdivision, as the worker writes it.
 * @param asked gets the ids of some of them
 */
function* records({ cradle, config }: World, count: number, asked: [string, string][]): Generator<OutgoingMessage> {
  const topic = config.topics.entitlements;
  let tenantId = '';
  for (let i = 0; i < count; i += 1) {
    if (i % PER_TENANT === 0) tenantId = randomUUID();
    const [subdivisionId, licenseId, now] = [randomUUID(), randomUUID(), Date.now()];
    if (i % Math.ceil(count / ASKED) === 0) asked.push([tenantId, subdivisionId]);
    const data = {
      ...{ tenantId, subdivisionId, epoch: 0, version: 3 + (i % 50), allowed: true, reason: 'active', licenseId },
      ...{ phase: 'current', validFrom: now - DAY, validUntil: now + 30 * DAY, requestsLimit: 1_000, hardLimit: 1_100 },
      ...{ usedRequests: i % 1_000, periodEndsAt: now + DAY, issuedAt: now },
    };
    const id = `${subdivisionId}/0/${data.version}/${now}`;
    yield cradle.cloudEvents.write({
      ...{ topic, key: `${tenantId}/${subdivisionId}`, type: 'licensing.entitlements.Entitlement', data },
      ...{ id, sourceSuffix: '/entitlements', time: now, subject: subdivisionId },
      ...{ causationId: id, correlationId: id, traceparent: null },
    });
  }
}
