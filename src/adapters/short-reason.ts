const MAX_REASON = 300;

/** What went wrong, as much of it as fits into a header of a dead letter. */
export function shortReason(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).slice(0, MAX_REASON);
}
