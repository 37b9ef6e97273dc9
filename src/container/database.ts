import { fileURLToPath } from 'node:url';
import { asFunction } from 'awilix/browser';
import type { Knex } from 'knex';
import type { Config } from '../config.ts';
import type { BacklogReader } from '../ports/backlog.ts';
import type { DeadLetters } from '../ports/dead-letters.ts';
import type { DecidedOffsets } from '../ports/decided-offsets.ts';
import type { Entitlements } from '../ports/entitlements.ts';
import type { MessageOutcomes } from '../ports/message-outcomes.ts';
import type { TenantExports } from '../ports/tenant-exports.ts';
import type { OutboxMaintenance } from '../ports/outbox-maintenance.ts';
import type { Timers } from '../ports/timers.ts';
import type { UnitOfWork } from '../ports/unit-of-work.ts';
import { KnexDecidedOffsets } from '../uow/decided-offsets.ts';
import { DatabaseServer } from '../uow/database-server.ts';
import { KnexBacklog } from '../uow/backlog.ts';
import { createDatabase } from '../uow/database.ts';
import { KnexDeadLetters } from '../uow/dead-letters.ts';
import { KnexEntitlements } from '../uow/entitlements.ts';
import { KnexMessageOutcomes } from '../uow/message-outcomes.ts';
import { KnexTenantExports } from '../uow/tenant-exports.ts';
import { Migrations } from '../uow/migrations.ts';
import { KnexOutboxMaintenance } from '../uow/outbox-maintenance.ts';
import { sessionSettings } from '../uow/session.ts';
import { iamPasswords } from '../uow/opening/iam.ts';
import { KnexTimers } from '../uow/timers.ts';
import { KnexUnitOfWork } from '../uow/unit-of-work.ts';
import type { ProcessParts } from './process.ts';
import type { Registrations } from './registrations.ts';

export interface DatabaseParts {
  readonly database: Knex;
  readonly databaseServer: DatabaseServer;
  readonly migrations: Migrations;
  readonly unitOfWork: UnitOfWork;
  readonly outboxMaintenance: OutboxMaintenance;
  readonly timers: Timers;
  readonly entitlements: Entitlements;
  readonly decidedOffsets: DecidedOffsets;
  readonly deadLetters: DeadLetters;
  readonly messageOutcomes: MessageOutcomes;
  readonly backlog: BacklogReader;
  readonly tenantExports: TenantExports;
}

type Needs = DatabaseParts & Pick<ProcessParts, 'newId'>;

export function databaseParts(config: Config): Registrations<DatabaseParts> {
  return {
    database: asFunction(({ logger }: ProcessParts) =>
      createDatabase({
        log: (message) => logger.debug({ library: 'knex' }, message),
        ...connectionOf(config),
        betweenFound: ({ keepsNames }) => {
          const names = keepsNames
            ? 'it keeps the names of statements apart'
            : 'statements are sent without names, and planned each time; PgBouncer keeps names apart from 1.21 on (max_prepared_statements)';
          logger.info({ namedStatements: keepsNames }, `a connection pooler stands before the database: ${names}`);
        },
        // The lanes, the look-ups' lane, the relay, the cleaner, the looks at what is decided, the sweeps of timers, entitlements, and the gauges.
        poolMax: config.lanes + 7,
        connectTimeout: config.connectTimeout,
        statementTimeout: config.statementTimeout,
        lockTimeout: config.lockTimeout,
        idleInTransactionTimeout: config.idleInTransactionTimeout,
      }),
    ).singleton(),
    databaseServer: asFunction(
      ({ database: db }: DatabaseParts) =>
        new DatabaseServer(db, sessionSettings({ ...config, schema: config.databaseSchema })),
    ).singleton(),
    migrations: asFunction(
      ({ database: db }: DatabaseParts) =>
        new Migrations(db, fileURLToPath(new URL('../../migrations', import.meta.url)), config.databaseSchema),
    ).singleton(),
    unitOfWork: asFunction(({ database: db, newId }: Needs) => new KnexUnitOfWork(db, newId)).singleton(),
    outboxMaintenance: asFunction(({ database: db }: DatabaseParts) => new KnexOutboxMaintenance(db)).singleton(),
    timers: asFunction(({ database: db }: DatabaseParts) => new KnexTimers(db)).singleton(),
    entitlements: asFunction(
      ({ database: db }: DatabaseParts) => new KnexEntitlements(db, config.topics.entitlements),
    ).singleton(),
    decidedOffsets: asFunction(({ database: db }: DatabaseParts) => new KnexDecidedOffsets(db)).singleton(),
    deadLetters: asFunction(({ database: db }: DatabaseParts) => new KnexDeadLetters(db)).singleton(),
    messageOutcomes: asFunction(({ database: db }: DatabaseParts) => new KnexMessageOutcomes(db)).singleton(),
    backlog: asFunction(
      ({ database: db, steadyClock }: DatabaseParts & ProcessParts) => new KnexBacklog(db, () => steadyClock.now()),
    ).singleton(),
    tenantExports: asFunction(({ database: db }: DatabaseParts) => new KnexTenantExports(db)).singleton(),
  };
}

/** Where the database is, and who the worker is there. */
function connectionOf({ databaseUrl, databasePassword, databaseSchema, databaseIam, kafkaSecurity }: Config) {
  const at = { url: databaseUrl, schema: databaseSchema };
  if (databaseIam !== undefined) {
    return { ...at, password: iamPasswords(databaseIam, kafkaSecurity.awsRegion), passwordFrom: 'DATABASE_IAM' };
  }
  if (databasePassword === undefined) return at;
  databasePassword();
  return { ...at, password: databasePassword, passwordFrom: 'DATABASE_PASSWORD' };
}
