import { command, type CommandShortName, type Sending } from '../support/load.ts';
import { partitionOf } from './identity.ts';
import { endOf, LONGEST_GRACE, SOON, termsOf } from './generate-terms.ts';
import type { Random } from './random.ts';
import { NO_TERMS } from './terms.ts';

export interface Surroundings {
  readonly random: Random;
  readonly now: number;
  /** The producers' clock, which goes through a quarter of an hour that has passed. Milliseconds since the epoch. */
  time: number;
  readonly partitions: number;
  /** Whether workers and producers are still of the version before time. */
  isOlder: boolean;
  /** A counter that makes names and times of rows unique. */
  counter: number;
}

interface LicenseSketch {
  readonly licenseId: string;
  readonly type: string;
  expiresAt: number | null;
  /** How many requests are left of the license, as far as the generator knows. */
  left: number;
}

interface SubdivisionSketch {
  readonly subdivisionId: string;
  readonly licenses: LicenseSketch[];
  readonly rows: { readonly statisticRowId: string; readonly created: number }[];
  active: LicenseSketch | undefined;
}

/** What the generator remembers, so that most commands make sense. It may be wrong: the model decides what comes of a command. */
export interface TenantSketch {
  tenantId: string;
  readonly userId: string;
  name: string;
  born: boolean;
  subdivisions: SubdivisionSketch[];
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const DAY = 24 * 60 * MINUTE;

const WEIGHTS = {
  ...{ CreateTenant: 5, UpdateTenant: 20, DeleteTenant: 2 },
  ...{ CreateSubdivision: 40, UpdateSubdivision: 40, DeleteSubdivision: 8 },
  ...{ CreateLicense: 70, UpdateLicense: 25, DeleteLicense: 12 },
  ...{ RenewLicense: 25, ChangeLicenseTerms: 20, CorrectStatisticRow: 30 },
  ...{ ActivateSubdivisionLicense: 110, DeactivateSubdivisionLicense: 25, AddStatisticRow: 600 },
} as const satisfies Readonly<Record<TenantCommand, number>>;
const OLDER_WEIGHTS = { ...WEIGHTS, RenewLicense: 0, ChangeLicenseTerms: 0, CorrectStatisticRow: 0 };
type TenantCommand = Exclude<CommandShortName, 'CreateUser'>;
type SubdivisionCommand = Exclude<TenantCommand, `${string}Tenant` | 'CreateSubdivision'>;

export function createTenantSketch(around: Surroundings, creator: string | undefined): TenantSketch {
  const { random } = around;
  const [tenantId, userId] = [random.uuid(), creator ?? random.uuid()];
  return { tenantId, userId, name: freshName(around), born: false, subdivisions: [] };
}

/** Makes the next command of a tenant; the first one creates it. @param neighbour a tenant of the same partition, whose name and creator may be claimed */
export function tenantCommand(around: Surroundings, tenant: TenantSketch, neighbour?: TenantSketch): Sending {
  const { random } = around;
  const sent = { ...envelope(random), ...dated(around) };
  const name = sensible(around, tenant);
  const tenantId = random.chance(0.02) ? tenant.tenantId.toUpperCase() : tenant.tenantId;
  switch (name) {
    case 'CreateTenant': {
      const { userId } = tenant;
      const created = { ...contact(random), tenantId, userId, name: tenant.name };
      const wrong =
        tenant.born && neighbour !== undefined ? random.weighted({ exists: 2, name: 1, user: 1 }) : 'exists';
      tenant.born = true;
      // Always refused: the neighbour has the name, or the user, until it is deleted in the same partition.
      if (wrong !== 'exists') created.tenantId = uuidIn(around, tenantId);
      if (wrong === 'name') created.name = neighbour?.name ?? created.name;
      if (wrong === 'user') Object.assign(created, { userId: neighbour?.userId ?? userId, name: freshName(around) });
      return command('CreateTenant', created, sent);
    }
    case 'UpdateTenant': {
      const wanted = random.weighted({ fresh: 15, taken: neighbour === undefined ? 0 : 4, blank: 1 });
      if (wanted === 'fresh') tenant.name = freshName(around);
      const names = { fresh: tenant.name, taken: neighbour?.name ?? '', blank: ' ' };
      return command('UpdateTenant', { ...contact(random), tenantId, name: names[wanted] }, sent);
    }
    case 'DeleteTenant':
      // Its creator founds another tenant in the same partition, so the order of the two is fixed.
      Object.assign(tenant, {
        tenantId: uuidIn(around, tenantId),
        name: freshName(around),
        born: false,
        subdivisions: [],
      });
      return command('DeleteTenant', { tenantId }, sent);
    case 'CreateSubdivision': {
      const again = random.chance(0.1) ? random.pick(tenant.subdivisions)?.subdivisionId : undefined;
      const subdivisionId = again ?? random.uuid();
      if (again === undefined) tenant.subdivisions.push({ subdivisionId, licenses: [], rows: [], active: undefined });
      return command('CreateSubdivision', { tenantId, subdivisionId, ...place(random) }, sent);
    }
    default: {
      const stranger: SubdivisionSketch = { subdivisionId: random.uuid(), licenses: [], rows: [], active: undefined };
      const found = random.chance(0.02) ? undefined : random.pick(tenant.subdivisions);
      if (name === 'DeleteSubdivision') tenant.subdivisions = tenant.subdivisions.filter((one) => one !== found);
      const next = found === undefined ? name : sensibleFor(around, found, name);
      return subdivisionCommand(around, tenantId, found ?? stranger, next, sent);
    }
  }
}

function sensible({ random, isOlder }: Surroundings, { born, subdivisions }: TenantSketch): TenantCommand {
  if (!born) return 'CreateTenant';
  return subdivisions.length < 2 && random.chance(0.9)
    ? 'CreateSubdivision'
    : random.weighted(isOlder ? OLDER_WEIGHTS : WEIGHTS);
}

/** A row needs an active license, so in most cases a license is created and activated first. */
function sensibleFor(
  { random, time }: Surroundings,
  subdivision: SubdivisionSketch,
  name: SubdivisionCommand,
): SubdivisionCommand {
  const { licenses } = subdivision;
  const ended = licenses.filter(({ expiresAt }) => expiresAt !== null && expiresAt <= time);
  for (const license of ended) license.left = 0;
  if (ended.some((license) => license === subdivision.active)) subdivision.active = undefined;
  const { active } = subdivision;
  if (name === 'DeleteSubdivision' || random.chance(ended.length > 0 ? 0.3 : 0.1)) return name;
  if (licenses.every(({ left }) => left <= 0)) return 'CreateLicense';
  if (name === 'AddStatisticRow' && active === undefined) return 'ActivateSubdivisionLicense';
  if (name === 'CreateLicense' && licenses.length > 3) return 'UpdateLicense';
  return name === 'ActivateSubdivisionLicense' && active !== undefined ? 'AddStatisticRow' : name;
}

function subdivisionCommand(
  around: Surroundings,
  tenantId: string,
  subdivision: SubdivisionSketch,
  name: SubdivisionCommand,
  sent: Sending['envelope'],
): Sending {
  const { random, now, time } = around;
  const { subdivisionId, licenses } = subdivision;
  const of = { tenantId, subdivisionId };
  const active = random.chance(0.7) ? subdivision.active : undefined;
  const good = licenses.filter(({ left }) => left > 0);
  const chosen = active ?? random.pick(random.chance(0.8) ? good : licenses);
  const license = chosen ?? { licenseId: random.uuid(), type: 'bycount', expiresAt: null, left: 0 };
  const { licenseId } = license;
  switch (name) {
    case 'UpdateSubdivision': {
      const workStatus = random.weighted({ keep: 12, active: 6, inactive: 1, other: 1 });
      const data = { ...of, ...place(random), workStatus: workStatus === 'keep' ? null : workStatus };
      return command('UpdateSubdivision', data, sent);
    }
    case 'DeleteSubdivision':
      return command('DeleteSubdivision', of, sent);
    case 'CreateLicense': {
      const byTime = random.chance(0.45);
      const again = random.chance(0.05) ? random.pick(licenses) : undefined;
      const limit = random.chance(0.03) ? 0 : random.int(20, 600);
      const left = byTime ? Number.POSITIVE_INFINITY : limit;
      const type = byTime ? 'bytime' : 'bycount';
      const created = again ?? { licenseId: random.uuid(), type, expiresAt: endOf(around, byTime), left };
      if (again === undefined) licenses.push(created);
      const { expiresAt } = created;
      const agreed = { type, requestsLimit: byTime ? null : limit, expiresAt: random.chance(0.1) ? null : expiresAt };
      const terms =
        around.isOlder || random.chance(0.6)
          ? NO_TERMS
          : termsOf(around, byTime, agreed.expiresAt ?? (byTime ? now + DAY : null));
      return command(
        'CreateLicense',
        { ...of, licenseId: created.licenseId, ...described(random), ...agreed, ...terms },
        sent,
      );
    }
    case 'RenewLicense': {
      const later = random.chance(0.5)
        ? around.now + random.int(21, 30) * DAY
        : time + random.int(1, SOON - LONGEST_GRACE);
      const expiresAt = license.expiresAt === null || random.chance(0.3) ? null : later;
      const requestsLimit = license.type === 'bycount' && random.chance(0.3) ? random.int(100, 900) : null;
      const [resetUsage, activate] = [random.chance(0.5), random.chance(0.3)];
      if (resetUsage) license.left = Math.max(license.left, 20);
      if (activate) subdivision.active ??= license;
      if (expiresAt !== null) license.expiresAt = expiresAt;
      const expectedTermsVersion = random.chance(0.2) ? random.int(1, 2) : null;
      const renewal = { expiresAt, requestsLimit, resetUsage, activate, expectedTermsVersion };
      return command('RenewLicense', { ...of, licenseId, ...renewal }, sent);
    }
    case 'ChangeLicenseTerms': {
      const byTime = license.type === 'bytime';
      const expiresAt = endOf(around, byTime);
      license.expiresAt = expiresAt;
      const changed = {
        ...{ requestsLimit: byTime || random.chance(0.5) ? null : random.int(20, 900), expiresAt },
        ...{ ...termsOf(around, byTime, expiresAt), startsAt: null },
        whenBelowUsage: random.weighted({ reject: 3, exhaust: 2, other: 1 }),
        expectedTermsVersion: random.chance(0.2) ? random.int(1, 2) : null,
      };
      return command('ChangeLicenseTerms', { ...of, licenseId, ...changed }, sent);
    }
    case 'UpdateLicense':
      return command('UpdateLicense', { ...of, licenseId, ...described(random) }, sent);
    case 'DeleteLicense':
      license.left = 0;
      if (subdivision.active === license) subdivision.active = undefined;
      return command('DeleteLicense', { ...of, licenseId }, sent);
    case 'ActivateSubdivisionLicense':
      subdivision.active ??= license;
      return command('ActivateSubdivisionLicense', { ...of, licenseId }, sent);
    case 'DeactivateSubdivisionLicense':
      if (subdivision.active === license) subdivision.active = undefined;
      return command('DeactivateSubdivisionLicense', { ...of, licenseId }, sent);
    case 'AddStatisticRow': {
      const countRequests = random.chance(0.01) ? 2e9 : random.int(0, 40);
      if (subdivision.active !== undefined) subdivision.active.left -= countRequests;
      if ((subdivision.active?.left ?? 1) <= 0) subdivision.active = undefined;
      return command('AddStatisticRow', { ...of, ...row(around, subdivision), countRequests }, sent);
    }
    case 'CorrectStatisticRow': {
      const statisticRowId = random.pick(subdivision.rows)?.statisticRowId ?? random.uuid();
      const corrected = { countRequests: random.int(0, 60), reason: 'a wrong meter', reactivate: random.chance(0.5) };
      return command('CorrectStatisticRow', { ...of, statisticRowId, ...corrected }, sent);
    }
  }
}

function row(around: Surroundings, { rows, licenses }: SubdivisionSketch): SubdivisionSketch['rows'][number] {
  const { random, time } = around;
  around.counter += 1;
  const [statisticRowId, created] = [random.uuid(), time + random.int(1, 2 * SECOND)];
  const before = random.pick(rows) ?? { statisticRowId, created };
  const end = random.pick(licenses.flatMap(({ expiresAt }) => expiresAt ?? [])) ?? created;
  switch (
    random.weighted({ counted: 79, late: 4, boundary: 4, old: 3, sameTime: 2, sameId: 2, future: 5, seconds: 1 })
  ) {
    case 'old':
      return { statisticRowId, created: created - DAY };
    case 'late':
      return { statisticRowId, created: created - random.int(1, SOON) };
    case 'boundary':
      return { statisticRowId, created: end + random.int(-2, 2) };
    case 'sameTime':
      return { statisticRowId, created: before.created };
    case 'sameId':
      return { statisticRowId: before.statisticRowId, created };
    case 'future':
      return {
        statisticRowId,
        created: created + (random.chance(0.5) ? 30 * DAY : random.int(4 * MINUTE, 6 * MINUTE)),
      };
    case 'seconds':
      return { statisticRowId, created: Math.floor(created / 1_000) };
    case 'counted':
      rows.push({ statisticRowId, created });
      return { statisticRowId, created };
  }
}

/** Most records are dated by the producers' clock; some by a clock that is behind, and some as they are sent, which is later than all others. */
function dated({ random, time }: Surroundings): { readonly timestamp?: string } {
  switch (random.weighted({ rightly: 80, behind: 15, asSent: 5 })) {
    case 'rightly':
      return { timestamp: String(time) };
    case 'behind':
      return { timestamp: String(time - random.int(1, 2 * SOON)) };
    case 'asSent':
      return {};
  }
}

export function envelope(random: Random): Sending['envelope'] {
  return {
    // Some producers send no id: such a message goes by its position.
    id: random.chance(0.05) ? null : random.uuid(),
    ...(random.chance(0.5) && { source: `service-${random.int(1, 3)}` }),
    ...(random.chance(0.3) && { correlationId: random.uuid() }),
    // Some are instrumented so that they append to the headers of the message before.
    ...(random.chance(0.2) && {
      traceparent: random.chance(0.3) ? [aTraceparent(random), aTraceparent(random)] : aTraceparent(random),
    }),
  };
}

function aTraceparent(random: Random): string {
  return `00-${random.bytes(16).toString('hex')}-${random.bytes(8).toString('hex')}-01`;
}

function freshName(around: Surroundings): string {
  around.counter += 1;
  return `Tenant ${around.counter}`;
}

/** An id with the same partition as another id. */
function uuidIn({ random, partitions }: Surroundings, like: string): string {
  for (;;) {
    const id = random.uuid();
    if (partitionOf(id, partitions) === partitionOf(like.toLowerCase(), partitions)) return id;
  }
}

function contact(random: Random): { address: string; email: string; phone: string } {
  return {
    address: random.pick(['', '  1 Main Street ', 'Cafe\u0301 Road 2']) ?? '',
    email: random.weighted({ 'office@example.org': 40, 'nobody at all': 1 }),
    phone: `+1 555 ${random.int(1_000, 9_999)}`,
  };
}

function place(random: Random): { name: string; location: string; linkToSubdivisionProcessingDomain: string | null } {
  const linkToSubdivisionProcessingDomain = random.chance(0.5) ? null : 'https://processing.example.org/1';
  return { name: `Subdivision ${random.int(1, 99)}`, location: '', linkToSubdivisionProcessingDomain };
}

function described(random: Random): { name: string; description: string } {
  return {
    name: `License ${random.int(1, 99)}`,
    description: random.pick(['', 'as agreed', '\u{1F600} \u00e9']) ?? '',
  };
}
