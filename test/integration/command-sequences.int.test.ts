import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import type { Cradle } from '../../src/container.ts';
import { KnexUnitOfWork } from '../../src/uow/unit-of-work.ts';
import { checkTables } from '../oracle/check-tables.ts';
import { NOW } from '../support/builders.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { givenCradle } from '../support/given-cradle.ts';
import { InMemoryDatabase } from '../support/in-memory/database.ts';
import { InMemoryUnitOfWork } from '../support/in-memory/unit-of-work.ts';
import { lives } from '../support/lives.ts';
import { sequences } from '../support/sequences.ts';
import { Trial } from '../support/trial.ts';

const RUNS = 60;

let database: TestDatabase;
let cradle: Cradle;

beforeAll(async () => {
  [database, cradle] = await Promise.all([createTestDatabase(), givenCradle()]);
});

afterAll(() => database.drop());

test(`${RUNS} random sequences come to the same in memory, in PostgreSQL, and in the oracle's model`, async () => {
  await fc.assert(
    fc.asyncProperty(fc.oneof(sequences, lives), async (chunks) => {
      await database.clear();
      // Tells what PostgreSQL's clock has said.
      const clock = { time: NOW, now: () => clock.time };
      const trial = new Trial(cradle, clock, [
        new KnexUnitOfWork(database.db, randomUUID),
        new InMemoryUnitOfWork(new InMemoryDatabase(clock), randomUUID),
      ]);
      for (const chunk of chunks) await trial.run(chunk);
      const differences: string[] = [];
      await checkTables(trial.model, database, (what) => differences.push(what));
      expect(differences).toEqual([]);
    }),
    { numRuns: RUNS },
  );
});
