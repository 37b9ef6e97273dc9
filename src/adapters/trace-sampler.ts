import { isSampled, traceIdOf } from './trace-context.ts';

/** Which messages are traced. Asked for each message, so it makes no object. */
export interface TraceSampler {
  /**
   * @param traceparent what the message came with; null for none
   * @param traceId of the trace that would begin with a message that has none
   */
  samples(traceparent: string | null, traceId: string): boolean;
}

const PARENT_BASED = 'parentbased_';

/**
 * The last 14 digits of a trace id are random if any are (W3C Trace Context, level 2, "Random trace-id flag"). The first 13 of these make a
 * number that is exact.
 */
const [RANDOM_FROM, RANDOM_TO] = [18, 31];
const MOST = 2 ** 52;

/**
 * Samples as OTEL_TRACES_SAMPLER says.
 * @param name one of SAMPLERS
 * @param ratio of the traces that `traceidratio` samples, from 0 to 1
 */
export function traceSampler(name: string, ratio: number): TraceSampler {
  const asParent = name.startsWith(PARENT_BASED);
  const root = rootSampler(asParent ? name.slice(PARENT_BASED.length) : name, ratio);
  return {
    samples(traceparent, traceId) {
      if (traceparent === null) return root(traceId);
      return asParent ? isSampled(traceparent) : root(traceIdOf(traceparent));
    },
  };
}

function rootSampler(name: string, ratio: number): (traceId: string) => boolean {
  if (name === 'always_on') return () => true;
  if (name === 'always_off') return () => false;
  if (ratio === 0) return () => false;
  // Rejects what is low, as OpenTelemetry's specification of consistent sampling does: whoever samples less samples a part of the same traces.
  // Digits of one length have the order of their numbers.
  const threshold = Math.ceil((1 - ratio) * MOST)
    .toString(16)
    .padStart(RANDOM_TO - RANDOM_FROM, '0');
  return (traceId) => traceId.slice(RANDOM_FROM, RANDOM_TO) >= threshold;
}
