import { pino, type DestinationStream, type Logger } from 'pino';

/** The log of the process: JSON lines on stderr, where they don't mix with what a verb prints. */
export function createLogger(level: string, destination: DestinationStream = pino.destination(2)): Logger {
  return pino({ level, base: { service: 'licensing' }, serializers: { err: serialized } }, destination);
}

/** pino writes the message of an error and that of its cause, in one line. Many errors repeat their cause's: those are written once. */
function serialized(error: Error): unknown {
  const written = pino.stdSerializers.err(error);
  // Whatever was thrown, `err` may hold what is no error; pino returns that as it is.
  if (written.raw === error) written.message = messageOf(error);
  return written;
}

function messageOf({ message, cause }: Error): string {
  if (!(cause instanceof Error)) return message;
  const below = messageOf(cause);
  return message.includes(below) ? message : `${message}: ${below}`;
}
