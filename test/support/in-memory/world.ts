import { randomUUID } from 'node:crypto';
import type { Clock } from '../../../src/ports/clock.ts';
import { NOW } from '../builders.ts';
import { InMemoryDatabase } from './database.ts';
import { InMemoryDeadLetters } from './dead-letters.ts';
import { InMemoryUnitOfWork } from './unit-of-work.ts';

/** Tables in memory and what works on them. The clock stands still unless a test brings one. */
export class InMemoryWorld {
  readonly database: InMemoryDatabase;
  readonly letters: InMemoryDeadLetters;
  readonly unitOfWork: InMemoryUnitOfWork;

  constructor(clock: Clock = { now: () => NOW }) {
    this.database = new InMemoryDatabase(clock);
    this.letters = new InMemoryDeadLetters(this.database);
    this.unitOfWork = new InMemoryUnitOfWork(this.database, randomUUID);
  }
}
