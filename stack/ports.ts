import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import { StackError } from './errors.ts';

/**
 * Below every system's range of ephemeral ports (Linux begins at 32768). A port out of that range may be taken by any
 * outgoing connection while its service is down; a client that reconnects to it can even be connected to itself.
 */
const FIRST_PORT = 20_000;
const LAST_PORT = 29_999;

const handedOut = new Set<number>();

/** A port of 127.0.0.1 on which nobody listens, and which this process has not used before. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const port = randomInt(FIRST_PORT, LAST_PORT + 1);
    if (handedOut.has(port) || !(await isFree(port))) continue;
    handedOut.add(port);
    return port;
  }
  throw new StackError(`No free port of 127.0.0.1 was found between ${FIRST_PORT} and ${LAST_PORT}.`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false)); // taken, or not allowed: try the next one
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
