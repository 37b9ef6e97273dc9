/** The local stack can't do what was asked; the message is a sentence for the person in front of the terminal. */
export class StackError extends Error {
  override readonly name = 'StackError';
}

/** A service lost the race for its port: on a first start, another port cures it. */
export class PortTakenError extends StackError {}
