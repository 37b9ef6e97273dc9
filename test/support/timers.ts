import type { Timers } from '../../src/ports/timers.ts';
import type { TimerSettings } from '../../src/worker/timers.ts';

/** Nothing is ever due. */
export const NO_TIMERS: Timers = {
  sweep: async () => undefined,
  due: async () => undefined,
  addMissing: async () => undefined,
};

/** So rarely that a test sees no more than one sweep. */
export const RARE_SWEEPS: TimerSettings = {
  ...{ interval: 600_000, pause: 1, inFlight: 10, resendMs: 600_000, step: 10, fillStep: 10, tellEvery: 600_000 },
};
