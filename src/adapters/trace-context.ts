/**
 * The header `traceparent` tells its version, the id of the trace, the id of the span that has sent the message, and flags, all in hex digits.
 * A version after 00 may say more behind a further dash. Source: W3C Trace Context, "Traceparent Header".
 */
const FORM = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}(?:$|-)/;
const [TRACE_AT, SPAN_AT, FLAGS_AT, END] = [3, 36, 53, 55];
const NO_TRACE = '0'.repeat(32);
const NO_SPAN = '0'.repeat(16);

export function isTraceparent(text: string): boolean {
  if (!FORM.test(text) || text.startsWith('ff')) return false;
  if (text.length > END && text.startsWith('00')) return false;
  return !text.startsWith(NO_TRACE, TRACE_AT) && !text.startsWith(NO_SPAN, SPAN_AT);
}

// What follows takes well-formed ones.

/** @returns 32 hex digits */
export function traceIdOf(traceparent: string): string {
  return traceparent.slice(TRACE_AT, TRACE_AT + NO_TRACE.length);
}

/** @returns 16 hex digits */
export function spanIdOf(traceparent: string): string {
  return traceparent.slice(SPAN_AT, SPAN_AT + NO_SPAN.length);
}

/** Whether whoever has sent the message records its trace. */
export function isSampled(traceparent: string): boolean {
  return (flagsOf(traceparent) & SAMPLED) !== 0;
}

/**
 * For a span that is recorded. It has the flags of its parent.
 * @param parent undefined where a trace begins
 */
export function traceparentOf(traceId: string, spanId: string, parent: string | undefined): string {
  const flags = (parent === undefined ? 0 : flagsOf(parent)) | SAMPLED;
  return `00-${traceId}-${spanId}-${flags.toString(16).padStart(2, '0')}`;
}

const SAMPLED = 1;

function flagsOf(traceparent: string): number {
  return Number.parseInt(traceparent.slice(FLAGS_AT, END), 16);
}
