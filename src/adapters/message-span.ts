import { hash } from 'node:crypto';
import type { MessageSpan, ReceivedMessage } from '../ports/messages.ts';
import { spanIdOf, traceIdOf } from './trace-context.ts';
import type { TraceSampler } from './trace-sampler.ts';

export interface Tracing {
  readonly sampler: TraceSampler;
  /** The consumer group, so that two groups that read the same message have two spans. */
  readonly group: string;
}

const SPAN_DIGITS = 16;

/**
 * The span is made of the message's place, and a trace that begins with the message of its identity. So whoever handles the message again
 * after a crash tells the same span, and makes events of the same bytes.
 * @param traceparent what the message came with; null for none
 * @param identity the hash of the message's identity
 * @returns undefined when the message is not traced
 */
export function spanOf(
  { topic, partition, offset, timestamp }: ReceivedMessage,
  traceparent: string | null,
  identity: string,
  { sampler, group }: Tracing,
): MessageSpan | undefined {
  if (!sampler.samples(traceparent, identity)) return undefined;
  const place = `${group}/${topic}/${partition}/${offset}/${timestamp}`;
  const spanId = hash('sha256', place, 'hex').slice(0, SPAN_DIGITS);
  if (traceparent === null) return { traceId: identity, spanId, parentId: undefined };
  return { traceId: traceIdOf(traceparent), spanId, parentId: spanIdOf(traceparent) };
}
