import { randomUUID } from 'node:crypto';
import { KnexDeadLetters } from '../../src/uow/dead-letters.ts';
import { KnexUnitOfWork } from '../../src/uow/unit-of-work.ts';
import { describeUnitOfWork } from '../support/contract/unit-of-work.contract.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
});

afterAll(() => database.drop());

describeUnitOfWork('KnexUnitOfWork', async () => {
  const { db } = database;
  await database.clear();
  return {
    unitOfWork: new KnexUnitOfWork(db, randomUUID),
    letters: new KnexDeadLetters(db),
    outbox: () =>
      db('outbox').select('lane', 'seq', db.raw(`convert_from(value, 'UTF8') AS text`)).orderBy(['lane', 'seq']),
    forgetMessages: async () => {
      await db('inbox').del();
    },
    deadLetters: () => db('dead_letters').orderBy('letter_id').pluck('offset'),
  };
});
