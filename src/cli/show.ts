import type { LookedAtLicense } from '../ports/looks.ts';
import { table, timeText } from './dlq-words.ts';
import { openContainer } from './open-container.ts';
import { reachDatabase } from './reachable.ts';
import { configFor } from './settings.ts';
import { print, UsageError, type Call, type Verb } from './verb.ts';

const ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export const show: Verb = {
  help: `
licensing show license TENANT LICENSE [--json]

Shows a license as it is stored: its phase by the database's clock, what was used of it, what has happened to it, and what time will do next.
What is marked as due has not been applied yet: the next message of its subdivision does so, which a timer sends if no other comes.

  --json   one JSON object

Needs DATABASE_URL.`,
  options: { json: { type: 'boolean' } },

  async run({ positionals, values, environment }: Call) {
    const [what, tenantId = '', licenseId = '', ...more] = positionals.map((word) => word.toLowerCase());
    if (what !== 'license' || !ID.test(tenantId) || !ID.test(licenseId) || more.length > 0)
      throw new UsageError(`expected license TENANT LICENSE, two UUIDs; got '${positionals.join(' ')}'`);
    const { cradle } = openContainer(configFor(environment, ['DATABASE_URL']));
    await reachDatabase(cradle);
    try {
      const license = await cradle.looks.license(tenantId, licenseId);
      if (license === undefined) throw new NoLicense(`tenant ${tenantId} has no license ${licenseId}`);
      if (values['json'] === true) print(JSON.stringify(license));
      else for (const line of linesOf(license)) print(line);
      return 0;
    } finally {
      await cradle.database.destroy();
    }
  },
};

class NoLicense extends Error {
  override readonly name = 'NoLicense';
}

function linesOf(license: LookedAtLicense): readonly string[] {
  const { licenseId, name, type, phase, status, subdivision, usedRequests, requestsLimit, hardLimit } = license;
  const limit = requestsLimit === null ? '' : ` of ${requestsLimit}`;
  const hard = hardLimit === requestsLimit ? '' : `, ends at ${hardLimit ?? 'no number'}`;
  const rows = [
    ['license', `${licenseId}, ${name}, ${type}`],
    ['phase', `${phase} (${status})`],
    ['subdivision', `${subdivision.subdivisionId}, ${subdivision.name}, ${subdivision.workStatus}`],
    ...(subdivision.suspended ? [['', 'suspended']] : []),
    ['used', `${usedRequests}${limit}${hard}`],
    ...license.closedCounts.map(({ startsAt, endsAt, usedRequests: used }) => [
      'used before',
      `${used}, ${startsAt === null ? '' : `from ${timeText(startsAt)} `}until ${timeText(endsAt)}`,
    ]),
    ['terms', `version ${license.termsVersion}`],
    ...Object.entries(license.terms).map(([term, value]) => [`  ${term}`, termText(term, value)]),
  ];
  const timeline = license.timeline.map(({ at, what, state }) => [
    `  ${timeText(at)}`,
    state === 'due' ? `${what}: due, not applied yet` : what,
  ]);
  return [...table(rows), `timeline, now ${timeText(license.now)}`, ...table(timeline)];
}

function termText(term: string, value: unknown): string {
  const isTime = term === 'startsAt' || term === 'periodAnchor';
  return isTime && typeof value === 'number' ? timeText(value) : String(value);
}
