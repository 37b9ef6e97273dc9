import { sessionSettings, startupOptions } from '../../../src/uow/session.ts';

const TIMEOUTS = { statementTimeout: 20_000, lockTimeout: 5_000, idleInTransactionTimeout: 10_000 };

test("what has to hold comes behind the operator's options, of which the server takes the last", () => {
  const options = startupOptions('-c statement_timeout=0 -c work_mem=7MB', sessionSettings(TIMEOUTS));
  expect(options).toMatch(/^-c statement_timeout=0 -c work_mem=7MB -c statement_timeout=20000 -c lock_timeout=5000 /);
});

test('a blank or a backslash in a value does not end it', () => {
  expect(startupOptions('', { DateStyle: 'ISO, MDY', path: 'a\\b' })).toMatch(
    /^-c DateStyle=ISO,\\ MDY -c path=a\\\\b -c tcp_/,
  );
});
