/** The local stack can't do its work. The message is for the person at the terminal. */
export class StackError extends Error {
  override readonly name = 'StackError';
  /** What has happened, without a full stop and without the log that the message may show. */
  readonly headline: string;

  constructor(message: string, headline = message) {
    super(message);
    this.headline = headline;
  }
}

/** Another process has taken the port of a service. A first start tries another port. */
export class PortTakenError extends StackError {}
