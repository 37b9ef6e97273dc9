import { serverFault } from '../../../src/uow/database-server.ts';

const SESSION = { statement_timeout: '20000', array_nulls: 'on' };
const FITTING = { ...SESSION, server_version_num: '150000', server_version: '15.0', server_encoding: 'UTF8' };

test('a server of version 15 or newer, in UTF8, whose session is as asked for, fits', () => {
  expect(serverFault(FITTING, SESSION)).toBeUndefined();
  expect(serverFault({ ...FITTING, server_version_num: '180003' }, SESSION)).toBeUndefined();
  // How much further than the disk a commit has to be is the operator's bargain.
  for (const held of ['on', 'local', 'remote_write', 'remote_apply']) {
    expect(serverFault({ ...FITTING, synchronous_commit: held }, SESSION)).toBeUndefined();
  }
});

test.each([
  [
    { server_version_num: '140021', server_version: '14.21 (Debian 14.21-1)' },
    'this is PostgreSQL 14.21 (Debian 14.21-1); 15 or newer is needed',
  ],
  [{ server_version_num: '120022', server_version: '12.22' }, 'this is PostgreSQL 12.22; 15 or newer is needed'],
  [{ server_encoding: 'LATIN1' }, /^the encoding of the database is LATIN1; it has to be UTF8/],
  [{ server_encoding: 'SQL_ASCII' }, /^the encoding of the database is SQL_ASCII; it has to be UTF8/],
  [{ synchronous_commit: 'off' }, /^synchronous_commit is off/],
  [{ statement_timeout: '0' }, /statement_timeout is '0' instead of '20000'\).*pooler/],
])('%j is told in a sentence', (found, sentence) => {
  expect(serverFault({ ...FITTING, ...found }, SESSION)).toMatch(sentence);
});
