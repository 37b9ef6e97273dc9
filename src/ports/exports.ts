/** Where metrics or traces are exported to. */
export interface ExportTarget {
  readonly url: string;
  /** Sent with each export. Asked for anew each time, since they may hold a token that is rotated. @throws ConfigurationError */
  readonly headers: () => Readonly<Record<string, string>>;
  /** How long one export may take, its repetitions included. Milliseconds. */
  readonly timeout: number;
}
