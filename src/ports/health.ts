/** What a worker tells of itself in the file HEALTH_FILE, as JSON, about once a second. `licensing health` reads it. Times are milliseconds. */
export interface HealthState {
  /** When this was written, by the clock of `steadyNow`. */
  readonly at: number;
  readonly phase: HealthPhase;
  /** Whether it is a member of its consumer group. */
  readonly joined: boolean;
  /** How many partitions it has; 0 where there are more workers than partitions. */
  readonly partitions: number;
  /** For how long no broker has answered. */
  readonly brokerSilentFor: number;
  /** For how long it has waited for other systems, by what the log calls them. */
  readonly waits: Readonly<Record<string, number>>;
  /** HEALTH_MAX_WAIT_MS of the worker. */
  readonly maxWait: number;
}

/** `starting` until the start has found everything in order, `stopping` from the signal on. */
export type HealthPhase = 'starting' | 'working' | 'stopping';

/** Milliseconds of a clock that only goes forward, and that all processes of one system share. */
export function steadyNow(): number {
  return Number(process.hrtime.bigint() / 1_000_000n);
}
