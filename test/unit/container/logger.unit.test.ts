import { createLogger } from '../../../src/container/logger.ts';

it.each([
  ['repeats', 'DATABASE_URL db: refused', 'DATABASE_URL db: refused'],
  ['adds to', 'no connection', 'no connection: refused'],
])('writes the message of a cause once: the error %s it', (_, message, written) => {
  const lines: string[] = [];
  const logger = createLogger('info', { write: (line) => void lines.push(line) });
  logger.warn({ err: new Error(message, { cause: new Error('refused') }) }, 'waiting');
  expect(lines.map((line) => (JSON.parse(line) as { err: { message: string } }).err.message)).toEqual([written]);
});
