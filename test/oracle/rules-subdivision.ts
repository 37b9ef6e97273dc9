import { Refused, type Fields } from './fields.ts';
import { byId, pair, type Happening, type License, type State, type Subdivision } from './state.ts';

// The contract's rules for subdivisions, licenses and statistic rows. Each function checks first, then changes the state, then returns the events.

const THIRTY_DAYS = 30 * 24 * 60 * 60 * 1_000;
const FIVE_MINUTES = 5 * 60 * 1_000;

export type Rule = (state: State, fields: Fields, now: number) => readonly Happening[];

export const SUBDIVISION_RULES = {
  CreateSubdivision(state, fields, now) {
    const [tenantId, subdivisionId] = [fields.id('tenantId'), fields.id('subdivisionId')];
    const described = description(fields);
    if (!state.tenants.has(tenantId)) throw new Refused('TenantNotFound');
    const key = pair(tenantId, subdivisionId);
    if (state.subdivisions.has(key) || state.deadSubdivisions.has(key)) throw new Refused('SubdivisionAlreadyExists');
    const subdivision: Subdivision = {
      ...{ tenantId, subdivisionId, ...described },
      ...{ workStatus: 'inactive', activeLicenseId: null, version: 1, licenses: new Map() },
    };
    state.subdivisions.set(key, subdivision);
    return [ofSubdivision('SubdivisionCreated', subdivision, now)];
  },

  UpdateSubdivision(state, fields, now) {
    const find = finder(state, fields);
    const described = description(fields);
    const workStatus = fields.isNull('workStatus') ? null : fields.oneOf('workStatus', 'active', 'inactive');
    const subdivision = find();
    if (workStatus === 'active') {
      const license = activeOf(subdivision);
      if (license === undefined) throw new Refused('LicenseInactive');
      if (hasEnded(license, now)) throw new Refused('LicenseExpired');
    }
    Object.assign(subdivision, described);
    if (workStatus === 'active' || workStatus === 'inactive') subdivision.workStatus = workStatus;
    subdivision.version += 1;
    return [ofSubdivision('SubdivisionUpdated', subdivision, now)];
  },

  DeleteSubdivision(state, fields, now) {
    return deleteSubdivision(state, finder(state, fields)(), now);
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
    const expiresAt = byCount ? null : (given ?? now + THIRTY_DAYS);
    const license: License = {
      ...{ licenseId, ...named, type, status: 'inactive', requestsLimit, usedRequests: 0 },
      ...{ createdAt: now, expiresAt, activatedAt: null, deactivatedAt: null },
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
    if (hasEnded(license, now)) throw new Refused('LicenseExpired');
    if (isUsedUp(license)) throw new Refused('LicenseExhausted');
    license.status = 'active';
    license.activatedAt ??= now;
    license.deactivatedAt = null;
    subdivision.workStatus = 'active';
    subdivision.activeLicenseId = license.licenseId;
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
    if (license === undefined || subdivision.workStatus === 'inactive') throw new Refused('SubdivisionInactive');
    if (hasEnded(license, created)) throw new Refused('LicenseExpired');
    if (created > now + FIVE_MINUTES) throw new Refused('StatisticRowInFuture');
    const [key, time] = [pair(tenantId, statisticRowId), `${tenantId}/${subdivisionId}/${created}`];
    if (state.rows.has(key) || state.rowTimes.has(time)) throw new Refused('StatisticRowAlreadyExists');
    const counted = license.activatedAt !== null && created > license.activatedAt;
    const { licenseId, requestsLimit } = license;
    const row = { tenantId, subdivisionId, licenseId, statisticRowId, created, countRequests, counted };
    state.rows.set(key, row);
    state.rowTimes.add(time);
    if (counted) license.usedRequests += countRequests;
    subdivision.version += 1;
    const data = {
      ...{ ...row, usedRequests: license.usedRequests, requestsLimit },
      ...{ version: subdivision.version, occurredAt: now },
    };
    const added = { type: 'licensing.events.StatisticRowAdded', key: tenantId, subject: subdivisionId, data };
    if (!isUsedUp(license)) return [added];
    return [
      added,
      deactivate(subdivision, license, 'exhausted', now),
      ofSubdivision('SubdivisionLicenseExpired', subdivision, now),
    ];
  },
} as const satisfies Readonly<Record<string, Rule>>;

export function deleteSubdivision(state: State, subdivision: Subdivision, now: number): readonly Happening[] {
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

/** Reads the ids at once, so that a malformed id is refused first. The subdivision is looked for once all other fields are read, too. */
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

function description(fields: Fields): Pick<Subdivision, 'name' | 'location' | 'linkToSubdivisionProcessingDomain'> {
  return {
    name: fields.name(),
    location: fields.text('location'),
    linkToSubdivisionProcessingDomain: fields.optionalText('linkToSubdivisionProcessingDomain'),
  };
}

function activeOf({ licenses, activeLicenseId }: Subdivision): License | undefined {
  return activeLicenseId === null ? undefined : licenses.get(activeLicenseId);
}

function hasEnded({ expiresAt }: License, at: number): boolean {
  return expiresAt !== null && at >= expiresAt;
}

function isUsedUp({ requestsLimit, usedRequests }: License): boolean {
  return requestsLimit !== null && usedRequests >= requestsLimit;
}

/** Deactivates the license and its subdivision, whose version is already that of this message. */
function deactivate(subdivision: Subdivision, license: License, reason: string, now: number): Happening {
  license.status = 'inactive';
  license.deactivatedAt = now;
  subdivision.workStatus = 'inactive';
  subdivision.activeLicenseId = null;
  const told = ofLicense('LicenseDeactivated', subdivision, license, now);
  return { ...told, data: { ...told.data, reason } };
}

function ofSubdivision(name: string, { licenses: _, ...subdivision }: Subdivision, now: number): Happening {
  const { tenantId, subdivisionId } = subdivision;
  return {
    ...{ type: `licensing.events.${name}`, key: tenantId, subject: subdivisionId },
    data: { ...subdivision, occurredAt: now },
  };
}

function ofLicense(name: string, subdivision: Subdivision, license: License, now: number): Happening {
  const { tenantId, subdivisionId, workStatus, activeLicenseId, version } = subdivision;
  return {
    ...{ type: `licensing.events.${name}`, key: tenantId, subject: subdivisionId },
    data: { tenantId, subdivisionId, ...license, workStatus, activeLicenseId, version, occurredAt: now },
  };
}
