import { currentOf, hardLimitOf, isUsedUp, newCount, openCount, passPeriods, periodAt } from './counts.ts';
import { Refused, type Fields } from './fields.ts';
import { activeOf, finder, type Rule } from './rules-subdivision.ts';
import { pair, type Happening, type License, type State, type Subdivision } from './state.ts';
import { judgeAlone, judgeTerms, readTerms } from './terms.ts';
import { activate, change, start, waitsForPeriod } from './time.ts';
import { deactivate, hasEnded, ofLicense } from './told.ts';
import { marksOf, usageChanged } from './usage.ts';

// The contract's rules for licenses.

const THIRTY_DAYS = 30 * 24 * 60 * 60 * 1_000;

export const LICENSE_RULES = {
  CreateLicense(state, fields, time) {
    const find = finder(state, fields, time);
    const licenseId = fields.id('licenseId');
    const named = { name: fields.name(), description: fields.text('description') };
    const type = fields.oneOf('type', 'bycount', 'bytime');
    const requestsLimit = type === 'bycount' ? fields.number('requestsLimit', 1, 1e12) : null;
    if (requestsLimit === null && !fields.isNull('requestsLimit')) fields.refuse('requestsLimit');
    const given = fields.optionalTime('expiresAt');
    const terms = readTerms(fields);
    const expiresAtBy = (now: number): number | null =>
      given ?? (type === 'bytime' ? Math.max(now, terms.startsAt ?? now) + THIRTY_DAYS : null);
    judgeTerms(fields, { type, requestsLimit, expiresAt: expiresAtBy(time), terms });
    if (given !== null && given <= time) fields.refuse('expiresAt');
    return change(state, find(), (subdivision, now) => {
      // The subdivision's own time may be later than the message's.
      if (given !== null && given <= now) fields.refuse('expiresAt');
      const { tenantId, subdivisionId } = subdivision;
      if (state.licenseIds.has(pair(tenantId, licenseId))) throw new Refused('LicenseAlreadyExists');
      const license: License = {
        ...{ licenseId, ...named, type, status: 'inactive', requestsLimit, createdAt: now },
        ...{ expiresAt: expiresAtBy(now), activatedAt: null, deactivatedAt: null, terms, termsVersion: 1 },
        ...{ scheduled: false, startedByTime: false, inGrace: false, noticedMs: null, endedBy: null },
        counts: [newCount()],
      };
      state.licenseIds.set(pair(tenantId, licenseId), { tenantId, licenseId, subdivisionId });
      subdivision.licenses.set(licenseId, license);
      return [ofLicense('LicenseCreated', subdivision, license, { now })];
    });
  },

  UpdateLicense(state, fields, time) {
    const decide = licenseRule(state, fields, time);
    const named = { name: fields.name(), description: fields.text('description') };
    return decide((subdivision, license, now) => {
      Object.assign(license, named);
      return [ofLicense('LicenseUpdated', subdivision, license, { now })];
    });
  },

  DeleteLicense(state, fields, time) {
    return licenseRule(
      state,
      fields,
      time,
    )((subdivision, license, now) => {
      const before = license.status === 'active' ? [deactivate(subdivision, license, 'deleted', { now })] : [];
      subdivision.licenses.delete(license.licenseId);
      return [...before, ofLicense('LicenseDeleted', subdivision, license, { now })];
    });
  },

  ActivateSubdivisionLicense(state, fields, time) {
    return licenseRule(
      state,
      fields,
      time,
    )((subdivision, license, now) => {
      rejectActivation(subdivision, license, now);
      // Also by a booking.
      subdivision.suspended = false;
      return [activateOrBook(subdivision, license, now)];
    });
  },

  DeactivateSubdivisionLicense(state, fields, time) {
    return licenseRule(
      state,
      fields,
      time,
    )((subdivision, license, now) => {
      const comesBack = waitsForPeriod(license) && !hasEnded(license, now);
      if (license.status === 'inactive' && !license.scheduled && !comesBack) throw new Refused('LicenseInactive');
      return [deactivate(subdivision, license, 'command', { now })];
    });
  },

  RenewLicense(state, fields, time) {
    const decide = licenseRule(state, fields, time);
    const expiresAt = fields.optionalTime('expiresAt');
    const limit = fields.isNull('requestsLimit') ? null : fields.number('requestsLimit', 1, 1e12);
    const [resetUsage, alsoActivate] = [fields.flag('resetUsage'), fields.flag('activate')];
    const expected = optionalVersion(fields);
    return decide((subdivision, license, now) => {
      if (limit !== null && license.requestsLimit === null) fields.refuse('requestsLimit');
      if (expiresAt !== null && expiresAt <= (license.terms.startsAt ?? -1)) fields.refuse('expiresAt');
      if (expected !== null && expected !== license.termsVersion) throw new Refused('LicenseChanged');
      const moved = expiresAt !== null && expiresAt !== license.expiresAt;
      if (moved && (expiresAt <= now || expiresAt <= (license.expiresAt ?? now))) throw new Refused('ExpiryNotLater');
      const before = marksOf(license);
      if (resetUsage) openCount(license, now, currentOf(license).periodStartsAt);
      if (limit !== null) license.requestsLimit = limit;
      if (isUsedUp(license)) throw new Refused('LimitBelowUsage');
      if (moved) moveExpiry(license, expiresAt, now);
      if (alsoActivate) rejectActivation(subdivision, license, now);
      license.termsVersion += 1;
      return [
        ofLicense('LicenseRenewed', subdivision, license, { now }),
        ...usageChanged(subdivision, license, before, { now }),
        ...(alsoActivate ? [activateOrBook(subdivision, license, now)] : []),
      ];
    });
  },

  ChangeLicenseTerms(state, fields, time) {
    const decide = licenseRule(state, fields, time);
    const limit = fields.isNull('requestsLimit') ? null : fields.number('requestsLimit', 1, 1e12);
    const expiresAt = fields.optionalTime('expiresAt');
    const terms = readTerms(fields);
    const whenBelowUsage = fields.oneOf('whenBelowUsage', 'reject', 'exhaust');
    const expected = optionalVersion(fields);
    judgeAlone(fields, { expiresAt, terms });
    return decide((subdivision, license, now) => {
      const { type } = license;
      const requestsLimit = limit ?? license.requestsLimit;
      if (limit !== null && type === 'bytime') fields.refuse('requestsLimit');
      if (expiresAt === null && type === 'bytime') fields.refuse('expiresAt');
      const kept = license.status === 'active' ? license.terms.startsAt : terms.startsAt;
      judgeTerms(fields, { type, requestsLimit, expiresAt, terms: { ...terms, startsAt: kept } });
      if (expected !== null && expected !== license.termsVersion) throw new Refused('LicenseChanged');
      const moved = expiresAt !== license.expiresAt;
      if (moved && expiresAt !== null && expiresAt <= now) throw new Refused('ExpiryNotLater');
      const { usedRequests } = currentOf(license);
      const isBelow = usedRequests >= hardLimitOf({ requestsLimit, terms });
      if (whenBelowUsage === 'reject' && isBelow) throw new Refused('LimitBelowUsage');
      const before = marksOf(license);
      const { period, periodAnchor } = license.terms;
      license.terms = { ...terms, startsAt: kept };
      license.requestsLimit = requestsLimit;
      if (moved) moveExpiry(license, expiresAt, now);
      if (terms.period !== period || terms.periodAnchor !== periodAnchor) {
        currentOf(license).periodStartsAt = periodAt(license, now);
      }
      license.termsVersion += 1;
      const changed = [
        ofLicense('LicenseTermsChanged', subdivision, license, { now }),
        ...usageChanged(subdivision, license, before, { now }),
      ];
      // A booking whose start was taken away, or moved to a time that has passed, begins with the command and not before it.
      if (!license.scheduled || isAhead(license, now)) return changed;
      return [...changed, ...start(subdivision, license, { now, due: now })];
    });
  },
} as const satisfies Readonly<Record<string, Rule>>;

