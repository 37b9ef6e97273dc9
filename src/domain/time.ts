import type { Change, DomainEvent } from './events.ts';
import { deactivated, replaced } from './license.ts';
import { licenseDeactivated, subdivisionState } from './subdivision-events.ts';
import { activeLicense, nextVersion, withLicenses, type Subdivision } from './subdivision.ts';

// Time passes with every message of a subdivision: what is due by then is applied first, in order of time, and told first. All that one
// message does to a subdivision, what was due included, is one version.

type Decide<Command> = (s: Subdivision, command: Command, now: number) => Change<Subdivision>;

/** By which time a message of this subdivision is decided: its own, but never behind what was applied already. */
export function timeOf(s: Subdivision, now: number): number {
  return s.settledAt !== null && s.settledAt > now ? s.settledAt : now;
}

/**
 * Makes the rule of a command apply what is due before it, and what it has itself made due after it. The rule gets the version of the
 * message and the time to decide by. What it throws leaves no trace of either.
 */
export function inTime<Command>(decide: Decide<Command>): Decide<Command> {
  return (s, command, now) => {
    const at = timeOf(s, now);
    const settled = settle(nextVersion(s), at, at);
    const decided = decide(settled.state, command, at);
    const after = settle(decided.state, at, at);
    return { state: after.state, events: [...settled.events, ...decided.events, ...after.events] };
  };
}

/** AdvanceSubdivision: the message that comes when no other does. @returns undefined when nothing is due */
export function advance(s: Subdivision, now: number): Change<Subdivision> | undefined {
  if (s.due === null || s.due.at > now) return undefined;
  return settle(nextVersion(s), now, timeOf(s, now));
}

/**
 * Applies what is due, in order of time, whichever license it concerns. The version stays.
 * @param upTo what is due at this time or before
 * @param occurredAt the time of the message with which it is told
 */
export function settle(s: Subdivision, upTo: number, occurredAt: number): Change<Subdivision> {
  const events: DomainEvent[] = [];
  let state = s;
  while (state.due !== null && state.due.at <= upTo) {
    const { at } = state.due;
    const step = expired(state, at, occurredAt);
    state = { ...step.state, settledAt: at };
    events.push(...step.events);
  }
  return { state, events };
}

function expired(s: Subdivision, at: number, occurredAt: number): Change<Subdivision> {
  const license = activeLicense(s);
  if (license === undefined) throw new Error(`nothing of subdivision ${s.subdivisionId} ends at ${at}`);
  const ended = deactivated(license, at, 'expired');
  const state = withLicenses(s, replaced(s.licenses, ended), null);
  return {
    state,
    events: [
      licenseDeactivated(state, ended, 'expired', occurredAt, at),
      { type: 'licensing.events.SubdivisionLicenseExpired', data: subdivisionState(state, occurredAt) },
    ],
  };
}
