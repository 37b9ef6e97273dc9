import { setTimeout as delay } from 'node:timers/promises';
import { ExponentialBackoff, halfJitterGenerator } from 'cockatiel';
import type { Telemetry } from '../ports/telemetry.ts';
import { causeOf } from './error-code.ts';

/** A try got no usable answer; the next one may get one. Any other error of a try is final. */
export class Outage extends Error {
  override readonly name: string = 'Outage';
}

/** Waits between tries, in milliseconds: they double from the first to the last, and half of each is random. */
export interface Delays {
  readonly initialDelay: number;
  readonly maxDelay: number;
}

/**
 * Asks another service until it answers, for ever. cockatiel tells how long to wait between tries. Its retry policy is not used, because its
 * waits do not end when the signal aborts.
 */
export class Retry {
  readonly #backoff: ExponentialBackoff<number>;
  readonly #what: string;
  readonly #telemetry: Telemetry;

  /** @param options.what the name of the service, for telemetry */
  constructor(options: { readonly what: string; readonly backoff: Delays; readonly telemetry: Telemetry }) {
    this.#what = options.what;
    this.#backoff = new ExponentialBackoff({ generator: halfJitterGenerator, ...options.backoff });
    this.#telemetry = options.telemetry;
  }

  /** @throws the signal's reason once the signal aborts, or an error of `attempt` that is no Outage */
  async untilAnswered<T>(signal: AbortSignal, attempt: () => Promise<T>): Promise<T> {
    const waiter = {};
    try {
      for (let wait = this.#backoff.next(); ; wait = wait.next(undefined)) {
        signal.throwIfAborted();
        try {
          return await attempt();
        } catch (error) {
          signal.throwIfAborted();
          if (!(error instanceof Outage)) throw error;
          this.#telemetry.waiting(this.#what, error, waiter);
        }
        await delay(wait.duration, undefined, { signal }).catch(() => signal.throwIfAborted());
      }
    } finally {
      this.#telemetry.waitEnded(this.#what, waiter);
    }
  }
}

/** The message of an error and of its cause, which fetch hides there: `fetch failed: connect ECONNREFUSED 127.0.0.1:1`. */
export function reasonOf(error: unknown): string {
  const message = messageOf(error);
  const cause = messageOf(causeOf(error) ?? '');
  return cause === '' ? message : `${message}: ${cause}`;
}

/** Without `instanceof`, because under jest fetch throws instances of another Error. */
function messageOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'message' in error ? String(error.message) : String(error);
}
