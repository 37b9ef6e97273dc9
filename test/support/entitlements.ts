import type { Entitlements } from '../../src/ports/entitlements.ts';
import type { EntitlementSettings } from '../../src/worker/entitlements.ts';

/** Nothing is ever owed. */
export const NO_ENTITLEMENTS: Entitlements = {
  claim: async () => ({ keys: [], oldestMs: 0, isFull: false }),
  read: async () => ({ subdivisions: [], epoch: 0, at: 0, leftMs: 0 }),
  published: async () => 0,
  release: async () => undefined,
  raiseEpoch: async () => undefined,
  publishedTo: async (partitions) => partitions,
  addMissing: async () => undefined,
};

/** So rarely that a test sees no more than one look. */
export const RARE_PUBLICATIONS: EntitlementSettings = {
  ...{ interval: 600_000, pause: 1, step: 10, claimMs: 600_000, repeatMs: 600_000, refreshMs: 600_000 },
  ...{ leftEvery: 600_000, fillStep: 10, tellEvery: 600_000 },
};
