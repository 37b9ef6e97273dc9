import { currentOf, isUsedUp } from './counts.ts';
import type { Happening, License, Subdivision } from './state.ts';
import { deactivate, ofLicense, ofSubdivision, type Moment } from './told.ts';

// What follows when usage, limit or thresholds of a license have changed.

/** The thresholds of a license, each with whether its current usage reaches it. */
export type Marks = ReadonlyMap<number, boolean>;

export function marksOf(license: License): Marks {
  const { usedRequests } = currentOf(license);
  const { requestsLimit, terms } = license;
  return new Map(
    (terms.usageThresholds ?? []).map((percent) => [
      percent,
      requestsLimit !== null && usedRequests * 100 >= percent * requestsLimit,
    ]),
  );
}

/** @param before the marks before the change */
export function usageChanged(
  subdivision: Subdivision,
  license: License,
  before: Marks,
  moment: Moment,
): readonly Happening[] {
  const after = [...marksOf(license)];
  const events: Happening[] = [];
  const tell = (name: string, thresholds: readonly number[]): void => {
    if (thresholds.length > 0) events.push(ofLicense(name, subdivision, license, moment, { thresholds }));
  };
  const was = (percent: number): boolean => before.get(percent) === true;
  tell(
    'LicenseThresholdReached',
    after.flatMap(([percent, is]) => (is && !was(percent) ? [percent] : [])),
  );
  tell(
    'LicenseThresholdCleared',
    after.flatMap(([percent, is]) => (!is && was(percent) ? [percent] : [])),
  );
  if (license.status === 'inactive') return events;
  const count = currentOf(license);
  const { requestsLimit, terms } = license;
  const goesOn = terms.overage === 'percent' || terms.overage === 'unlimited';
  if (goesOn && !count.overageTold && requestsLimit !== null && count.usedRequests >= requestsLimit) {
    count.overageTold = true;
    events.push(ofLicense('LicenseOverageStarted', subdivision, license, moment));
  }
  if (isUsedUp(license)) {
    events.push(deactivate(subdivision, license, 'exhausted', moment));
    events.push(ofSubdivision('SubdivisionLicenseExpired', subdivision, moment));
  }
  return events;
}
