import { setTimeout as sleep } from 'node:timers/promises';
import { ConfigurationError } from '../ports/errors.ts';
import type { Telemetry } from '../ports/telemetry.ts';
import { asError } from './as-error.ts';

const FIRST_MS = 50;
const LONGEST_MS = 5_000;

/** Waits that double, each half of it random, so that all who wait for the same thing don't come back at once. */
export class Backoff {
  private tries = 0;

  /** @throws the signal's reason, at once when it aborts */
  async wait(signal: AbortSignal): Promise<void> {
    await sleep(this.next(), undefined, { signal });
  }

  /** @returns how long to wait before the next try. Milliseconds. */
  next(): number {
    const longest = Math.min(LONGEST_MS, FIRST_MS * 2 ** this.tries);
    this.tries += 1;
    return longest / 2 + Math.random() * (longest / 2);
  }
}

/**
 * Tries until it works, with a wait after each failure. Every loop of the worker that waits for somebody else is this one.
 * @param failed is told of each failure; it throws those that no waiting mends
 * @throws what `failed` throws, or the signal's reason
 */
export async function untilDone<T>(
  attempt: () => Promise<T>,
  failed: (error: Error) => void,
  signal: AbortSignal,
): Promise<T> {
  const backoff = new Backoff();
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      failed(asError(error));
    }
    await backoff.wait(signal);
  }
}

/**
 * Tries until it works, and tells what it waits for, also that it waits no longer, however this ends: what goes on instead may ask nobody.
 * @throws ConfigurationError, or the signal's reason at once when it aborts
 */
export async function untilUp<T>(
  what: string,
  telemetry: Telemetry,
  signal: AbortSignal,
  attempt: () => Promise<T>,
): Promise<T> {
  const waiter = {};
  const tried = untilDone(
    async () => {
      signal.throwIfAborted();
      return unlessAborted(attempt(), signal);
    },
    (error) => {
      if (error instanceof ConfigurationError || signal.aborted) throw error;
      telemetry.waiting(what, error, waiter);
    },
    signal,
  );
  return tried.finally(() => telemetry.waitEnded(what, waiter));
}

/** The work goes on when the signal aborts, but nobody waits for it any longer. */
async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let leave = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    leave = () => reject(asError(signal.reason));
    signal.addEventListener('abort', leave, { once: true });
  });
  return Promise.race([work, aborted]).finally(() => signal.removeEventListener('abort', leave));
}
