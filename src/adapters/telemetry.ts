import type { Logger } from 'pino';
import { REASONS } from '../ports/dead-letters.ts';
import type { About, Ended, Healing, HeldBack, Telemetry } from '../ports/telemetry.ts';
import { Sources } from './sources.ts';
import { traceIdOf } from './trace-context.ts';

const MINUTE = 60_000;
/** Stands for the waiter where only one can wait. */
const THE_ONE = {};

/** By the given clock: when the wait began, up to when it is counted, and when it was last logged. */
interface Wait {
  readonly waiters: Set<object>;
  readonly since: number;
  counted: number;
  told: number;
}

/** Telemetry as log lines: counters once a minute, waits at once and then once a minute, dead letters as they come. */
export class LogTelemetry implements Telemetry {
  private readonly logger: Logger;
  private readonly now: () => number;
  private readonly counters = new Map<string, number>();
  private readonly openWaits = new Map<string, Wait>();
  private readonly timer: NodeJS.Timeout;
  private readonly sources = new Sources();
  private readonly misplacing = new Set<string>();

  /** @param now a clock that only goes forward, in milliseconds */
  constructor(logger: Logger, now: () => number) {
    this.logger = logger;
    this.now = now;
    this.timer = setInterval(() => this.report(), MINUTE).unref();
  }

  // What is measured is told by metrics alone: a log has no place for distributions.
  fetched(): void {}
  chunk(): void {}
  sent(): void {}

  ended({ outcome, type, messages }: Ended): void {
    this.count(outcome, type ?? 'unreadable', messages);
  }

  count(what: string, type: string, by = 1): void {
    const name = `${what} ${type}`;
    this.counters.set(name, (this.counters.get(name) ?? 0) + by);
  }

  deadLetter({ error, traceparent, ...letter }: Parameters<Telemetry['deadLetter']>[0]): void {
    this.count(`deadLetters ${letter.reason}`, `of ${this.sources.nameOf(letter.source)}`);
    this.logger[REASONS[letter.reason].level](
      { ...letter, ...traced(traceparent), ...(error && { err: error }) },
      `dead letter: ${letter.reason}`,
    );
  }

  misplaced({ source, messages, traceparent, ...where }: Parameters<Telemetry['misplaced']>[0]): void {
    const name = this.sources.nameOf(source);
    this.count('wrongPartition', `of ${name}`, messages);
    if (this.misplacing.has(name)) return;
    this.misplacing.add(name);
    this.logger.warn(
      { source: name, ...where, ...traced(traceparent) },
      "a command lies in another partition than murmur2 of its key gives: the order of its tenant's commands is not kept; set its producer's partitioner",
    );
  }

  userUnknown(userId: string, { traceparent, ...lookUp }: About): void {
    const about = { userId, ...lookUp, ...traced(traceparent) };
    this.logger.warn(about, 'the user domain does not know this user; its look-up has ended');
  }

  openLettersOfDeleted(open: Parameters<Telemetry['openLettersOfDeleted']>[0]): void {
    this.logger.warn(
      open,
      'a deleted user is named by open dead letters, which are erased once they are resolved: see `licensing dlq list --key`',
    );
  }

  waiting(what: string, error: Error, waiter: object = THE_ONE): void {
    const now = this.now();
    const wait = this.openWaits.get(what) ?? { waiters: new Set(), since: now, counted: now, told: -Infinity };
    this.openWaits.set(what, wait);
    wait.waiters.add(waiter);
    this.count('waiting', what);
    if (now - wait.told < MINUTE) return;
    wait.told = now;
    this.logger.warn({ err: error, waitingMs: Math.round(now - wait.since) }, `waiting for the ${what}`);
  }

  waitEnded(what: string, waiter: object = THE_ONE): void {
    const wait = this.openWaits.get(what);
    if (wait?.waiters.delete(waiter) !== true || wait.waiters.size > 0) return;
    this.openWaits.delete(what);
    this.countWait(what, wait);
    this.logger.info({ waitedMs: Math.round(this.now() - wait.since) }, `no longer waiting for the ${what}`);
  }

  /** For how long somebody has waited by now, in milliseconds, by what for. */
  get waits(): Readonly<Record<string, number>> {
    const now = this.now();
    return Object.fromEntries([...this.openWaits].map(([what, { since }]) => [what, Math.round(now - since)]));
  }

  reset({ from, to, ...place }: Parameters<Telemetry['reset']>[0]): void {
    if (to > from) {
      const lost = to - from;
      this.count('lost', place.topic, lost);
      this.logger.error({ ...place, from, to, lost }, 'messages were lost: they were deleted before they were read');
    } else {
      this.logger.error({ ...place, from, to }, 'the partition is shorter than what was read of it; reading it again');
    }
  }

  healing({ messages, ...place }: Healing): void {
    this.count('healed', place.topic, messages);
    this.logger.error({ ...place, messages }, 'the database lacks messages that were done; reading them again');
  }

  level(level: number): void {
    this.logger.info({ readable: level }, 'what every worker can read');
  }

  timersBlocked(blocked: Parameters<Telemetry['timersBlocked']>[0]): void {
    this.logger.error(blocked, 'timers are due, and nobody may send for them');
  }

  timersLate(late: Parameters<Telemetry['timersLate']>[0]): void {
    this.logger.warn(late, 'a timer has been due for long');
  }

  entitlementsLate(late: Parameters<Telemetry['entitlementsLate']>[0]): void {
    this.logger.warn(late, 'an entitlement has been owed for long');
  }

  heldBack(held: HeldBack): void {
    const since = new Date(Date.now() - held.heldMs).toISOString();
    this.logger.warn({ ...held, since }, 'an open transaction holds the partition');
  }

  heldBackEnded(held: Omit<HeldBack, 'records'>): void {
    this.logger.info(held, 'no open transaction holds the partition any longer');
  }

  stop(): void {
    clearInterval(this.timer);
    this.report();
  }

  /** Counts the time since the last call, so that a wait that lasts shows in every report. */
  private countWait(what: string, wait: Wait): void {
    const now = this.now();
    this.count('waitedMs', what, Math.round(now - wait.counted));
    wait.counted = now;
  }

  private report(): void {
    for (const [what, wait] of this.openWaits) this.countWait(what, wait);
    if (this.counters.size === 0) return;
    this.logger.info({ counters: Object.fromEntries(this.counters) }, 'handled since the last report');
    this.counters.clear();
  }
}

/** The field by which systems that keep logs and traces find the one by the other. */
function traced(traceparent: string | null): { readonly trace_id?: string } {
  return traceparent === null ? {} : { trace_id: traceIdOf(traceparent) };
}
