import { TimedOut } from '../ports/errors.ts';
import { databaseError } from '../repos/tables/errors.ts';

// Watches each connection of the pool, so that its end is noticed, and reported with its reason.

/** What a pg client is inside; `checkClient` sees to it that it is so. */
export interface Connected {
  /** False while an answer is outstanding. */
  readonly readyForQuery: boolean;
  readonly connection: {
    on(event: 'errorMessage', then: (error: { readonly code?: string }) => void): void;
    readonly stream: {
      readonly bytesRead: number;
      setTimeout(milliseconds: number): void;
      on(event: 'timeout', then: () => void): void;
      destroy(error: Error): void;
    };
  };
  once(event: 'error', then: (error: Error) => void): void;
  query(config: unknown, answered: (error: Error) => void): void;
}

/**
 * Packets may vanish without a reset. pg's `query_timeout` would fail the query and leave the dead connection in the pool, where it
 * fails the next ones too, for as long as the kernel goes on trying; so the connection itself is ended.
 */
export function endWhenUnanswered(client: Connected, milliseconds: number): void {
  const { stream } = client.connection;
  stream.setTimeout(milliseconds);
  // Not given to `setTimeout`, which would call it once: a connection that was idle for so long would be watched no more.
  stream.on('timeout', () => {
    if (client.readyForQuery) return;
    // A process that was busy for so long has not looked for the answer: its timers come first, then the sockets, then this.
    const read = stream.bytesRead;
    setImmediate(() => {
      if (client.readyForQuery || stream.bytesRead > read) return;
      stream.destroy(new TimedOut(`PostgreSQL did not answer within ${milliseconds} ms`));
    });
  });
}

/**
 * The server ends a connection between two queries when a transaction says nothing for too long, and says why. pg keeps that to itself, and
 * refuses the next query as one on a broken connection: that would pass for an outage, after which the same chunk takes too long again.
 */
export function tellWhyItEnded(client: Connected): void {
  client.once('error', (reason) => {
    client.query = (_config, answered) => process.nextTick(answered, databaseError(reason));
  });
}
