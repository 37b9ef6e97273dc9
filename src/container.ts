import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import {
  asClass,
  asFunction,
  asValue,
  createContainer as createAwilix,
  InjectionMode,
  type AwilixContainer,
  type Resolver,
} from 'awilix';
import type { Kafka } from 'kafkajs';
import type { Knex } from 'knex';
import { pino, type Logger } from 'pino';
import { KafkaCloudEvents } from './adapters/cloud-events.ts';
import { DLQ_EXTRA_BYTES, dlqLimit, KafkaAdmin } from './adapters/kafka-admin.ts';
import { createKafka } from './adapters/kafka-client.ts';
import { KafkaConsumer } from './adapters/kafka-consumer.ts';
import { KafkaProducer } from './adapters/kafka-producer.ts';
import { MessageCodec } from './adapters/message-codec.ts';
import { SchemaRegistryClient, subjectOf } from './adapters/schema-registry.ts';
import { KeyPlacement } from './adapters/key-placement.ts';
import { LogTelemetry } from './adapters/telemetry.ts';
import { HttpUserDomainClient } from './adapters/user-domain-client.ts';
import type { Config } from './config.ts';
import type { DomainEvent } from './domain/events.ts';
import type { MessageName } from './generated/messages.ts';
import {
  COMMAND_NAMES,
  EVENT_NAMES,
  INTERNAL_MESSAGE_NAMES,
  OUTSIDE_EVENT_NAMES,
  REJECTION_NAMES,
  SCHEMAS,
} from './generated/schemas.ts';
import * as license from './handlers/commands/license.ts';
import * as subdivision from './handlers/commands/subdivision.ts';
import * as tenant from './handlers/commands/tenant.ts';
import * as user from './handlers/commands/user.ts';
import { ExternalMessageBusSender } from './handlers/events/external-message-bus.ts';
import { ActiveLicensesKeeper } from './handlers/events/license.ts';
import * as outside from './handlers/events/outside-broker.ts';
import { UserLookUpQueuer } from './handlers/events/user.ts';
import {
  COMMANDS_HANDLERS_FOR_INJECTION,
  EVENTS_HANDLERS_FOR_INJECTION,
  OUTSIDE_EVENTS_HANDLERS_FOR_INJECTION,
} from './handlers/index.ts';
import type { Clock } from './ports/clock.ts';
import type { CloudEvents } from './ports/cloud-events.ts';
import type { Codec } from './ports/codec.ts';
import type { Consumer } from './ports/consumer.ts';
import { ConfigurationError } from './ports/errors.ts';
import type { DeadLetters } from './ports/dead-letters.ts';
import type { EventHandler, MessageHandler } from './ports/handlers.ts';
import type { OutboxMaintenance } from './ports/outbox-maintenance.ts';
import type { Placement } from './ports/placement.ts';
import type { Producer } from './ports/producer.ts';
import type { Telemetry } from './ports/telemetry.ts';
import type { Topics } from './ports/topics.ts';
import type { UnitOfWork } from './ports/unit-of-work.ts';
import type { UserDomainClient } from './ports/user-domain-client.ts';
import { DatabaseServer } from './uow/database-server.ts';
import { createDatabase } from './uow/database.ts';
import { KnexDeadLetters } from './uow/dead-letters.ts';
import { Migrations } from './uow/migrations.ts';
import { KnexOutboxMaintenance } from './uow/outbox-maintenance.ts';
import { sessionSettings } from './uow/session.ts';
import { KnexUnitOfWork, UnattendedLane } from './uow/unit-of-work.ts';
import { Dispatcher, type EventHandlers } from './worker/dispatcher.ts';
import { Planner, type AnyHandler, type Handlers } from './worker/planner.ts';
import { Replayer } from './worker/replayer.ts';
import { UserLookUps } from './worker/user-lookups.ts';
import { Worker } from './worker/intake/worker.ts';

type CommandHandlerName = (typeof COMMANDS_HANDLERS_FOR_INJECTION)[keyof typeof COMMANDS_HANDLERS_FOR_INJECTION];
type OutsideHandlerName =
  (typeof OUTSIDE_EVENTS_HANDLERS_FOR_INJECTION)[keyof typeof OUTSIDE_EVENTS_HANDLERS_FOR_INJECTION];
type EventHandlerName = (typeof EVENTS_HANDLERS_FOR_INJECTION)[keyof typeof EVENTS_HANDLERS_FOR_INJECTION][number];

