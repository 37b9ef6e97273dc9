/** The local stack can't do its work. The message is a sentence for the person at the terminal. */
export class StackError extends Error {
  override readonly name = 'StackError';
}

/** Another process has taken the port of a service. A first start tries another port. */
export class PortTakenError extends StackError {}
