import type { Clock } from '../../ports/clock.ts';

/** For how long a "no" of the registry is believed without asking again. */
const BELIEVED_FOR = 10_000;
/** Ids that are remembered; what is forgotten is asked for anew. */
const MAX_IDS = 100_000;
/** How much may be waited, within `WINDOW`, for ids that turn out to be none: a producer that writes at random must not keep a lane. */
const MAX_WAITED = 15_000;
const WINDOW = 60_000;

/** Ids that the registry does not know. It may know them a moment later: a replica lags, or a registry has just begun to answer. */
export class UnknownSchemas {
  readonly #clock: Clock;
  /** Until when they are believed unknown; the oldest first. */
  readonly #until = new Map<number, number>();
  #windowBegan = -Infinity;
  #waited = 0;
  #waitedUpTo = -Infinity;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether it was unknown when it was asked for last. */
  has(id: number): boolean {
    return this.#until.has(id);
  }

  isBelieved(id: number): boolean {
    const until = this.#until.get(id);
    return until !== undefined && this.#clock.now() < until;
  }

  /** Whether it is worth while to ask for this id for some seconds: once for each, and only for so long in sum. */
  isWorthWaiting(id: number): boolean {
    return !this.#until.has(id) && (this.#clock.now() - this.#windowBegan > WINDOW || this.#waited < MAX_WAITED);
  }

  /** @param since when it was asked for first. Lanes that wait at once have waited once. */
  add(id: number, since: number): void {
    const now = this.#clock.now();
    if (now - this.#windowBegan > WINDOW) [this.#windowBegan, this.#waited] = [now, 0];
    this.#waited += Math.max(0, now - Math.max(since, this.#waitedUpTo));
    this.#waitedUpTo = now;
    this.#until.delete(id);
    this.#until.set(id, now + BELIEVED_FOR);
    const [oldest] = this.#until.size > MAX_IDS ? this.#until.keys() : [];
    if (oldest !== undefined) this.#until.delete(oldest);
  }

  delete(id: number): void {
    this.#until.delete(id);
  }
}
