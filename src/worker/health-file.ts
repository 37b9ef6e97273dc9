import { rename, rm, writeFile } from 'node:fs/promises';
import { ConfigurationError } from '../ports/errors.ts';
import { steadyNow, type HealthPhase, type HealthState } from '../ports/health.ts';
import type { Telemetry } from '../ports/telemetry.ts';
import { asError } from './as-error.ts';

/** What only the worker and its telemetry know. */
type Told = Pick<HealthState, 'joined' | 'partitions' | 'waits'> & {
  /** For how long no broker has answered; undefined before it has joined its group for the first time. */
  readonly brokerSilentFor: number | undefined;
};

interface Dependencies {
  readonly told: () => Told;
  readonly telemetry: Pick<Telemetry, 'waiting' | 'waitEnded'>;
  readonly now?: () => number;
}

const INTERVAL_MS = 1_000;
const WAIT = 'health file';

/** Keeps the file that `licensing health` reads. A worker that stands still stops writing, and so the file gets old. */
export class HealthFile {
  private readonly file: string;
  private readonly maxWait: number;
  private readonly d: Required<Dependencies>;
  private phase: HealthPhase = 'starting';
  private timer: NodeJS.Timeout | undefined;
  private writing: Promise<void> = Promise.resolve();

  constructor(file: string, maxWait: number, dependencies: Dependencies) {
    this.file = file;
    this.maxWait = maxWait;
    this.d = { now: steadyNow, ...dependencies };
  }

  /** @throws ConfigurationError when the file can't be written */
  async start(): Promise<void> {
    try {
      await this.write();
    } catch (error) {
      const code =
        typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : 'unknown error';
      throw new ConfigurationError(`HEALTH_FILE is '${this.file}', which can't be written (${code})`, {
        cause: error,
      });
    }
    this.timer = setInterval(() => this.writeSoon(), INTERVAL_MS).unref();
  }

  enter(phase: HealthPhase): void {
    this.phase = phase;
    if (this.timer !== undefined) this.writeSoon();
  }

  /** Removes the file: what is not there is not alive. */
  async stop(): Promise<void> {
    clearInterval(this.timer);
    this.timer = undefined;
    await this.writing;
    await rm(this.file, { force: true }).catch(() => undefined); // it gets old instead
  }

  /** One write after the other. One that fails is told, and the next one tries again. */
  private writeSoon(): void {
    this.writing = this.writing.then(async () => {
      try {
        await this.write();
        this.d.telemetry.waitEnded(WAIT);
      } catch (error) {
        this.d.telemetry.waiting(WAIT, asError(error));
      }
    });
  }

  private async write(): Promise<void> {
    const { brokerSilentFor, ...told } = this.d.told();
    const state: HealthState = {
      at: this.d.now(),
      phase: this.phase,
      ...told,
      brokerSilentFor: brokerSilentFor ?? told.waits['broker'] ?? 0,
      maxWait: this.maxWait,
    };
    // Renamed, so that a reader finds one whole state or the other.
    await writeFile(`${this.file}.new`, JSON.stringify(state));
    await rename(`${this.file}.new`, this.file);
  }
}
