import type { Logger } from 'pino';
import type { Telemetry } from '../ports/telemetry.ts';

const MINUTE = 60_000;

/** Telemetry as log lines: counters once a minute, waits at once and then once a minute, dead letters one by one. */
export class LogTelemetry implements Telemetry {
  private readonly logger: Logger;
  private readonly now: () => number;
  private readonly counters = new Map<string, number>();
  private readonly waits = new Map<string, { readonly since: number; told: number }>();
  private readonly timer: NodeJS.Timeout;

  /** @param now a clock that only goes forward, in milliseconds */
  constructor(logger: Logger, now: () => number) {
    this.logger = logger;
    this.now = now;
    this.timer = setInterval(() => this.report(), MINUTE).unref();
  }

  count(what: string, type: string, by = 1): void {
    const name = `${what} ${type}`;
    this.counters.set(name, (this.counters.get(name) ?? 0) + by);
  }

  deadLetter(letter: Parameters<Telemetry['deadLetter']>[0]): void {
    // What only follows a letter that was told already may come by the thousand: the counters say how many.
    this.logger[letter.reason === 'ParkedBehind' ? 'debug' : 'error'](letter, `dead letter: ${letter.reason}`);
  }

  userUnknown(userId: string): void {
    this.logger.warn({ userId }, 'the user domain does not know this user; its look-up has ended');
  }

  waiting(what: string, error: Error): void {
    const now = this.now();
    const wait = this.waits.get(what);
    if (wait && now - wait.told < MINUTE) return;
    const since = wait?.since ?? now;
    this.waits.set(what, { since, told: now });
    this.logger.warn({ err: error, waitingMs: Math.round(now - since) }, `waiting for the ${what}`);
  }

  recovered(what: string): void {
    const wait = this.waits.get(what);
    if (wait === undefined) return;
    this.waits.delete(what);
    this.logger.info({ waitedMs: Math.round(this.now() - wait.since) }, `the ${what} is back`);
  }

  stop(): void {
    clearInterval(this.timer);
    this.report();
  }

  private report(): void {
    if (this.counters.size === 0) return;
    this.logger.info({ counters: Object.fromEntries(this.counters) }, 'handled since the last report');
    this.counters.clear();
  }
}
