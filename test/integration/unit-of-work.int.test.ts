import { inChunks } from '../support/contract/in-chunks.ts';
import { postgresSubject } from '../support/contract/postgres-subject.ts';
import type { Subject } from '../support/contract/subject.ts';
import { describeThousands } from '../support/contract/thousands.contract.ts';
import { describeUnitOfWork } from '../support/contract/unit-of-work.contract.ts';
import { describeLookUps, statementsOf } from '../support/plans.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

/** Of servers, databases and roles that others use too. */
const DEFAULTS_OF_OTHERS = {
  array_nulls: 'off',
  standard_conforming_strings: 'off',
  default_transaction_isolation: `'serializable'`,
  bytea_output: `'escape'`,
  DateStyle: `'German, DMY'`,
  IntervalStyle: `'sql_standard'`,
  TimeZone: `'Asia/Kathmandu'`,
  extra_float_digits: '-15',
  statement_timeout: '1',
  enable_seqscan: 'on',
};

/** Thousands are decided at one stretch, which takes long on a busy machine. */
const PATIENT = { statementTimeout: 60_000, lockTimeout: 5_000, idleInTransactionTimeout: 60_000 };

let database: TestDatabase;
let statements: ReadonlySet<string>;

// Everything below holds whatever the defaults are.
beforeAll(async () => {
  database = await createTestDatabase({ timeouts: PATIENT });
  const name = new URL(database.url).pathname.slice(1);
  for (const [setting, value] of Object.entries(DEFAULTS_OF_OTHERS)) {
    await database.db.raw(`ALTER DATABASE ${name} SET ${setting} = ${value}`);
  }
  // A session keeps the defaults that it began with.
  await database.db.destroy();
  database.db.initialize();
  statements = statementsOf(database.db);
});

afterAll(() => database.drop());

const onPostgres = async (): Promise<Subject> => {
  await database.clear();
  return postgresSubject(database.db);
};

describeUnitOfWork('KnexUnitOfWork', onPostgres);

describe('thousands', () => describeThousands(onPostgres));

describeUnitOfWork('KnexUnitOfWork, with lanes that write chunks', async () => {
  const subject = await onPostgres();
  return { ...subject, unitOfWork: inChunks(subject.unitOfWork) };
});

describe('of what the units of work have asked,', () => {
  describeLookUps(
    () => database,
    () => statements,
  );
});