/** Everything the container resolves; each of it can be replaced by `overrides`. */
export type Cradle = {
  readonly config: Config;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly topics: Topics;
  readonly userDomainKnown: boolean;
  readonly telemetry: Telemetry & { stop(): void };
  readonly database: Knex;
  readonly databaseServer: DatabaseServer;
  readonly migrations: Migrations;
  readonly unitOfWork: UnitOfWork;
  readonly outboxMaintenance: OutboxMaintenance;
  readonly deadLetters: DeadLetters;
  readonly kafka: Kafka;
  readonly kafkaAdmin: KafkaAdmin;
  readonly consumer: Consumer;
  readonly producer: Producer & { stop(): Promise<void> };
  readonly schemaRegistry: SchemaRegistryClient;
  readonly codec: Codec & Pick<MessageCodec, 'prepareWriters'>;
  readonly cloudEvents: CloudEvents;
  readonly userDomainClient: UserDomainClient | undefined;
  readonly handlers: Handlers;
  readonly eventHandlers: EventHandlers;
  readonly lookUpAnswerHandler: AnyHandler;
  readonly placement: Placement;
  readonly planner: Planner;
  readonly dispatcher: Dispatcher;
  readonly userLookUps: UserLookUps;
  readonly userLookUpQueuer: UserLookUpQueuer;
  readonly replayer: Replayer;
  readonly worker: Worker;
} & { readonly [Name in CommandHandlerName | OutsideHandlerName]: MessageHandler<never, unknown> } & {
  readonly [Name in Exclude<EventHandlerName, 'userLookUpQueuer'>]: EventHandler<never>;
};

type Overrides = { readonly [Name in keyof Cradle]?: Resolver<Cradle[Name]> };

/** Only goes forward, whatever happens to the time of day: for what is remembered or waited for so long. */
const STEADY: Clock = { now: () => performance.now() };

/**
 * The composition root. Nothing is opened before it is asked for.
 * @param options.overrides takes the place of what is registered here, by name
 * @throws ConfigurationError when a message has no handler, or an event one twice, as soon as `handlers` or `eventHandlers` is resolved
 */
export function createContainer({
  config,
  overrides = {},
}: {
  readonly config: Config;
  readonly overrides?: Overrides;
}): AwilixContainer<Cradle> {
  const container = createAwilix<Cradle>({ injectionMode: InjectionMode.PROXY, strict: true });
  container.register({
    config: asValue(config),
    topics: asValue(config.topics),
    userDomainKnown: asValue(config.userDomainUrl !== undefined),
    clock: asValue<Clock>({ now: () => Date.now() }),
    newId: asValue(() => randomUUID()),
    logger: asFunction(() =>
      pino({ level: config.logLevel, base: { service: 'licensing' } }, pino.destination(2)),
    ).singleton(),
    telemetry: asFunction(({ logger }: Cradle) => new LogTelemetry(logger, STEADY.now)).singleton(),
    ...database(config),
    ...messaging(config),
    ...commandHandlers(),
    ...eventHandlers(),
    ...worker(config),
  });
  container.register({ ...overrides });
  return container;
}

function database(config: Config) {
  return {
    database: asFunction(({ logger }: Cradle) =>
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
      ({ database: db }: Cradle) => new DatabaseServer(db, sessionSettings(config)),
    ).singleton(),
    migrations: asFunction(
      ({ database: db }: Cradle) => new Migrations(db, fileURLToPath(new URL('../migrations', import.meta.url))),
    ).singleton(),
    unitOfWork: asFunction(({ database: db, newId }: Cradle) => new KnexUnitOfWork(db, newId)).singleton(),
    outboxMaintenance: asFunction(({ database: db }: Cradle) => new KnexOutboxMaintenance(db)).singleton(),
    deadLetters: asFunction(({ database: db }: Cradle) => new KnexDeadLetters(db)).singleton(),
  };
}

