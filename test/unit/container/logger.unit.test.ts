import { createLogger } from '../../../src/container/logger.ts';
import { PublicationFailed } from '../../../src/ports/errors.ts';
import { anEvent } from '../../support/builders.ts';

it.each([
  ['repeats', 'DATABASE_URL db: refused', 'DATABASE_URL db: refused'],
  ['adds to', 'no connection', 'no connection: refused'],
])('writes the message of a cause once: the error %s it', (_, message, written) => {
  const lines: string[] = [];
  const logger = createLogger('info', { write: (line) => void lines.push(line) });
  logger.warn({ err: new Error(message, { cause: new Error('refused') }) }, 'waiting');
  expect(lines.map((line) => (JSON.parse(line) as { err: { message: string } }).err.message)).toEqual([written]);
});

it('writes nothing of the messages of a publication that has failed in part', () => {
  const lines: string[] = [];
  const logger = createLogger('info', { write: (line) => void lines.push(line) });
  const failed = new PublicationFailed([anEvent('key', 'of a customer')], new Error('refused'));
  logger.warn({ err: failed }, 'waiting');
  expect(failed.acknowledged).toHaveLength(1);
  expect((JSON.parse(lines[0] ?? '') as { err: object }).err).toEqual({
    type: 'PublicationFailed',
    name: 'PublicationFailed',
    message: 'refused',
    stack: expect.any(String) as string,
  });
});
