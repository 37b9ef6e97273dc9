import type { Logger } from 'pino';

/** Tells once that exports fail, and once that they succeed again. The worker waits for neither. */
export class ExportLog {
  private readonly what: string;
  private readonly logger: Logger;
  private readonly now: () => number;
  private failing: { readonly since: number; exports: number } | undefined;

  /**
   * @param what the signal: metrics, traces
   * @param now a clock that only goes forward, in milliseconds
   */
  constructor(what: string, logger: Logger, now: () => number) {
    this.what = what;
    this.logger = logger;
    this.now = now;
  }

  failed(error: Error | undefined): void {
    if (this.failing === undefined) {
      this.failing = { since: this.now(), exports: 0 };
      this.logger.warn({ err: error }, `${this.what} can not be exported`);
    }
    this.failing.exports += 1;
  }

  succeeded(): void {
    if (this.failing === undefined) return;
    const { since, exports } = this.failing;
    this.failing = undefined;
    this.logger.info({ failedMs: Math.round(this.now() - since), exports }, `${this.what} are exported again`);
  }
}
