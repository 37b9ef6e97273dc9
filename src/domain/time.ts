import { caughtUp, DEFAULT_WINDOWS, withNextPeriod, type Windows } from './counts.ts';
import { DueSteps, type DueStep } from './due.ts';
import type { Change, DomainEvent } from './events.ts';
import { activated, deactivated, hasExpired, isExhausted, replaced, withProgress, type License } from './license.ts';
import { licenseDeactivated, licenseState, subdivisionState } from './subdivision-events.ts';
import { activeLicense, nextVersion, withLicenses, withStep, type Subdivision } from './subdivision.ts';

// Time passes with every message of a subdivision: what is due by then is applied first, in order of time, and told first. All that one
// message does to a subdivision, what was due included, is one version.

type Decide<Command> = (s: Subdivision, command: Command, now: number, windows: Windows) => Change<Subdivision>;

/** By which time a message of this subdivision is decided: its own, but never behind what was applied already. */
export function timeOf(s: Subdivision, now: number): number {
  return s.settledAt !== null && s.settledAt > now ? s.settledAt : now;
}

/**
 * Makes the rule of a command apply what is due before it, and what it has itself made due after it. The rule gets the version of the
 * message and the time to decide by. What it throws leaves no trace of either.
 */
export function inTime<Command>(
  decide: Decide<Command>,
): (s: Subdivision, command: Command, now: number, windows?: Windows) => Change<Subdivision> {
  return (s, command, now, windows = DEFAULT_WINDOWS) => {
    const at = timeOf(s, now);
    const settled = settle(nextVersion(s), at, at, windows);
    const decided = follow(settled, (state) => decide(state, command, at, windows));
    return follow(decided, (state) => settle(state, at, at, windows));
  };
}

/** Whether time changes nothing until then: what `settle` would leave as it is. */
export function isSettled({ due, idlePeriodEndsAt }: Subdivision, upTo: number): boolean {
  return (due === null || due.at > upTo) && (idlePeriodEndsAt === null || idlePeriodEndsAt > upTo);
}

/** One change and the next, which goes on from it. */
export function follow(
  { state, events }: Change<Subdivision>,
  next: (s: Subdivision) => Change<Subdivision>,
): Change<Subdivision> {
  const change = next(state);
  return { state: change.state, events: [...events, ...change.events] };
}

/** AdvanceSubdivision: the message that comes when no other does. @returns undefined when nothing is due */
export function advance(
  s: Subdivision,
  now: number,
  windows: Windows = DEFAULT_WINDOWS,
): Change<Subdivision> | undefined {
  if (s.due === null || s.due.at > now) return undefined;
  return settle(nextVersion(s), now, timeOf(s, now), windows);
}

/**
 * Applies what is due, in order of time, whichever license it concerns. The version stays.
 * @param upTo what is due at this time or before
 * @param occurredAt the time of the message with which it is told
 */
export function settle(
  s: Subdivision,
  upTo: number,
  occurredAt: number,
  windows: Windows = DEFAULT_WINDOWS,
): Change<Subdivision> {
  if (s.due === null || s.due.at > upTo) return { state: withoutTelling(s, upTo, windows), events: [] };
  const events: DomainEvent[] = [];
  const steps = new DueSteps(upTo);
  let state = s;
  for (let step = steps.first(state.licenses); step !== undefined; step = steps.first(state.licenses)) {
    const applied = apply(state, step, occurredAt, windows);
    state = { ...applied.state, settledAt: Math.max(step.at, state.settledAt ?? step.at) };
    events.push(...applied.events);
  }
  return { state: withoutTelling(withLicenses(state, state.licenses, state.activeLicenseId), upTo, windows), events };
}

function apply(s: Subdivision, step: DueStep, occurredAt: number, windows: Windows): Change<Subdivision> {
  switch (step.kind) {
    case 'end':
      return end(s, step.license, step.at, occurredAt);
    case 'grace':
      return tell(s, withProgress(step.license, { inGrace: true }), (state, license) => ({
        type: 'licensing.events.LicenseGraceStarted',
        data: licenseState(state, license, occurredAt, step.at),
      }));
    case 'notice':
      return tell(s, withProgress(step.license, { noticedMs: step.noticeMs }), (state, license) => ({
        type: 'licensing.events.LicenseExpiringSoon',
        data: { ...licenseState(state, license, occurredAt, step.at), noticeMs: step.noticeMs },
      }));
    case 'period':
      return nextPeriod(s, step.license, step.at, occurredAt, windows);
    case 'start':
      return startStep(s, step.license, step.at, occurredAt, windows);
  }
}

