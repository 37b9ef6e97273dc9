import type { KeyCount, LetterSummary } from '../ports/dead-letters.ts';
import type { LookedAtLicense, LookedAtSubdivision, LookedAtTenant, LookedAtUser } from '../ports/looks.ts';
import { stillParked, table, timeText } from './dlq-words.ts';
import type { LastEvents } from './last-events.ts';
import { shortName } from './message-types.ts';

/** What is told of a thing beside its state. */
export interface Around {
  /** Its tenant's, or its own as a user. */
  readonly key: string;
  /** Undefined: the key is not parked. */
  readonly parked: KeyCount | undefined;
  /** The open letters of the key, the first of them. */
  readonly letters: readonly LetterSummary[];
  /** How many there are. */
  readonly openLetters: number;
  /** A sentence: why they were not read. */
  readonly events: LastEvents | string;
}

export function linesOfTenant(tenant: LookedAtTenant): readonly string[] {
  const { tenantId, name, version, address, email, phone, createdBy, subdivisions, users, hasMore } = tenant;
  const rows = [
    ['tenant', `${tenantId}, ${name}, version ${version}`],
    ['contact', [email, phone, address].filter((part) => part !== '').join(', ') || 'none'],
    ['created by', createdBy],
    ...users.map((user, i) => [i === 0 ? 'users' : '', user]),
  ];
  const listed = subdivisions.flatMap((subdivision) => [
    [`  ${subdivision.subdivisionId}`, `${subdivision.name}, ${stateOf(subdivision)}`],
    ...subdivision.licenses.map((license) => [`    ${license.licenseId}`, licenseText(license)]),
  ]);
  return [
    ...table(rows),
    subdivisions.length === 0 ? 'no subdivisions' : 'subdivisions, and their licenses',
    ...table(listed),
    ...(hasMore ? ['... and more; --limit shows them'] : []),
  ];
}

export function linesOfSubdivision(subdivision: LookedAtSubdivision): readonly string[] {
  const { tenantId, subdivisionId, name, version, location, linkToSubdivisionProcessingDomain: link } = subdivision;
  const rows = [
    ['subdivision', `${subdivisionId}, ${name}, version ${version}`],
    ['tenant', tenantId],
    ['status', stateOf(subdivision)],
    ...(location === '' ? [] : [['location', location]]),
    ...(link === null ? [] : [['link', link]]),
  ];
  const licenses = subdivision.licenses.flatMap((license) => [
    `license ${license.licenseId}`,
    `  ${licenseText(license)}`,
    ...timelineOf(license),
  ]);
  return [...table(rows), ...(licenses.length === 0 ? ['no licenses'] : licenses)];
}

export function linesOfUser(user: LookedAtUser): readonly string[] {
  const { userId, version, email, tgId, superadmin, tenantId, hasProfile, profileUpdatedAt } = user;
  const told = profileUpdatedAt === null ? 'known' : `known, of ${timeText(profileUpdatedAt)}`;
  return table([
    ['user', `${userId}, version ${version}`],
    ['tenant', tenantId ?? 'none'],
    ['email', email ?? 'none'],
    ['tgId', tgId ?? 'none'],
    ['superadmin', superadmin ? 'yes' : 'no'],
    ['profile', hasProfile ? told : 'not told by the user domain yet'],
  ]);
}

export function linesOfLicense(license: LookedAtLicense): readonly string[] {
  const { licenseId, name, type, phase, status, subdivision } = license;
  const rows = [
    ['license', `${licenseId}, ${name}, ${type}`],
    ['phase', `${phase} (${status})`],
    ['subdivision', `${subdivision.subdivisionId}, ${subdivision.name}, ${subdivision.workStatus}`],
    ...(subdivision.suspended ? [['', 'suspended']] : []),
    ['used', usageText(license)],
    ...license.closedCounts.map(({ startsAt, endsAt, usedRequests: used }) => [
      'used before',
      `${used}, ${startsAt === null ? '' : `from ${timeText(startsAt)} `}until ${timeText(endsAt)}`,
    ]),
    ['terms', `version ${license.termsVersion}`],
    ...Object.entries(license.terms).map(([term, value]) => [`  ${term}`, termText(term, value)]),
  ];
  return [...table(rows), ...timelineOf(license)];
}

export function linesAround({ key, parked, letters, openLetters, events }: Around): readonly string[] {
  const rows = letters.map((letter) => [
    `  ${letter.letterId}`,
    timeText(letter.time),
    letter.reason,
    letter.message.split('\n', 1)[0] ?? '',
  ]);
  return [
    ...(parked === undefined ? [] : [stillParked(parked)]),
    openLetters === 0 ? `no open dead letters of ${key}` : `open dead letters of ${key}, ${openLetters}`,
    ...table(rows),
    ...(letters.length < openLetters ? [`  ... and more: licensing dlq list --key ${key}`] : []),
    ...(typeof events === 'string' ? [`events were not read: ${events}`] : eventLines(events)),
  ];
}

function eventLines({ events, since }: LastEvents): readonly string[] {
  const bound = since === null ? '' : ` since ${timeText(since)}`;
  if (events.length === 0) return [`no events in Kafka${bound}`];
  const rows = events.map(({ timestamp, type, data, partition, offset }) => [
    `  ${timeText(timestamp)}`,
    type === undefined ? '?' : shortName(type),
    typeof data?.['version'] === 'number' ? `v${data['version']}` : '',
    `${partition}@${offset}`,
  ]);
  return [`last events${bound}`, ...table(rows)];
}

function timelineOf({ timeline, now }: LookedAtLicense): readonly string[] {
  const rows = timeline.map(({ at, what, state }) => [
    `  ${timeText(at)}`,
    state === 'due' ? `${what}: due, not applied yet` : what,
  ]);
  return [`timeline, now ${timeText(now)}`, ...table(rows)];
}

function stateOf({ workStatus, suspended }: LookedAtSubdivision): string {
  return suspended ? `${workStatus}, suspended` : workStatus;
}

function licenseText(license: LookedAtLicense): string {
  const { name, type, phase, status } = license;
  return `${name}, ${type}, ${phase} (${status}), used ${usageText(license)}`;
}

function usageText({ usedRequests, requestsLimit, hardLimit }: LookedAtLicense): string {
  const limit = requestsLimit === null ? '' : ` of ${requestsLimit}`;
  const hard = hardLimit === requestsLimit ? '' : `, ends at ${hardLimit ?? 'no number'}`;
  return `${usedRequests}${limit}${hard}`;
}

function termText(term: string, value: unknown): string {
  const isTime = term === 'startsAt' || term === 'periodAnchor';
  return isTime && typeof value === 'number' ? timeText(value) : String(value);
}
