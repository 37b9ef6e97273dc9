import { pair, type Happening, type State, type Subdivision } from './state.ts';
import { deactivate, ofSubdivision, type Moment } from './told.ts';

// What time does to a subdivision, and how each of its messages comes to it.

/** What is due in a subdivision at a time, in milliseconds since the epoch. */
export interface Due {
  readonly at: number;
  readonly happen: (moment: Moment) => readonly Happening[];
}

/** The earliest thing that is due in a subdivision, however late it is. */
export function nextDue(subdivision: Subdivision): Due | undefined {
  const active = subdivision.licenses.get(subdivision.activeLicenseId ?? '');
  if (active === undefined || active.expiresAt === null) return undefined;
  return {
    at: active.expiresAt,
    happen: (moment) => [
      deactivate(subdivision, active, 'expired', moment),
      ofSubdivision('SubdivisionLicenseExpired', subdivision, moment),
    ],
  };
}

/** A copy of a subdivision in which time has passed. It takes the place of the original unless its message is refused. */
export interface Settled {
  readonly subdivision: Subdivision;
  /** The message's time in this subdivision. */
  readonly now: number;
  readonly events: readonly Happening[];
}

/**
 * Applies to a copy what is due in it. What is due has the version of the message that finds it so.
 * @param now the message's own time
 * @param upTo a row is older than its message, and applies only what was due when it was created
 */
export function settled(before: Subdivision, now: number, upTo = Number.POSITIVE_INFINITY): Settled {
  const subdivision = structuredClone(before);
  subdivision.version += 1;
  const time = Math.max(now, before.settledAt ?? now);
  const end = Math.min(upTo, time);
  const events: Happening[] = [];
  for (let due = nextDue(subdivision); due !== undefined && due.at <= end; due = nextDue(subdivision)) {
    subdivision.settledAt = Math.max(due.at, subdivision.settledAt ?? due.at);
    events.push(...due.happen({ now: time, due: due.at }));
  }
  return { subdivision, now: time, events };
}

/** Lets a message change a subdivision in which time has passed before. A message that is refused leaves it as it was. */
export function change(
  state: State,
  { subdivision, now, events }: Settled,
  decide: (subdivision: Subdivision, now: number) => readonly Happening[],
): readonly Happening[] {
  const own = decide(subdivision, now);
  state.subdivisions.set(pair(subdivision.tenantId, subdivision.subdivisionId), subdivision);
  return [...events, ...own];
}
