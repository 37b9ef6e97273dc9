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
