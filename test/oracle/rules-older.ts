import { currentOf, isUsedUp, newCount } from './counts.ts';
import { Refused, type Fields } from './fields.ts';
import { activeOf, description } from './rules-subdivision.ts';
import type { Rule } from './rules-subdivision.ts';
import { deleteTenant } from './rules-tenant.ts';
import { byId, pair, type Happening, type License, type Row, type State, type Subdivision } from './state.ts';
import { NO_TERMS } from './terms.ts';
import { workStatusOf } from './told.ts';

// The rules of a worker of the version before time: what has expired stays active until a command ends it, terms are ignored, and what
// such a worker does not know it neither writes nor tells. In a rolling update no partition goes back to it, so that the columns that it
// leaves alone are null.

const THIRTY_DAYS = 30 * 24 * 60 * 60 * 1_000;
const FIVE_MINUTES = 5 * 60 * 1_000;

export const OLDER_RULES: Readonly<Record<string, Rule>> = {
  CreateSubdivision(state, fields, now) {
    const [tenantId, subdivisionId] = [fields.id('tenantId'), fields.id('subdivisionId')];
    const described = description(fields);
    if (!state.tenants.has(tenantId)) throw new Refused('TenantNotFound');
    const key = pair(tenantId, subdivisionId);
    if (state.subdivisions.has(key) || state.deadSubdivisions.has(key)) throw new Refused('SubdivisionAlreadyExists');
    const subdivision: Subdivision = {
      ...{ tenantId, subdivisionId, ...described },
      ...{ suspended: false, activeLicenseId: null, settledAt: null, version: 1, licenses: new Map() },
    };
    state.subdivisions.set(key, subdivision);
    return [ofSubdivision('SubdivisionCreated', subdivision, now)];
  },

  UpdateSubdivision(state, fields, now) {
    const find = finder(state, fields);
    const described = description(fields);
    const workStatus = fields.isNull('workStatus') ? null : fields.oneOf('workStatus', 'active', 'inactive');
    const subdivision = find();
    const license = activeOf(subdivision);
    if (workStatus === 'active') {
      if (license === undefined) throw new Refused('LicenseInactive');
      if (hasExpired(license, now)) throw new Refused('LicenseExpired');
    }
    Object.assign(subdivision, described);
    // Without an active license nothing tells a suspension from what is inactive anyway.
    if (workStatus !== null) subdivision.suspended = workStatus === 'inactive' && license !== undefined;
    subdivision.version += 1;
    return [ofSubdivision('SubdivisionUpdated', subdivision, now)];
  },

  DeleteSubdivision(state, fields, now) {
    return deleteSubdivision(state, finder(state, fields)(), now);
  },

  DeleteTenant(state, fields, now) {
    return deleteTenant(state, fields, now, deleteSubdivision);
  },

  CreateLicense(state, fields, now) {
    const find = finder(state, fields);
    const licenseId = fields.id('licenseId');
    const named = { name: fields.name(), description: fields.text('description') };
    const type = fields.oneOf('type', 'bycount', 'bytime');
    const byCount = type === 'bycount';
    if (!byCount && !fields.isNull('requestsLimit')) fields.refuse('requestsLimit');
    const requestsLimit = byCount ? fields.number('requestsLimit', 1, 1e12) : null;
    if (byCount && !fields.isNull('expiresAt')) fields.refuse('expiresAt');
    const given = fields.optionalTime('expiresAt');
    if (given !== null && given <= now) fields.refuse('expiresAt');
    const subdivision = find();
    const { tenantId, subdivisionId } = subdivision;
    if (state.licenseIds.has(pair(tenantId, licenseId))) throw new Refused('LicenseAlreadyExists');
    const license: License = {
      ...{ licenseId, ...named, type, status: 'inactive', requestsLimit, createdAt: now },
      ...{ expiresAt: byCount ? null : (given ?? now + THIRTY_DAYS), activatedAt: null, deactivatedAt: null },
      ...{ terms: NO_TERMS, termsVersion: 1, scheduled: false, startedByTime: false, inGrace: false },
      ...{ noticedMs: null, endedBy: null, counts: [newCount()] },
    };
    state.licenseIds.set(pair(tenantId, licenseId), { tenantId, licenseId, subdivisionId });
    subdivision.licenses.set(licenseId, license);
    subdivision.version += 1;
    return [ofLicense('LicenseCreated', subdivision, license, now)];
  },

  UpdateLicense(state, fields, now) {
    const find = licenseFinder(state, fields);
    const named = { name: fields.name(), description: fields.text('description') };
    const { subdivision, license } = find();
    Object.assign(license, named);
    subdivision.version += 1;
    return [ofLicense('LicenseUpdated', subdivision, license, now)];
  },

  DeleteLicense(state, fields, now) {
    const { subdivision, license } = licenseFinder(state, fields)();
    subdivision.version += 1;
    const before = license.status === 'active' ? [deactivate(subdivision, license, 'deleted', now)] : [];
    subdivision.licenses.delete(license.licenseId);
    return [...before, ofLicense('LicenseDeleted', subdivision, license, now)];
  },

  ActivateSubdivisionLicense(state, fields, now) {
    const { subdivision, license } = licenseFinder(state, fields)();
    if (license.status === 'active') throw new Refused('LicenseAlreadyActive');
    if (activeOf(subdivision) !== undefined) throw new Refused('SubdivisionHasActiveLicense');
    if (hasExpired(license, now)) throw new Refused('LicenseExpired');
    if (isUsedUp(license)) throw new Refused('LicenseExhausted');
    Object.assign(license, { status: 'active', activatedAt: license.activatedAt ?? now, deactivatedAt: null });
    Object.assign(subdivision, { suspended: false, activeLicenseId: license.licenseId });
    subdivision.version += 1;
    return [ofLicense('LicenseActivated', subdivision, license, now)];
  },

  DeactivateSubdivisionLicense(state, fields, now) {
    const { subdivision, license } = licenseFinder(state, fields)();
    if (license.status === 'inactive') throw new Refused('LicenseInactive');
    subdivision.version += 1;
    return [deactivate(subdivision, license, 'command', now)];
  },

  AddStatisticRow(state, fields, now) {
    const find = finder(state, fields);
    const statisticRowId = fields.id('statisticRowId');
    const created = fields.recentTime('created');
    const countRequests = fields.number('countRequests', 0, 1e9);
    const subdivision = find();
    const { tenantId, subdivisionId } = subdivision;
    const license = activeOf(subdivision);
    if (license === undefined || subdivision.suspended) throw new Refused('SubdivisionInactive');
    if (hasExpired(license, created)) throw new Refused('LicenseExpired');
    if (created > now + FIVE_MINUTES) throw new Refused('StatisticRowInFuture');
    const [key, at] = [pair(tenantId, statisticRowId), `${tenantId}/${subdivisionId}/${created}`];
    if (state.rows.has(key) || state.rowTimes.has(at)) throw new Refused('StatisticRowAlreadyExists');
    const counted = license.activatedAt !== null && created > license.activatedAt;
    const { licenseId } = license;
    const row: Row = { tenantId, subdivisionId, licenseId, statisticRowId, created, countRequests, counted, count: 0 };
    state.rows.set(key, row);
    state.rowTimes.add(at);
    if (counted) currentOf(license).usedRequests += countRequests;
    subdivision.version += 1;
    const added = ofRow(subdivision, license, row, now);
    if (!isUsedUp(license)) return [added];
    const ended = deactivate(subdivision, license, 'exhausted', now);
    return [added, ended, ofSubdivision('SubdivisionLicenseExpired', subdivision, now)];
  },
};

