/**
 * The header `traceparent` tells its version, the id of the trace, the id of the span that has sent the message, and flags, all in hex digits.
 * A version after 00 may say more behind a further dash. Source: W3C Trace Context, "Traceparent Header".
 */
const FORM = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}(?:$|-)/;
const [TRACE_AT, SPAN_AT, END] = [3, 36, 55];
const NO_TRACE = '0'.repeat(32);
const NO_SPAN = '0'.repeat(16);

export function isTraceparent(text: string): boolean {
  if (!FORM.test(text) || text.startsWith('ff')) return false;
  if (text.length > END && text.startsWith('00')) return false;
  return !text.startsWith(NO_TRACE, TRACE_AT) && !text.startsWith(NO_SPAN, SPAN_AT);
}

/** @param traceparent a well-formed one. @returns 32 hex digits */
export function traceIdOf(traceparent: string): string {
  return traceparent.slice(TRACE_AT, TRACE_AT + NO_TRACE.length);
}
