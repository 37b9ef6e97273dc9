import { setTimeout as sleep } from 'node:timers/promises';
import { ConfigurationError } from '../ports/errors.ts';
import type { Telemetry } from '../ports/telemetry.ts';
import { asError } from './as-error.ts';
import { Backoff } from './backoff.ts';

interface Rounds {
  /** What is told to be waited for while rounds fail. */
  readonly name: string;
  /** From the end of a round to the next one. Milliseconds. */
  readonly interval: number;
  readonly telemetry: Telemetry;
  /** Something that waiting does not mend: the process has to end. */
  readonly failed: (error: Error) => void;
}

/** Does one round after the other, for as long as the signal lets it; after one that fails with backoff. */
export async function inRounds(
  { name, interval, telemetry, failed }: Rounds,
  round: () => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  let backoff = new Backoff();
  while (!signal.aborted) {
    try {
      await round();
      telemetry.waitEnded(name);
      backoff = new Backoff();
      await rest(interval, signal);
    } catch (error) {
      if (error instanceof ConfigurationError) failed(error);
      telemetry.waiting(name, asError(error));
      await backoff.wait(signal).catch(() => undefined); // aborted: the loop ends
    }
  }
}

/** Ends early, without a word, when the signal aborts. */
export async function rest(milliseconds: number, signal: AbortSignal): Promise<void> {
  await sleep(milliseconds, undefined, { signal }).catch(() => undefined);
}
