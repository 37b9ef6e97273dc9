/** The code of an error of Node, such as `ENOENT`. Not by `instanceof`: its errors are of another realm under jest. */
export function codeOf(error: unknown): string | undefined {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : undefined;
}

/** What an error names as its cause, as the errors of fetch do. Not by `instanceof`, as above. */
export function causeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'cause' in error ? error.cause : undefined;
}
