const MAX_REASON = 300;

/** The message of an error, cut to what fits into a header of a dead letter. */
export function shortReason(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).slice(0, MAX_REASON);
}
