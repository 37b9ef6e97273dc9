import { Refused, type Fields } from './fields.ts';
import { byId, pair, type Happening, type License, type State, type Subdivision } from './state.ts';
import { change, settled, type Settled } from './time.ts';
import { deactivate, ofLicense, ofSubdivision } from './told.ts';

// The contract's rules for subdivisions. Each function checks first, then changes the state, then returns the events.

/** @param now the message's own time; a subdivision's own never runs back */
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
      ...{ suspended: false, activeLicenseId: null, settledAt: null, version: 1, licenses: new Map() },
    };
    state.subdivisions.set(key, subdivision);
    return [ofSubdivision('SubdivisionCreated', subdivision, { now })];
  },

  UpdateSubdivision(state, fields, time) {
    const find = finder(state, fields, time);
    const described = description(fields);
    const workStatus = fields.isNull('workStatus') ? null : fields.oneOf('workStatus', 'active', 'inactive');
    return change(state, find(), (subdivision, now) => {
      // One that has expired is active no more: what the contract calls LicenseExpired here can't be met.
      if (workStatus === 'active' && activeOf(subdivision) === undefined) throw new Refused('LicenseInactive');
      Object.assign(subdivision, described);
      if (workStatus !== null) subdivision.suspended = workStatus === 'inactive';
      return [ofSubdivision('SubdivisionUpdated', subdivision, { now })];
    });
  },

  DeleteSubdivision(state, fields, time) {
    return deleteSubdivision(state, finder(state, fields, time)());
  },
} as const satisfies Readonly<Record<string, Rule>>;

export const INTERNAL_RULES = {
  /** Its time is `upTo`. It is never refused: it has come too late for a subdivision that is not there. */
  AdvanceSubdivision(state, fields, upTo) {
    const subdivision = state.subdivisions.get(pair(fields.id('tenantId'), fields.id('subdivisionId')));
    if (subdivision === undefined) return [];
    const advanced = settled(subdivision, upTo);
    return advanced.events.length === 0 ? [] : change(state, advanced, () => []);
  },
} as const satisfies Readonly<Record<string, Rule>>;

export function deleteSubdivision(state: State, { subdivision, now, events }: Settled): readonly Happening[] {
  const { tenantId, subdivisionId, version } = subdivision;
  const active = activeOf(subdivision);
  const before = active === undefined ? [] : [deactivate(subdivision, active, 'deleted', { now })];
  const licenses = byId([...subdivision.licenses.values()], 'licenseId');
  state.subdivisions.delete(pair(tenantId, subdivisionId));
  state.deadSubdivisions.set(pair(tenantId, subdivisionId), { tenantId, subdivisionId, version });
  return [
    ...events,
    ...before,
    ...licenses.map((license) => ofLicense('LicenseDeleted', subdivision, license, { now })),
    ofSubdivision('SubdivisionDeleted', subdivision, { now }),
  ];
}

/**
 * Reads the ids at once, so that a malformed id is refused first. The subdivision is looked for once all other fields are read, too.
 * @param time the message's own
 */
export function finder(state: State, fields: Fields, time: number): (upTo?: number) => Settled {
  const key = pair(fields.id('tenantId'), fields.id('subdivisionId'));
  return (upTo) => {
    const subdivision = state.subdivisions.get(key);
    if (subdivision === undefined) throw new Refused('SubdivisionNotFound');
    return settled(subdivision, time, upTo);
  };
}

export function activeOf({ licenses, activeLicenseId }: Subdivision): License | undefined {
  return activeLicenseId === null ? undefined : licenses.get(activeLicenseId);
}

export function description(
  fields: Fields,
): Pick<Subdivision, 'name' | 'location' | 'linkToSubdivisionProcessingDomain'> {
  return {
    name: fields.name(),
    location: fields.text('location'),
    linkToSubdivisionProcessingDomain: fields.optionalText('linkToSubdivisionProcessingDomain'),
  };
}
