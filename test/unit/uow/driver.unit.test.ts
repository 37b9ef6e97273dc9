import pg from 'pg';
import { ConfigurationError } from '../../../src/ports/errors.ts';
import { checkClient, checkVersions } from '../../../src/uow/driver.ts';

const nothing = (): void => undefined;
const stream = { bytesRead: 0, setTimeout: nothing, on: nothing, destroy: nothing };
const client = {
  readyForQuery: true,
  once: nothing,
  query: nothing,
  connection: { on: nothing, stream, parsedStatements: {} },
};

it('takes the versions that are installed, and the clients that they make', () => {
  expect(() => checkVersions()).not.toThrow();
  // A client sets this field when it has connected; the rest it has from the beginning.
  const connected = Object.assign(new pg.Client(), { readyForQuery: true });
  expect(() => checkClient(connected)).not.toThrow();
});

it.each([
  [{ pg: '8.23.2', knex: '3.3.0' }, 'pg is installed in version 8.23.2'],
  [{ pg: '8.23.1', knex: '3.4.0' }, 'knex is installed in version 3.4.0'],
])('refuses other versions: %j', (installed, said) => {
  expect(() => checkVersions(installed)).toThrow(ConfigurationError);
  expect(() => checkVersions(installed)).toThrow(said);
});

it.each([
  ['readyForQuery', { ...client, readyForQuery: undefined }],
  ['connection.on', { ...client, connection: { ...client.connection, on: undefined } }],
  [
    'connection.stream.bytesRead',
    { ...client, connection: { ...client.connection, stream: { ...stream, bytesRead: undefined } } },
  ],
])('refuses a client without %s, and names it', (name, changed) => {
  expect(() => checkClient(changed)).toThrow(
    new ConfigurationError(`a client of pg lacks ${name}, on which the worker relies`),
  );
});
