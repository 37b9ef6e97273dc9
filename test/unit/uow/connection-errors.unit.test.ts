import { ConfigurationError } from '../../../src/ports/errors.ts';
import { connectionError } from '../../../src/uow/opening/connection-errors.ts';

test('a pooler that asks for TLS is no outage', () => {
  const said = Object.assign(new Error('SSL required'), { code: '08P01', severity: 'FATAL' });
  expect(connectionError(said, 'DATABASE_URL')).toEqual(
    new ConfigurationError('DATABASE_URL: PostgreSQL says: SSL required (08P01): see sslmode', { cause: said }),
  );
});
