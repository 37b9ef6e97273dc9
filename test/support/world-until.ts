import { setTimeout as pause } from 'node:timers/promises';

/** Between two looks: what is about to come is seen soon, and what takes long is not slowed down by who looks. */
const FIRST_PAUSE_MS = 25;
const LONGEST_PAUSE_MS = 100;

/** A condition did not come true in time; the message says which, and what was seen last. */
export class NotInTime extends Error {
  override readonly name = 'NotInTime';
}

/**
 * Looks again and again until `look` gives something other than false or undefined.
 * @param within milliseconds
 * @param seen tells, for the error, how far it has come
 */
export async function until<T>(
  what: string,
  look: () => T | Promise<T>,
  within = 30_000,
  seen: () => string = () => '',
): Promise<Exclude<T, false | undefined>> {
  const deadline = performance.now() + within;
  for (let between = FIRST_PAUSE_MS; ; between = Math.min(between * 1.25, LONGEST_PAUSE_MS)) {
    const found = await look();
    if (isThere(found)) return found;
    if (performance.now() >= deadline) throw new NotInTime(`not within ${within} ms: ${what} ${seen()}`.trim());
    await pause(between);
  }
}

function isThere<T>(found: T): found is Exclude<T, false | undefined> {
  return found !== false && found !== undefined;
}
