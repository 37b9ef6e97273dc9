import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { pino } from 'pino';
import type { Logger } from 'pino';

export const FAST = { initialDelay: 1, maxDelay: 4 };

/** A clock that stands still until a test moves it. */
export function givenClock(): { time: number; now: () => number } {
  const clock = { time: 1_750_000_000_000, now: () => clock.time };
  return clock;
}

/** A real logger; its lines are kept, from this level on. */
export function givenLogger(level: 'info' | 'warn' = 'warn'): { readonly logger: Logger; readonly lines: string[] } {
  const lines: string[] = [];
  return { lines, logger: pino({ level }, { write: (line: string) => void lines.push(line) }) };
}

/** Waits for the thing itself; the test's own timeout ends it. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await nextTurn();
}

type Answer = (request: IncomingMessage, body: string, response: ServerResponse) => void;

export interface GivenServer extends AsyncDisposable {
  readonly url: string;
  /** `METHOD /path` of each request so far. */
  readonly requests: string[];
  answer: Answer;
}

/** An HTTP server on a free port of the loopback; ends with its test, open connections included. */
export async function givenServer(answer: Answer): Promise<GivenServer> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => given.answer(request, Buffer.concat(chunks).toString(), response));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address() as AddressInfo;
  const given: GivenServer = {
    url: `http://127.0.0.1:${address.port}`,
    requests,
    answer,
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
  return given;
}

export function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
