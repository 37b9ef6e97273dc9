import type { Clock } from '../../ports/clock.ts';

/** For how long an id counts as unknown before the registry is asked again. Milliseconds. */
const BELIEVED_FOR = 10_000;
/** How many ids are remembered. One that is forgotten is asked for anew. */
const MAX_IDS = 100_000;
/** How long lanes may wait within `WINDOW` for ids that turn out to be unknown: a producer that sends random bytes must not stop them. */
const MAX_WAITED = 15_000;
const WINDOW = 60_000;

/** Ids that the registry does not know. A moment later it may know them: a replica lagged, or the registry had only just started. */
export class UnknownSchemas {
  readonly #clock: Clock;
  /** Until when each id is believed unknown; the oldest first. */
  readonly #until = new Map<number, number>();
  #windowBegan = -Infinity;
  #waited = 0;
  #waitedUpTo = -Infinity;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether the registry did not know the id when it was asked last. */
  has(id: number): boolean {
    return this.#until.has(id);
  }

  isBelieved(id: number): boolean {
    const until = this.#until.get(id);
    return until !== undefined && this.#clock.now() < until;
  }

  /** Whether to ask for this id for some seconds. That is done once for each id, and for a bounded time in sum. */
  isWorthWaiting(id: number): boolean {
    return !this.#until.has(id) && (this.#clock.now() - this.#windowBegan > WINDOW || this.#waited < MAX_WAITED);
  }

  /** @param since when the id was first asked for. Time in which several lanes wait counts once. */
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
