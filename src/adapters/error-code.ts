/** The code of an error of Node, such as `ENOENT`. Not by `instanceof`: its errors are of another realm under jest. */
export function codeOf(error: unknown): string | undefined {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : undefined;
}
