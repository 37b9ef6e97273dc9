import type { WireRecord } from '../support/collect.ts';
import { until } from '../support/world-until.ts';
import type { World } from '../support/world.ts';
import { at, compareFields, show, type Differ } from './compare.ts';
import { currentOf } from './counts.ts';
import { entitlementOf } from './entitlement.ts';
import type { Model } from './model.ts';
import type { Subdivision } from './state.ts';

const SHOWN = 5;
/** Longer than a claim of a worker that is dead. */
const SETTLES_WITHIN_MS = 40_000;

/**
 * Waits until the last record of each key of the entitlements topic says what the model says of its subdivision: what a reader finds who begins
 * now, also when the topic is compacted. Of a deleted one it is a tombstone.
 * @param epoch the least that each record has to be of
 * @throws an Error with the first differences that have stayed
 */
export async function checkEntitlements(world: World, model: Model, epoch = 0): Promise<void> {
  let differences: readonly string[] = [];
  const settled = async (): Promise<boolean> => {
    await world.collector.caughtUp([world.topics.entitlements]);
    differences = differencesOf(world, model, epoch);
    return differences.length === 0;
  };
  await until(
    'the entitlements are those of the model',
    settled,
    SETTLES_WITHIN_MS,
    () => `(${differences.length} differ)\n${differences.slice(0, SHOWN).join('\n')}`,
  );
}

function differencesOf({ collector, topics }: World, { state }: Model, epoch: number): readonly string[] {
  const differences: string[] = [];
  const differ = (what: string): void => void differences.push(what);
  const records = collector.records(topics.entitlements);
  const last = new Map(records.map((record) => [record.key?.toString() ?? '', record]));
  for (const [key, subdivision] of state.subdivisions) {
    const record = last.get(key);
    if (record === undefined) differ(`there is no entitlement of ${key}`);
    else compare(record, subdivision, epoch, differ);
  }
  for (const [key, record] of last) {
    if (state.subdivisions.has(key)) continue;
    if (!state.deadSubdivisions.has(key)) differ(`${at(record)} is of ${key}, which there never was`);
    else if (record.value !== null) differ(`${at(record)} is of ${key}, which is deleted, and no tombstone`);
  }
  return differences;
}

function compare(record: WireRecord, subdivision: Subdivision, least: number, differ: Differ): void {
  const what = `the entitlement ${at(record)}`;
  const { epoch, version, usedRequests, issuedAt, ...decision } = record.decoded?.data ?? {};
  compareFields(what, entitlementOf(subdivision, Number(issuedAt)), decision, differ);
  if (!(Number(epoch) >= least)) differ(`${what} is of epoch ${show(epoch)}, expected ${least} or later`);
  // Usage alone brings no record, so the last one may be older.
  if (!(Number(version) <= subdivision.version))
    differ(`${what} is of version ${show(version)}, which is still to come`);
  if (version === subdivision.version && usedRequests !== usedOf(subdivision, decision['licenseId'])) {
    differ(`${what} tells ${show(usedRequests)} used requests`);
  }
}

function usedOf({ licenses }: Subdivision, licenseId: unknown): number {
  const license = licenses.get(String(licenseId));
  return license === undefined ? 0 : currentOf(license).usedRequests;
}
