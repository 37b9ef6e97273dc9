import { EventEmitter, once } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import { TimedOut } from '../../../src/ports/errors.ts';
import { endWhenUnanswered, tellWhyItEnded, type Connected } from '../../../src/uow/connection.ts';

describe('a connection that has had no packet for as long as an answer may take', () => {
  it('is ended when an answer is outstanding, as work that took too long', async () => {
    const { stream } = given({ readyForQuery: false });
    stream.emit('timeout');
    await turn();
    expect(stream.destroyed).toEqual([new TimedOut('PostgreSQL did not answer within 9 ms')]);
  });

  it('is kept when the answer was there, and the process only too busy to read it', async () => {
    const { stream } = given({ readyForQuery: false });
    stream.emit('timeout');
    stream.bytesRead += 1; // the socket's turn comes between a timer's and that of what follows from it
    await turn();
    expect(stream.destroyed).toEqual([]);
  });

  it('is kept when nothing was asked', async () => {
    const { stream } = given({ readyForQuery: true });
    stream.emit('timeout');
    await turn();
    expect(stream.destroyed).toEqual([]);
  });
});

it('answers with the reason for which the server has ended it', async () => {
  const { client } = given({ readyForQuery: true });
  client.emit('error', Object.assign(new Error('too idle'), { code: '25P03', severity: 'FATAL' }));
  const answered = new EventEmitter();
  client.query('SELECT', (error) => answered.emit('answer', error));
  const [error]: unknown[] = await once(answered, 'answer');
  expect(error).toBeInstanceOf(TimedOut);
  expect(error).toHaveProperty('message', 'too idle (25P03)');
});

function given({ readyForQuery }: { readonly readyForQuery: boolean }) {
  const stream = new Stream();
  const client = Object.assign(new EventEmitter(), {
    readyForQuery,
    connection: { stream, on: () => undefined },
    query: (_config: unknown, answered: (error: Error) => void) => answered(new Error('not queryable')),
  }) satisfies Connected;
  endWhenUnanswered(client, 9);
  tellWhyItEnded(client);
  return { stream, client };
}

class Stream extends EventEmitter {
  bytesRead = 100;
  readonly destroyed: Error[] = [];

  setTimeout(): void {
    // This stream's time is up when the test says so.
  }

  destroy(error: Error): void {
    this.destroyed.push(error);
  }
}
