import { Refused, type Fields } from './fields.ts';
import { activeOf, finder, type Rule } from './rules-subdivision.ts';
import { pair, type Happening, type License, type State, type Subdivision } from './state.ts';
import { change } from './time.ts';
import { deactivate, hasEnded, isUsedUp, ofLicense } from './told.ts';

// The contract's rules for licenses.

const THIRTY_DAYS = 30 * 24 * 60 * 60 * 1_000;

export const LICENSE_RULES = {
  CreateLicense(state, fields, time) {
    const find = finder(state, fields, time);
    const licenseId = fields.id('licenseId');
    const named = { name: fields.name(), description: fields.text('description') };
    const type = fields.oneOf('type', 'bycount', 'bytime');
    const byCount = type === 'bycount';
    if (!byCount && !fields.isNull('requestsLimit')) fields.refuse('requestsLimit');
    const requestsLimit = byCount ? fields.number('requestsLimit', 1, 1e12) : null;
    if (byCount && !fields.isNull('expiresAt')) fields.refuse('expiresAt');
    const given = fields.optionalTime('expiresAt');
    if (given !== null && given <= time) fields.refuse('expiresAt');
    return change(state, find(), (subdivision, now) => {
      // The subdivision's own time may be later than the message's.
      if (given !== null && given <= now) fields.refuse('expiresAt');
      const { tenantId, subdivisionId } = subdivision;
      if (state.licenseIds.has(pair(tenantId, licenseId))) throw new Refused('LicenseAlreadyExists');
      const expiresAt = byCount ? null : (given ?? now + THIRTY_DAYS);
      const license: License = {
        ...{ licenseId, ...named, type, status: 'inactive', requestsLimit, usedRequests: 0 },
        ...{ createdAt: now, expiresAt, activatedAt: null, deactivatedAt: null, endedBy: null },
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
      if (license.status === 'active') throw new Refused('LicenseAlreadyActive');
      if (activeOf(subdivision) !== undefined) throw new Refused('SubdivisionHasActiveLicense');
      if (hasEnded(license, now)) throw new Refused('LicenseExpired');
      if (isUsedUp(license)) throw new Refused('LicenseExhausted');
      license.status = 'active';
      license.activatedAt ??= now;
      license.deactivatedAt = null;
      subdivision.suspended = false;
      subdivision.activeLicenseId = license.licenseId;
      return [ofLicense('LicenseActivated', subdivision, license, { now })];
    });
  },

  DeactivateSubdivisionLicense(state, fields, time) {
    return licenseRule(
      state,
      fields,
      time,
    )((subdivision, license, now) => {
      if (license.status === 'inactive') throw new Refused('LicenseInactive');
      return [deactivate(subdivision, license, 'command', { now })];
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
      return decide(subdivision, license, now);
    });
}
