import type { Telemetry } from '../../src/ports/telemetry.ts';

/** A telemetry of which nobody hears but of what is given. */
export function silentTelemetry(heard: Partial<Telemetry> = {}): Telemetry {
  const silent = (): void => undefined;
  return {
    ...{ ended: silent, fetched: silent, chunk: silent, sent: silent },
    ...{
      count: silent,
      deadLetter: silent,
      misplaced: silent,
      userUnknown: silent,
      openLettersOfDeleted: silent,
      waiting: silent,
      waitEnded: silent,
    },
    ...{ reset: silent, healing: silent, level: silent, heldBack: silent, heldBackEnded: silent },
    ...{ timersBlocked: silent, timersLate: silent, entitlementsLate: silent },
    ...heard,
  };
}

/** Whoever waits, as told by a telemetry that only notes that. */
export function notingWaits(): { readonly waiting: () => readonly string[]; readonly telemetry: Partial<Telemetry> } {
  const waiters = new Map<unknown, string>();
  return {
    waiting: () => [...waiters.values()],
    telemetry: {
      waiting: (what, _, waiter) => void waiters.set(waiter ?? what, what),
      waitEnded: (what, waiter) => void waiters.delete(waiter ?? what),
    },
  };
}