type Decision = (subdivision: Subdivision, license: License, now: number) => readonly Happening[];

/** Reads the ids at once. Subdivision and license are looked for once all other fields are read, too. */
function licenseRule(state: State, fields: Fields, time: number): (decide: Decision) => readonly Happening[] {
  const find = finder(state, fields, time);
  const licenseId = fields.id('licenseId');
  return (decide) =>
    change(state, find(), (subdivision, now) => {
      const license = subdivision.licenses.get(licenseId);
      if (license === undefined) throw new Refused('LicenseNotFound');
      passPeriods(license, now);
      return decide(subdivision, license, now);
    });
}

function isAhead({ terms }: License, now: number): boolean {
  return terms.startsAt !== null && now < terms.startsAt;
}

function rejectActivation(subdivision: Subdivision, license: License, now: number): void {
  if (license.status === 'active') throw new Refused('LicenseAlreadyActive');
  if (license.scheduled) throw new Refused('LicenseAlreadyScheduled');
  if (!isAhead(license, now) && activeOf(subdivision) !== undefined) throw new Refused('SubdivisionHasActiveLicense');
  if (hasEnded(license, now)) throw new Refused('LicenseExpired');
  if (isUsedUp(license)) throw new Refused('LicenseExhausted');
}

function activateOrBook(subdivision: Subdivision, license: License, now: number): Happening {
  if (!isAhead(license, now)) return activate(subdivision, license, { now });
  license.scheduled = true;
  return ofLicense('LicenseScheduled', subdivision, license, { now });
}

/** Another end has notices of its own, and may lie ahead of what had become grace. */
function moveExpiry(license: License, expiresAt: number | null, now: number): void {
  license.expiresAt = expiresAt;
  license.noticedMs = null;
  if (expiresAt === null || expiresAt > now) license.inGrace = false;
}

function optionalVersion(fields: Fields): number | null {
  return fields.isNull('expectedTermsVersion')
    ? null
    : fields.number('expectedTermsVersion', Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
}
