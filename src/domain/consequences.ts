import type { Change, DomainEvent } from './events.ts';
import { allowsOverage, deactivated, isExhausted, isOver, replaced, withProgress, type License } from './license.ts';
import { licenseDeactivated, licenseState, subdivisionState } from './subdivision-events.ts';
import { withLicenses, type Subdivision } from './subdivision.ts';

/**
 * What follows when the usage, the limit or the terms of a license have changed: thresholds that are reached or no longer are, the overage,
 * and the end at the hard limit. Told by comparing what was with what is, so nothing is told twice, and nothing missed.
 * @param s holds `license` as it is now, with the version of the message
 * @param before the same license before the change
 */
export function consequences(s: Subdivision, before: License, license: License, at: number): Change<Subdivision> {
  const events: DomainEvent[] = [];
  let [state, now] = [s, license];

  const [reachedBefore, reachedNow] = [reachedMarks(before), reachedMarks(license)];
  const marks = license.terms.usageThresholds ?? [];
  const reached = reachedNow.filter((mark) => !reachedBefore.includes(mark));
  const cleared = reachedBefore.filter((mark) => marks.includes(mark) && !reachedNow.includes(mark));
  if (reached.length > 0) events.push(told('licensing.events.LicenseThresholdReached', state, now, reached, at));
  if (cleared.length > 0) events.push(told('licensing.events.LicenseThresholdCleared', state, now, cleared, at));

  if (now.status === 'active' && allowsOverage(now) && isOver(now) && !now.progress.overageTold) {
    now = withProgress(now, { overageTold: true });
    state = withLicenses(state, replaced(state.licenses, now), state.activeLicenseId);
    events.push({ type: 'licensing.events.LicenseOverageStarted', data: licenseState(state, now, at) });
  }

  if (now.status === 'active' && isExhausted(now)) {
    now = deactivated(now, at, 'exhausted');
    state = withLicenses(state, replaced(state.licenses, now), null);
    events.push(licenseDeactivated(state, now, 'exhausted', at), {
      type: 'licensing.events.SubdivisionLicenseExpired',
      data: subdivisionState(state, at),
    });
  }
  return { state, events };
}

/** Whether anything can follow from one more row of this license. */
export function hasMarks({ terms }: License): boolean {
  return terms.usageThresholds !== null || terms.overage !== null;
}

function reachedMarks({ terms, requestsLimit, usedRequests }: License): readonly number[] {
  if (terms.usageThresholds === null || requestsLimit === null) return [];
  return terms.usageThresholds.filter((percent) => usedRequests >= (percent * requestsLimit) / 100);
}

function told(
  type: 'licensing.events.LicenseThresholdReached' | 'licensing.events.LicenseThresholdCleared',
  s: Subdivision,
  license: License,
  thresholds: readonly number[],
  at: number,
): DomainEvent {
  return { type, data: { ...licenseState(s, license, at), thresholds } };
}