function messaging(config: Config) {
  const { kafkaBrokers, kafkaGroupId, connectTimeout, sessionTimeout, topics } = config;
  return {
    kafka: asFunction(({ logger }: Cradle) =>
      createKafka({ brokers: kafkaBrokers, clientId: 'licensing', connectTimeout, requestTimeout: 10_000 }, logger),
    ).singleton(),
    kafkaAdmin: asFunction(({ kafka }: Cradle) => new KafkaAdmin(kafka)).singleton(),
    consumer: asFunction(
      ({ kafka }: Cradle) =>
        new KafkaConsumer(kafka, {
          groupId: kafkaGroupId,
          topics: [topics.commands, topics.users, topics.userLookUps],
          sessionTimeout,
          rebalanceTimeout: sessionTimeout * 2,
          heartbeatInterval: Math.min(3_000, sessionTimeout / 6),
          maxWaitTime: 250,
          maxBytesPerPartition: 262_144,
        }),
    ).singleton(),
    placement: asFunction(
      ({ kafkaAdmin, telemetry }: Cradle) =>
        new KeyPlacement({
          partitionsOf: (topic) => kafkaAdmin.partitionsOf(topic),
          telemetry,
          now: STEADY.now,
        }),
    ).singleton(),
    producer: asFunction(({ kafka }: Cradle) => new KafkaProducer(kafka)).singleton(),
    schemaRegistry: asFunction(
      ({ telemetry }: Cradle) => new SchemaRegistryClient({ url: config.schemaRegistryUrl, telemetry }),
    ).singleton(),
    codec: asFunction(
      ({ schemaRegistry, logger }: Cradle) =>
        new MessageCodec({ registry: schemaRegistry, schemas: SCHEMAS, clock: STEADY, logger }),
    ).singleton(),
    cloudEvents: asFunction(
      ({ codec }: Cradle) =>
        new KafkaCloudEvents(codec, { source: config.eventSource, maxMessageBytes: config.maxMessageBytes }),
    ).singleton(),
    userDomainClient: asFunction(({ telemetry }: Cradle) => {
      const { userDomainUrl, userDomainTimeout } = config;
      if (userDomainUrl === undefined) return undefined;
      return new HttpUserDomainClient({ baseUrl: userDomainUrl, timeout: userDomainTimeout, telemetry });
    }).singleton(),
  };
}

function commandHandlers() {
  return {
    createTenantHandler: asClass(tenant.CreateTenantHandler).singleton(),
    updateTenantHandler: asClass(tenant.UpdateTenantHandler).singleton(),
    deleteTenantHandler: asClass(tenant.DeleteTenantHandler).singleton(),
    createSubdivisionHandler: asClass(subdivision.CreateSubdivisionHandler).singleton(),
    updateSubdivisionHandler: asClass(subdivision.UpdateSubdivisionHandler).singleton(),
    deleteSubdivisionHandler: asClass(subdivision.DeleteSubdivisionHandler).singleton(),
    createLicenseHandler: asClass(license.CreateLicenseHandler).singleton(),
    updateLicenseHandler: asClass(license.UpdateLicenseHandler).singleton(),
    deleteLicenseHandler: asClass(license.DeleteLicenseHandler).singleton(),
    activateSubdivisionLicenseHandler: asClass(license.ActivateSubdivisionLicenseHandler).singleton(),
    deactivateSubdivisionLicenseHandler: asClass(license.DeactivateSubdivisionLicenseHandler).singleton(),
    addStatisticRowHandler: asClass(license.AddStatisticRowHandler).singleton(),
    createUserHandler: asClass(user.CreateUserHandler).singleton(),
    outsideUserCreatedHandler: asClass(outside.OutsideUserCreatedHandler).singleton(),
    outsideUserUpdatedHandler: asClass(outside.OutsideUserUpdatedHandler).singleton(),
    outsideUserDeletedHandler: asClass(outside.OutsideUserDeletedHandler).singleton(),
    lookUpAnswerHandler: asClass(outside.LookUpAnswerHandler).singleton(),
  };
}

function eventHandlers() {
  return {
    externalMessageBusSender: asClass(ExternalMessageBusSender).singleton(),
    activeLicensesKeeper: asClass(ActiveLicensesKeeper).singleton(),
    userLookUpQueuer: asClass(UserLookUpQueuer).singleton(),
  };
}

