/** Where metrics or traces are exported to. */
export interface ExportTarget {
  readonly url: string;
  /** The same, as far as it may be told. */
  readonly place: string;
  /** Sent with each export. Asked for anew each time, since they may hold a token that is rotated. @throws ConfigurationError */
  readonly headers: () => Readonly<Record<string, string>>;
  /** How long one export may take, its repetitions included. Milliseconds. */
  readonly timeout: number;
}

export interface SpanExport extends ExportTarget {
  /** How long spans may wait for an export. Milliseconds. */
  readonly delay: number;
  /** The most spans of one export, and the most that wait for one: further ones are dropped, and counted in the log. */
  readonly batch: number;
  readonly queue: number;
}

/** What OTEL_TRACES_SAMPLER may say. Behind `parentbased_`, what has a parent is sampled as that is. */
export const SAMPLERS: readonly string[] = [
  ...['always_on', 'always_off', 'traceidratio'],
  ...['parentbased_always_on', 'parentbased_always_off', 'parentbased_traceidratio'],
];
