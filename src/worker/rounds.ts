import { setTimeout as sleep } from 'node:timers/promises';
import { ConfigurationError } from '../ports/errors.ts';
import type { Telemetry } from '../ports/telemetry.ts';
import { untilDone } from './backoff.ts';

interface Rounds {
  /** What an operator is told to be waiting for while rounds fail. */
  readonly name: string;
  /** From the end of a round to the next one. Milliseconds. */
  readonly interval: number;
  readonly telemetry: Telemetry;
  /** Told of a failure that no waiting mends: the process has to end. */
  readonly failed: (error: Error) => void;
}

/** Does one round after the other until the signal aborts. A round that fails is repeated with backoff. */
export async function inRounds(
  { name, interval, telemetry, failed }: Rounds,
  round: () => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const tell = (error: Error): void => {
    if (error instanceof ConfigurationError) failed(error);
    telemetry.waiting(name, error);
  };
  while (!signal.aborted) {
    const done = untilDone(round, tell, signal).then(() => telemetry.waitEnded(name));
    await done.catch(() => undefined); // only an abort ends the tries: the loop sees it
    await rest(interval, signal);
  }
}

/** Ends early, without an error, when the signal aborts. */
export async function rest(milliseconds: number, signal: AbortSignal): Promise<void> {
  await sleep(milliseconds, undefined, { signal }).catch(() => undefined);
}
