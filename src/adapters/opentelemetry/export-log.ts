import type { Logger } from 'pino';

/** Tells once that exports fail, and once that they succeed again. The worker waits for neither. */
export class ExportLog {
  private readonly what: string;
  private readonly endpoint: string | undefined;
  private readonly logger: Logger;
  private readonly now: () => number;
  private failing: { readonly since: number; exports: number } | undefined;

  /**
   * @param what the signal: metrics, traces
   * @param now a clock that only goes forward, in milliseconds
   * @param endpoint where it is exported to, as far as that may be told; undefined: nowhere, it is to be gathered
   */
  constructor(what: string, logger: Logger, now: () => number, endpoint?: string) {
    this.what = what;
    this.endpoint = endpoint;
    this.logger = logger;
    this.now = now;
  }

  failed(error: Error | undefined): void {
    if (this.failing === undefined) {
      this.failing = { since: this.now(), exports: 0 };
      const { endpoint } = this;
      this.logger.warn({ ...(endpoint !== undefined && { endpoint }), err: error }, `${this.what} can not be exported`);
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
