import { fileURLToPath } from 'node:url';
import { asFunction } from 'awilix';
import type { Knex } from 'knex';
import type { Config } from '../config.ts';
import type { DeadLetters } from '../ports/dead-letters.ts';
import type { OutboxMaintenance } from '../ports/outbox-maintenance.ts';
import type { UnitOfWork } from '../ports/unit-of-work.ts';
import { DatabaseServer } from '../uow/database-server.ts';
import { createDatabase } from '../uow/database.ts';
import { KnexDeadLetters } from '../uow/dead-letters.ts';
import { Migrations } from '../uow/migrations.ts';
import { KnexOutboxMaintenance } from '../uow/outbox-maintenance.ts';
import { sessionSettings } from '../uow/session.ts';
import { KnexUnitOfWork } from '../uow/unit-of-work.ts';
import type { ProcessParts } from './process.ts';
import type { Registrations } from './registrations.ts';

export interface DatabaseParts {
  readonly database: Knex;
  readonly databaseServer: DatabaseServer;
  readonly migrations: Migrations;
  readonly unitOfWork: UnitOfWork;
  readonly outboxMaintenance: OutboxMaintenance;
  readonly deadLetters: DeadLetters;
}

type Needs = DatabaseParts & Pick<ProcessParts, 'newId'>;

export function databaseParts(config: Config): Registrations<DatabaseParts> {
  return {
    database: asFunction(({ logger }: ProcessParts) =>
      createDatabase({
        log: (message) => logger.debug({ library: 'knex' }, message),
        url: config.databaseUrl,
        // The lanes, the look-ups' lane, the relay, the cleaner, and one to spare.
        poolMax: config.lanes + 4,
        connectTimeout: config.connectTimeout,
        statementTimeout: config.statementTimeout,
        lockTimeout: config.lockTimeout,
        idleInTransactionTimeout: config.idleInTransactionTimeout,
      }),
    ).singleton(),
    databaseServer: asFunction(
      ({ database: db }: DatabaseParts) => new DatabaseServer(db, sessionSettings(config)),
    ).singleton(),
    migrations: asFunction(
      ({ database: db }: DatabaseParts) =>
        new Migrations(db, fileURLToPath(new URL('../../migrations', import.meta.url))),
    ).singleton(),
    unitOfWork: asFunction(({ database: db, newId }: Needs) => new KnexUnitOfWork(db, newId)).singleton(),
    outboxMaintenance: asFunction(({ database: db }: DatabaseParts) => new KnexOutboxMaintenance(db)).singleton(),
    deadLetters: asFunction(({ database: db }: DatabaseParts) => new KnexDeadLetters(db)).singleton(),
  };
}
