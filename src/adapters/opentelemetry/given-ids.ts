import { RandomIdGenerator, type IdGenerator } from '@opentelemetry/sdk-trace';

interface Ids {
  readonly traceId: string;
  readonly spanId: string;
}

/** Ids of spans: random ones, but for the span whose ids are given. */
export class GivenIds implements IdGenerator {
  private readonly random = new RandomIdGenerator();
  private given: Ids | undefined;

  /** @param start starts one span, which has these ids unless its trace is that of its parent */
  for<T>(ids: Ids, start: () => T): T {
    this.given = ids;
    try {
      return start();
    } finally {
      this.given = undefined;
    }
  }

  generateTraceId(): string {
    return this.given?.traceId ?? this.random.generateTraceId();
  }

  generateSpanId(): string {
    return this.given?.spanId ?? this.random.generateSpanId();
  }
}
