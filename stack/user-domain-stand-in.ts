import { createServer } from 'node:http';
import type { Server, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from './ports.ts';

/** What the user domain knows about a user. */
export interface UserProfile {
  readonly userId: string;
  readonly email: string | null;
  readonly tgId: string | null;
  readonly superadmin: boolean;
}

/** Replaces parts of every answer; parts that are left out stay as usual. */
export interface Behaviour {
  readonly status?: number;
  /** A string is sent as it is, for malformed answers; anything else is sent as JSON. */
  readonly body?: unknown;
  readonly delayMs?: number;
}

export interface UserDomainStandInOptions {
  /** Default: a free one. */
  readonly port?: number;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** The profiles of some users, instead of made-up ones; null: the user is unknown, 404. */
  readonly profiles?: ReadonlyMap<string, UserProfile | null>;
  /** Replaces parts of the answers for one user, unless `respondWith` does; undefined: as usual. */
  readonly respondTo?: (userId: string) => Behaviour | undefined;
}

export interface UserDomainStandIn {
  /** For USER_DOMAIN_URL. */
  readonly url: string;
  readonly port: number;
  /** How many requests have come in, in all or for this user. Stopping does not reset it. */
  readonly requestCount: (userId?: string) => number;
  /** From now on replaces parts of every answer; without an argument, answers are as usual again. */
  readonly respondWith: (behaviour?: Behaviour) => void;
  readonly setProfile: (userId: string, profile: UserProfile | null) => void;
  /** Refuses connections and cuts those that are open. */
  readonly stop: () => Promise<void>;
  /** Listens again on the same port. */
  readonly start: () => Promise<void>;
}

/**
 * Stands in for the user domain, which belongs to another team: `GET /users/{userId}` answers with a profile that
 * follows from the id alone, so that a test can tell what to expect without asking.
 */
export async function startUserDomainStandIn(options: UserDomainStandInOptions = {}): Promise<UserDomainStandIn> {
  const host = options.host ?? '127.0.0.1';
  const profiles = new Map(options.profiles);
  const requests: string[] = [];
  let behaviour: Behaviour = {};
  let server: Server | undefined;

  const answer = async (path: string, response: ServerResponse): Promise<void> => {
    const userId = userIdOf(path);
    if (userId === undefined) {
      send(response, 404, { error: 'no such path' });
      return;
    }
    requests.push(userId);
    const { status, body, delayMs } = { ...options.respondTo?.(userId), ...behaviour }; // of the moment at which the request came in
    if (delayMs !== undefined) await sleep(delayMs);
    const profile = profiles.has(userId) ? profiles.get(userId) : madeUpProfile(userId);
    const usual = profile === null ? 404 : 200;
    send(response, status ?? usual, body ?? ((status ?? usual) === 200 ? profile : { error: 'no profile' }));
  };

  const listen = (port: number): Promise<Server> =>
    new Promise((resolve, reject) => {
      const listening = createServer((request, response) => {
        if (request.method === 'GET') void answer(request.url ?? '', response);
        else send(response, 405, { error: 'only GET' });
      });
      listening.once('error', reject);
      listening.listen(port, host, () => resolve(listening));
    });

  const port = options.port ?? (await freePort());
  server = await listen(port);
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    requestCount: (userId) =>
      userId === undefined ? requests.length : requests.filter((one) => one === userId).length,
    respondWith: (next = {}) => {
      behaviour = next;
    },
    setProfile: (userId, profile) => void profiles.set(userId, profile),
    stop: async () => {
      const closing = server;
      server = undefined;
      if (closing === undefined) return;
      const closed = new Promise((resolve) => closing.close(resolve));
      closing.closeAllConnections();
      await closed;
    },
    start: async () => {
      server ??= await listen(port);
    },
  };
}

/** The made-up profile of a user. */
export function madeUpProfile(userId: string): UserProfile {
  return { userId, email: `${userId}@users.example`, tgId: `tg-${userId.slice(0, 8)}`, superadmin: false };
}

function userIdOf(path: string): string | undefined {
  const userId = /^\/users\/([^/?]+)$/.exec(path)?.[1];
  if (userId === undefined) return undefined;
  try {
    return decodeURIComponent(userId);
  } catch {
    return undefined; // a broken escape is no user's id
  }
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(typeof body === 'string' ? body : JSON.stringify(body));
}

// docker-compose.yml runs this file as a program.
if (import.meta.main) {
  const standIn = await startUserDomainStandIn({ host: '0.0.0.0', port: 8090 });
  process.once('SIGTERM', () => void standIn.stop());
  process.once('SIGINT', () => void standIn.stop());
}