function deleteSubdivision(state: State, subdivision: Subdivision, now: number): readonly Happening[] {
  const { tenantId, subdivisionId } = subdivision;
  subdivision.version += 1;
  const active = activeOf(subdivision);
  const before = active === undefined ? [] : [deactivate(subdivision, active, 'deleted', now)];
  const licenses = byId([...subdivision.licenses.values()], 'licenseId');
  state.subdivisions.delete(pair(tenantId, subdivisionId));
  state.deadSubdivisions.set(pair(tenantId, subdivisionId), { tenantId, subdivisionId, version: subdivision.version });
  return [
    ...before,
    ...licenses.map((license) => ofLicense('LicenseDeleted', subdivision, license, now)),
    ofSubdivision('SubdivisionDeleted', subdivision, now),
  ];
}

function finder(state: State, fields: Fields): () => Subdivision {
  const key = pair(fields.id('tenantId'), fields.id('subdivisionId'));
  return () => {
    const subdivision = state.subdivisions.get(key);
    if (subdivision === undefined) throw new Refused('SubdivisionNotFound');
    return subdivision;
  };
}

function licenseFinder(state: State, fields: Fields): () => { subdivision: Subdivision; license: License } {
  const find = finder(state, fields);
  const licenseId = fields.id('licenseId');
  return () => {
    const subdivision = find();
    const license = subdivision.licenses.get(licenseId);
    if (license === undefined) throw new Refused('LicenseNotFound');
    return { subdivision, license };
  };
}

function hasExpired({ expiresAt }: License, at: number): boolean {
  return expiresAt !== null && at >= expiresAt;
}

/** Nobody writes what has ended it, but what it has used up shows it. */
function deactivate(subdivision: Subdivision, license: License, reason: string, now: number): Happening {
  const endedBy = reason === 'exhausted' ? reason : license.endedBy;
  Object.assign(license, { status: 'inactive', deactivatedAt: now, endedBy });
  Object.assign(subdivision, { suspended: false, activeLicenseId: null });
  const told = ofLicense('LicenseDeactivated', subdivision, license, now);
  return { ...told, data: { ...told.data, reason } };
}

function ofSubdivision(name: string, subdivision: Subdivision, now: number): Happening {
  const { licenses: _, suspended: __, settledAt: ___, ...told } = subdivision;
  const { tenantId, subdivisionId } = subdivision;
  return {
    ...{ type: `licensing.events.${name}`, key: tenantId, subject: subdivisionId },
    data: { ...told, workStatus: workStatusOf(subdivision), occurredAt: now },
  };
}

function ofLicense(name: string, subdivision: Subdivision, license: License, now: number): Happening {
  const { tenantId, subdivisionId, activeLicenseId, version } = subdivision;
  const { licenseId, name: called, description, type, status, requestsLimit, createdAt, expiresAt } = license;
  const { activatedAt, deactivatedAt } = license;
  const { usedRequests } = currentOf(license);
  return {
    ...{ type: `licensing.events.${name}`, key: tenantId, subject: subdivisionId },
    data: {
      ...{ tenantId, subdivisionId, licenseId, name: called, description, type, status, requestsLimit, usedRequests },
      ...{ createdAt, expiresAt, activatedAt, deactivatedAt, workStatus: workStatusOf(subdivision), activeLicenseId },
      ...{ version, occurredAt: now },
    },
  };
}

function ofRow({ version }: Subdivision, license: License, { count: _, ...row }: Row, now: number): Happening {
  const { tenantId, subdivisionId } = row;
  const { usedRequests } = currentOf(license);
  return {
    ...{ type: 'licensing.events.StatisticRowAdded', key: tenantId, subject: subdivisionId },
    data: { ...row, usedRequests, requestsLimit: license.requestsLimit, version, occurredAt: now },
  };
}