function worker(config: Config) {
  return {
    handlers: asFunction((cradle: Cradle): Handlers => ({
      commands: table(cradle, COMMAND_NAMES, COMMANDS_HANDLERS_FOR_INJECTION),
      outsideEvents: table(cradle, OUTSIDE_EVENT_NAMES, OUTSIDE_EVENTS_HANDLERS_FOR_INJECTION),
      lookUpAnswer: cradle.lookUpAnswerHandler,
    })).singleton(),
    eventHandlers: asFunction((cradle: Cradle): EventHandlers => eventTable(cradle)).singleton(),
    planner: asFunction(
      (cradle: Cradle) => new Planner(pick(cradle, 'codec', 'cloudEvents', 'handlers', 'topics', 'telemetry')),
    ).singleton(),
    dispatcher: asFunction(
      (cradle: Cradle) =>
        new Dispatcher({
          ...pick(cradle, 'cloudEvents', 'eventHandlers', 'topics'),
          consumerGroup: config.kafkaGroupId,
          parkUndecodable: config.parkUndecodable,
          maxLetterBytes: config.maxMessageBytes + DLQ_EXTRA_BYTES,
        }),
    ).singleton(),
    userLookUps: asFunction(
      ({ planner, userDomainClient, telemetry }: Cradle) =>
        new UserLookUps(planner, userDomainClient, telemetry, config.lookUpsAtOnce),
    ).singleton(),
    replayer: asFunction(
      (cradle: Cradle) =>
        new Replayer({
          ...pick(cradle, 'unitOfWork', 'dispatcher', 'planner', 'userLookUps', 'cloudEvents', 'deadLetters', 'topics'),
          lane: new UnattendedLane(cradle.newId()),
        }),
    ).singleton(),
    worker: asFunction(
      (cradle: Cradle) =>
        new Worker(
          {
            lanes: config.lanes,
            chunkMaxMessages: config.chunkMaxMessages,
            queueMaxMessages: config.chunkMaxMessages,
            queueMaxBytes: config.queueMaxBytes,
            lookUpsMaxMessages: 8 * config.lookUpsAtOnce,
            lookUpsQueueMaxMessages: 2 * 8 * config.lookUpsAtOnce,
            commitInterval: 250,
            heartbeatInterval: Math.min(3_000, config.sessionTimeout / 6),
            relay: {
              interval: 1_000,
              silence: 10_000,
              step: config.chunkMaxMessages,
            },
            cleaner: {
              interval: 60_000,
              pause: 500,
              step: 2_000,
              inboxRetention: config.inboxRetention,
              deadLetterRetention: config.deadLetterRetention,
            },
          },
          pick(
            cradle,
            'unitOfWork',
            'dispatcher',
            'producer',
            'outboxMaintenance',
            'telemetry',
            'newId',
            'consumer',
            'planner',
            'userLookUps',
            'placement',
            'topics',
          ),
        ),
    ).singleton(),
  };
}

export { DLQ_EXTRA_BYTES, dlqLimit };
export type { TopicState } from './adapters/kafka-admin.ts';
export type { Replayed } from './worker/replayer.ts';

export interface Subject {
  /** In the registry, by TopicRecordNameStrategy. */
  readonly subject: string;
  readonly topic: string;
  readonly type: MessageName;
}

/** Which types go over which topic: what is registered, and what the worker writes with. */
export function subjectsOf(topics: Topics): readonly Subject[] {
  return [
    ...subjects(topics.commands, COMMAND_NAMES),
    ...subjects(topics.users, OUTSIDE_EVENT_NAMES),
    ...writtenSubjects(topics),
  ];
}

/** The part of them that the worker itself writes. */
export function writtenSubjects(topics: Topics): readonly Subject[] {
  return [
    ...subjects(topics.events, EVENT_NAMES),
    ...subjects(topics.rejections, REJECTION_NAMES),
    ...subjects(topics.userLookUps, INTERNAL_MESSAGE_NAMES),
  ];
}

function subjects(topic: string, types: readonly MessageName[]): readonly Subject[] {
  return types.map((type) => ({ subject: subjectOf(topic, type), topic, type }));
}

/** The cradle is a proxy, which must not be spread or kept: this takes what is needed out of it. */
function pick<Name extends keyof Cradle>(cradle: Cradle, ...names: readonly Name[]): Pick<Cradle, Name> {
  return Object.fromEntries(names.map((name) => [name, cradle[name]])) as Pick<Cradle, Name>;
}

function table<Name extends string>(
  cradle: Cradle,
  names: readonly Name[],
  handlers: Readonly<Partial<Record<string, CommandHandlerName | OutsideHandlerName>>>,
): ReadonlyMap<Name, AnyHandler> {
  return new Map(
    names.map((name) => {
      const handler = handlers[name];
      if (handler === undefined) throw new ConfigurationError(`${name} has no handler (src/handlers/index.ts)`);
      return [name, cradle[handler]];
    }),
  );
}

function eventTable(cradle: Cradle): EventHandlers {
  const table: Readonly<Partial<Record<string, readonly EventHandlerName[]>>> = EVENTS_HANDLERS_FOR_INJECTION;
  return new Map(
    EVENT_NAMES.map((name) => {
      const handlers = table[name] ?? [];
      if (handlers.length === 0) throw new ConfigurationError(`${name} has no handler (src/handlers/index.ts)`);
      const twice = handlers.find((handler, i) => handlers.indexOf(handler) !== i);
      if (twice !== undefined)
        throw new ConfigurationError(`${name} has the handler ${twice} twice (src/handlers/index.ts)`);
      return [name, handlers.map((handler) => cradle[handler] as EventHandler<DomainEvent>)];
    }),
  );
}