function tell(
  s: Subdivision,
  license: License,
  event: (state: Subdivision, license: License) => DomainEvent,
): Change<Subdivision> {
  const state = withStep(s, replaced(s.licenses, license), s.activeLicenseId);
  return { state, events: [event(state, license)] };
}

function end(s: Subdivision, license: License, at: number, occurredAt: number): Change<Subdivision> {
  const ended = deactivated(license, at, 'expired');
  const state = withStep(s, replaced(s.licenses, ended), null);
  return {
    state,
    events: [
      licenseDeactivated(state, ended, 'expired', occurredAt, at),
      { type: 'licensing.events.SubdivisionLicenseExpired', data: subdivisionState(state, occurredAt) },
    ],
  };
}

/** What exhaustion has ended comes back with the next period, if nothing else is active and it has not expired. */
function nextPeriod(
  s: Subdivision,
  license: License,
  at: number,
  occurredAt: number,
  windows: Windows,
): Change<Subdivision> {
  const next = withNextPeriod(license, windows);
  const state = withStep(s, replaced(s.licenses, next), s.activeLicenseId);
  const events: DomainEvent[] = [
    {
      type: 'licensing.events.LicensePeriodStarted',
      data: {
        ...licenseState(state, next, occurredAt, at),
        closedPeriodStartsAt: license.progress.periodStartsAt ?? at,
        closedUsedRequests: license.usedRequests,
      },
    },
  ];
  if (license.status === 'active' || state.activeLicenseId !== null || hasExpired(license, at))
    return { state, events };
  return follow({ state, events }, (ended) => begin(ended, next, at, occurredAt));
}

/**
 * A booked license begins. One that is in grace makes room for it; any other active one does not. Nor does it begin with nothing left.
 * @param at when it begins
 */
export function start(
  s: Subdivision,
  license: License,
  at: number,
  occurredAt: number,
  windows: Windows,
): Change<Subdivision> {
  const { state, events } = startStep(s, license, at, occurredAt, windows);
  return { state: withLicenses(state, state.licenses, state.activeLicenseId), events };
}

function startStep(
  s: Subdivision,
  license: License,
  at: number,
  occurredAt: number,
  windows: Windows,
): Change<Subdivision> {
  const active = activeLicense(s);
  const booked = caughtUp(license, at, windows);
  if (active?.progress.inGrace === false || isExhausted(booked)) {
    return tell(s, withProgress(booked, { scheduled: false }), (state, blocked) => ({
      type: 'licensing.events.LicenseStartBlocked',
      data: licenseState(state, blocked, occurredAt, at),
    }));
  }
  if (active === undefined) return begin(s, booked, at, occurredAt);
  return follow(end(s, active, at, occurredAt), (free) => begin(free, booked, at, occurredAt));
}

/** By time: a suspension stays. @param license its periods have come as far as `at` */
function begin(s: Subdivision, license: License, at: number, occurredAt: number): Change<Subdivision> {
  const begun = activated(license, at, true);
  const state = withStep(s, replaced(s.licenses, begun), begun.licenseId);
  return {
    state,
    events: [{ type: 'licensing.events.LicenseActivated', data: licenseState(state, begun, occurredAt, at) }],
  };
}

/** The periods of inactive licenses go on, and nobody is told. */
function withoutTelling(s: Subdivision, upTo: number, windows: Windows): Subdivision {
  if (s.idlePeriodEndsAt === null || s.idlePeriodEndsAt > upTo) return s;
  const licenses = s.licenses.map((license) =>
    license.status === 'inactive' && license.terms.period !== null ? caughtUp(license, upTo, windows) : license,
  );
  return licenses.every((license, i) => license === s.licenses[i]) ? s : withLicenses(s, licenses, s.activeLicenseId);
}
