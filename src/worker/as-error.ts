/** Anything can be thrown in JavaScript; this makes an error of it. */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
