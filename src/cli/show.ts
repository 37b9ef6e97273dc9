import type { Cradle } from '../container.ts';
import { ConfigurationError } from '../ports/errors.ts';
import { lastEvents, type LastEvents, type PublishedEvent } from './last-events.ts';
import { openContainer } from './open-container.ts';
import { reachDatabase, reachKafka, reachRegistry, Unreachable } from './reachable.ts';
import { isSet } from '../settings.ts';
import { configFor } from './settings.ts';
import { namedIn, NotThere, shownBy, type Shown } from './show-call.ts';
import {
  linesAround,
  linesOfLicense,
  linesOfSubdivision,
  linesOfTenant,
  linesOfUser,
  type Around,
} from './show-text.ts';
import { print, UsageError, type Call, type Verb } from './verb.ts';

const LIMIT = 50;
const LETTERS = 10;
const EVENTS = 10;
const DAY_MS = 86_400_000;
const DAYS = 7;

export const show: Verb = {
  help: `
licensing show tenant      TENANT [--limit N] [--json]
licensing show subdivision TENANT SUBDIVISION [--json]
licensing show license     TENANT LICENSE [--json]
licensing show user        USER [--json]

Shows a thing as it is stored, the open dead letters of its key and whether that is parked, and its last events (the last ${EVENTS} of ${DAYS} days).
Tenants, subdivisions and licenses are given by id or by name, users by id. A license is shown with its phase by the database's clock, what was used
of it, what has happened to it, and what time will do next. What is marked as due has not been applied yet: the next message of its
subdivision does so, which a timer sends if no other comes.

  --limit  how many subdivisions, and users, of a tenant are listed; default ${LIMIT}
  --json   one JSON object

Needs DATABASE_URL; takes KAFKA_BROKERS and SCHEMA_REGISTRY_URL, without which no events are shown.

Examples:
  licensing show tenant Initech
  licensing show subdivision Initech North
  licensing show license Initech Starter --json
  licensing show user dcc5ec8f-e7b1-48fd-8db4-c256ae860ef0`,
  options: { limit: { type: 'string' }, json: { type: 'boolean' } },

  async run({ positionals, values, environment }: Call) {
    const named = namedIn(positionals);
    const limit = limitIn(values);
    const { cradle } = openContainer(configFor(environment, ['DATABASE_URL']));
    await reachDatabase(cradle);
    try {
      const shown = await shownBy(cradle, named);
      const { state, lines } = await lookAt(cradle, shown, limit);
      const around = await aroundOf(cradle, shown, environment);
      if (values['json'] === true) print(JSON.stringify({ ...state, ...jsonOf(around) }));
      else for (const line of [...lines, ...linesAround(around)]) print(line);
      return 0;
    } finally {
      await Promise.allSettled([cradle.recordReader.close(), cradle.database.destroy()]);
    }
  },
};

interface Looked {
  readonly state: object;
  readonly lines: readonly string[];
}

/** @throws NotThere */
async function lookAt({ looks }: Cradle, shown: Shown, limit: number): Promise<Looked> {
  switch (shown.what) {
    case 'tenant': {
      const tenant = await looks.tenant(shown.tenantId, limit);
      if (tenant === undefined) throw new NotThere(`there is no tenant ${shown.tenantId}`);
      return { state: tenant, lines: linesOfTenant(tenant) };
    }
    case 'subdivision': {
      const subdivision = await looks.subdivision(shown.tenantId, shown.id);
      if (subdivision === undefined) throw new NotThere(`tenant ${shown.tenantId} has no subdivision ${shown.id}`);
      return { state: subdivision, lines: linesOfSubdivision(subdivision) };
    }
    case 'license': {
      const license = await looks.license(shown.tenantId, shown.id);
      if (license === undefined) throw new NotThere(`tenant ${shown.tenantId} has no license ${shown.id}`);
      return { state: license, lines: linesOfLicense(license) };
    }
    case 'user': {
      const user = await looks.user(shown.userId);
      if (user === undefined) throw new NotThere(`there is no user ${shown.userId}`);
      return { state: user, lines: linesOfUser(user) };
    }
  }
}

async function aroundOf(cradle: Cradle, shown: Shown, environment: NodeJS.ProcessEnv): Promise<Around> {
  const key = shown.what === 'user' ? shown.userId : shown.tenantId;
  const { deadLetters } = cradle;
  const [parked] = await deadLetters.parkedKeys({ limit: 1, key });
  const letters = await deadLetters.list({ key }, { after: 0, limit: LETTERS });
  const counts = await deadLetters.counts({ key });
  const openLetters = counts.reduce((sum, count) => sum + count.letters, 0);
  return { key, parked, letters, openLetters, events: await eventsOf(cradle, shown, key, environment) };
}

/** In an outage of Kafka the rest is worth having. */
async function eventsOf(
  cradle: Cradle,
  shown: Shown,
  key: string,
  environment: NodeJS.ProcessEnv,
): Promise<LastEvents | string> {
  const unset = ['KAFKA_BROKERS', 'SCHEMA_REGISTRY_URL'].find((variable) => !isSet(environment, variable));
  if (unset !== undefined) return `${unset} is not set`;
  try {
    await Promise.all([reachKafka(cradle), reachRegistry(cradle)]);
    const since = cradle.clock.now() - DAYS * DAY_MS;
    return await lastEvents(cradle, { key, fits: (event) => isAbout(event, shown), count: EVENTS, since });
  } catch (error) {
    if (error instanceof Unreachable || error instanceof ConfigurationError) return error.message;
    throw error;
  }
}

function isAbout({ data }: PublishedEvent, shown: Shown): boolean {
  if (shown.what === 'subdivision') return data?.['subdivisionId'] === shown.id;
  return shown.what !== 'license' || data?.['licenseId'] === shown.id;
}

function jsonOf({ parked, letters, openLetters, events }: Around): object {
  const isRead = typeof events !== 'string';
  return {
    ...{ parked: parked ?? null, letters, openLetters },
    events: isRead ? events.events : null,
    ...(!isRead && { eventsNotRead: events }),
  };
}

function limitIn({ limit }: Call['values']): number {
  if (typeof limit !== 'string') return LIMIT;
  const number = Number(limit);
  if (Number.isInteger(number) && number >= 1 && number <= 10_000) return number;
  throw new UsageError(`--limit is '${limit}'; expected a whole number from 1 to 10000`);
}
