// Reads entitlements in a process of its own, by our TypeScript client, and asks it for many of them.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Entitlements } from '../clients/typescript/src/index.ts';
import { readConfig } from '../src/config.ts';
import { orderOf, tell } from './child.ts';

export interface ReadOrder {
  readonly topic: string;
  readonly subdivisions: number;
  /** Tenant and subdivision of some of them. */
  readonly asked: readonly (readonly [tenantId: string, subdivisionId: string])[];
}

export interface Read {
  /** From the constructor on. */
  readonly readySeconds: number;
  /** By how many bytes heap and buffers have grown, after a collection. */
  readonly bytes: number;
  readonly rss: number;
  readonly microsecondsACheck: number;
}

const ROUNDS = 100;
setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

const { topic, subdivisions, asked } = await orderOf<ReadOrder>();
const { kafkaBrokers, schemaRegistryUrls } = readConfig(process.env);
await tell({ ready: true });
const before = held();
let begun = performance.now();
const entitlements = new Entitlements({
  kafka: { brokers: [...kafkaBrokers] },
  registry: { url: schemaRegistryUrls[0] ?? '' },
  topic,
  offlineGraceMs: 60 * 60 * 1_000,
});
await entitlements.ready;
const readySeconds = (performance.now() - begun) / 1_000;
if (entitlements.size !== subdivisions) throw new Error(`${entitlements.size} subdivisions are known`);
const { rss } = process.memoryUsage();
const bytes = held() - before;
begun = performance.now();
let allowed = 0;
for (let round = 0; round < ROUNDS; round += 1) {
  for (const [tenantId, subdivisionId] of asked) if (entitlements.check(tenantId, subdivisionId).allowed) allowed += 1;
}
const microsecondsACheck = ((performance.now() - begun) * 1_000) / (ROUNDS * asked.length);
if (allowed !== ROUNDS * asked.length) throw new Error(`${allowed} checks allow`);
await entitlements.close();
await tell({ readySeconds, bytes, rss, microsecondsACheck } satisfies Read);
process.exit(0);

function held(): number {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
