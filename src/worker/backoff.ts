import { setTimeout as sleep } from 'node:timers/promises';
import { ConfigurationError } from '../ports/errors.ts';
import type { Telemetry } from '../ports/telemetry.ts';
import { asError } from './as-error.ts';

const FIRST_MS = 50;
const LONGEST_MS = 5_000;

/** Exponential, with full jitter above the half: those who wait for the same thing don't come back at once. */
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

/** Tries until it works; what waiting does not mend is passed on. @throws ConfigurationError, or the signal's reason */
export async function untilUp<T>(
  what: string,
  telemetry: Telemetry,
  signal: AbortSignal,
  attempt: () => Promise<T>,
): Promise<T> {
  const backoff = new Backoff();
  for (;;) {
    signal.throwIfAborted();
    try {
      const done = await unlessAborted(attempt(), signal);
      telemetry.waitEnded(what);
      return done;
    } catch (error) {
      if (error instanceof ConfigurationError || signal.aborted) throw error;
      telemetry.waiting(what, asError(error));
    }
    await backoff.wait(signal);
  }
}

/** What is under way goes on by itself; nobody waits for it any longer. */
async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let leave = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    leave = () => reject(asError(signal.reason));
    signal.addEventListener('abort', leave, { once: true });
  });
  return Promise.race([work, aborted]).finally(() => signal.removeEventListener('abort', leave));
}
