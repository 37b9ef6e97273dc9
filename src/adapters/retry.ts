import { setTimeout as delay } from 'node:timers/promises';
import { ExponentialBackoff, halfJitterGenerator } from 'cockatiel';
import type { Logger } from 'pino';
import type { Clock } from '../ports/clock.ts';

/** A try that got no usable answer; the next one may. Everything else that a try throws is final. */
export class Outage extends Error {
  override readonly name: string = 'Outage';
}

/** Waits between tries, in milliseconds: they double from the first to the last, and half of each is random. */
export interface Backoff {
  readonly initialDelay: number;
  readonly maxDelay: number;
}

const WARNING_INTERVAL = 60_000;

/**
 * Tries for ever what another service has to answer. cockatiel says how long to wait; its retry policy is not used, because
 * its waits do not end when the signal aborts.
 */
export class Retry {
  readonly #backoff: ExponentialBackoff<number>;
  readonly #clock: Clock;
  readonly #logger: Logger;
  #warnedAt = -Infinity;

  constructor(options: { readonly backoff: Backoff; readonly clock: Clock; readonly logger: Logger }) {
    this.#backoff = new ExponentialBackoff({ generator: halfJitterGenerator, ...options.backoff });
    this.#clock = options.clock;
    this.#logger = options.logger;
  }

  /** @throws the signal's reason once it aborts, or what `attempt` threw that is no Outage */
  async untilAnswered<T>(signal: AbortSignal, attempt: () => Promise<T>): Promise<T> {
    for (let wait = this.#backoff.next(); ; wait = wait.next(undefined)) {
      signal.throwIfAborted();
      try {
        return await attempt();
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof Outage)) throw error;
        this.#warn(error);
      }
      await delay(wait.duration, undefined, { signal }).catch(() => signal.throwIfAborted());
    }
  }

  /** At most one line a minute, however many callers wait. */
  #warn(outage: Outage): void {
    const now = this.#clock.now();
    if (now - this.#warnedAt < WARNING_INTERVAL) return;
    this.#warnedAt = now;
    this.#logger.warn({ err: outage }, `${outage.message}; trying until there is an answer`);
  }
}

/** What went wrong, with the cause that fetch hides: `fetch failed: connect ECONNREFUSED 127.0.0.1:1`. */
export function reasonOf(error: unknown): string {
  const message = messageOf(error);
  const cause = typeof error === 'object' && error !== null && 'cause' in error ? messageOf(error.cause) : '';
  return cause === '' || cause === 'undefined' ? message : `${message}: ${cause}`;
}

/** Not by `instanceof`: fetch throws errors of another realm under jest. */
function messageOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'message' in error ? String(error.message) : String(error);
}
