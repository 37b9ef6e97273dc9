import { ConfigurationError } from './ports/errors.ts';
import type { Topics } from './ports/topics.ts';
import { httpUrl, postgresUrl } from './urls.ts';

/** Everything that can be set, in the units that the code uses: milliseconds and bytes. */
export interface Config {
  readonly kafkaBrokers: readonly string[];
  readonly kafkaGroupId: string;
  readonly schemaRegistryUrl: string;
  readonly databaseUrl: string;
  readonly userDomainUrl: string | undefined;
  readonly logLevel: string;
  readonly topics: Topics;
  readonly topicPartitions: number;
  readonly topicReplicationFactor: number;
  readonly topicRetention: number;
  readonly eventSource: string;
  readonly lanes: number;
  readonly chunkMaxMessages: number;
  readonly queueMaxBytes: number;
  readonly maxMessageBytes: number;
  readonly inboxRetention: number;
  readonly deadLetterRetention: number;
  readonly parkUndecodable: boolean;
  readonly sessionTimeout: number;
  readonly statementTimeout: number;
  readonly lockTimeout: number;
  readonly idleInTransactionTimeout: number;
  readonly connectTimeout: number;
  readonly shutdownTimeout: number;
  readonly userDomainTimeout: number;
  readonly lookUpsAtOnce: number;
}

type Environment = Readonly<Record<string, string | undefined>>;

const DAY = 24 * 60 * 60 * 1_000;

interface Setting<T> {
  readonly variable: string;
  /** What the variable's text must be, for a person. */
  readonly expected: string;
  /** undefined: the text is not that. */
  readonly read: (text: string) => T | undefined;
  /** Taken when the variable is not set; a setting without it is required. */
  readonly fallback?: T;
  readonly about: string;
  /** Its value may hold a password and is never told, whatever is wrong with it. */
  readonly secret?: true;
}

const ESCAPED = 'with / ? # @ % and blanks of its password percent-encoded';

/** The table of settings: the source of `readConfig`, of the help texts and of the README's table. */
export const SETTINGS = {
  kafkaBrokers: {
    variable: 'KAFKA_BROKERS',
    expected: 'host:port, several separated by commas',
    read: brokers,
    about: 'where Kafka is',
  },
  kafkaGroupId: text('KAFKA_GROUP_ID', 'licensing-worker', 'the consumer group, which lag dashboards watch'),
  schemaRegistryUrl: {
    variable: 'SCHEMA_REGISTRY_URL',
    expected: `an http(s) URL without a query, ${ESCAPED}`,
    read: httpUrl,
    about: 'a schema registry with the Confluent API',
    secret: true,
  },
  databaseUrl: {
    variable: 'DATABASE_URL',
    expected: `a postgres:// URL, ${ESCAPED}, and with no parameters but those of libpq`,
    read: postgresUrl,
    about: 'the PostgreSQL database',
    secret: true,
  },
  userDomainUrl: {
    variable: 'USER_DOMAIN_URL',
    expected: 'an http(s) URL without a query',
    read: httpUrl,
    fallback: undefined,
    about: 'the user domain; without it no user is looked up',
    secret: true,
  },
  logLevel: {
    variable: 'LOG_LEVEL',
    expected: 'fatal, error, warn, info, debug, trace or silent',
    read: (value: string) => (/^(fatal|error|warn|info|debug|trace|silent)$/.test(value) ? value : undefined),
    fallback: 'info',
    about: 'the least level that is logged',
  },
  commandsTopic: text('TOPIC_COMMANDS', 'licensing.commands.v1', 'topic of the commands'),
  usersTopic: text('TOPIC_USERS', 'users.events.v1', "topic of the user domain's events"),
  eventsTopic: text('TOPIC_EVENTS', 'licensing.events.v1', 'topic of the domain events'),
  rejectionsTopic: text('TOPIC_REJECTIONS', 'licensing.rejections.v1', 'topic of the rejections'),
  userLookUpsTopic: text('TOPIC_USER_LOOKUPS', 'licensing.user-lookups.v1', 'internal topic of look-ups'),
  topicPartitions: integer('TOPIC_PARTITIONS', 12, 1, 1_000, 'partitions of a topic that is created'),
  topicReplicationFactor: integer(
    'TOPIC_REPLICATION_FACTOR',
    -1,
    -1,
    10,
    "of a topic that is created; -1: the broker's default",
  ),
  topicRetention: integer(
    'TOPIC_RETENTION_MS',
    7 * DAY,
    60_000,
    3_650 * DAY,
    'retention of a topic that is created; DLQ topics keep four times as long',
  ),
  eventSource: text('EVENT_SOURCE', 'licensing', '`ce_source` of what is published'),
  lanes: integer('LANES', 2, 1, 64, 'transactions at once; each is one ordered chain'),
  chunkMaxMessages: integer('CHUNK_MAX_MESSAGES', 2_000, 1, 10_000, 'messages in one transaction at the most'),
  queueMaxBytes: integer('QUEUE_MAX_BYTES', 16_000_000, 1_000_000, 1e9, 'what may wait in a lane'),
  maxMessageBytes: integer(
    'MAX_MESSAGE_BYTES',
    1_000_000,
    10_000,
    1e8,
    'the largest record that is published; at most what the topics take',
  ),
  inboxRetention: integer(
    'INBOX_RETENTION_MS',
    30 * DAY,
    60_000,
    3_650 * DAY,
    'how long identities are remembered; longer than the source topics keep messages',
  ),
  deadLetterRetention: integer(
    'DEAD_LETTER_RETENTION_MS',
    90 * DAY,
    60_000,
    3_650 * DAY,
    'how long replayed, discarded and superseded dead letters are kept; open ones stay',
  ),
  parkUndecodable: {
    variable: 'PARK_UNDECODABLE',
    expected: 'true or false',
    read: (value: string) => (value === 'true' ? true : value === 'false' ? false : undefined),
    fallback: false,
    about: 'whether a message that can not be decoded parks the tenant or user in its Kafka key',
  },
  sessionTimeout: integer(
    'KAFKA_SESSION_TIMEOUT_MS',
    30_000,
    6_000,
    300_000,
    'after how long without a heartbeat the group takes the partitions away',
  ),
  statementTimeout: integer('DATABASE_STATEMENT_TIMEOUT_MS', 20_000, 100, 300_000, 'the longest statement'),
  lockTimeout: integer(
    'DATABASE_LOCK_TIMEOUT_MS',
    5_000,
    100,
    300_000,
    'the longest wait for a lock; then the chunk runs again',
  ),
  idleInTransactionTimeout: integer(
    'DATABASE_IDLE_TIMEOUT_MS',
    10_000,
    100,
    300_000,
    'a transaction that says nothing for so long is undone: a sleeping zombie lets go',
  ),
  connectTimeout: integer('CONNECT_TIMEOUT_MS', 5_000, 100, 60_000, 'to broker and database'),
  shutdownTimeout: integer(
    'SHUTDOWN_TIMEOUT_MS',
    9_000,
    100,
    300_000,
    'how long a stop may take before the process ends anyway',
  ),
  userDomainTimeout: integer('USER_DOMAIN_TIMEOUT_MS', 2_000, 10, 60_000, 'one try of a look-up'),
  lookUpsAtOnce: integer('USER_DOMAIN_CONCURRENCY', 8, 1, 256, 'look-ups at once'),
} as const satisfies Record<string, Setting<unknown>>;

/** @throws ConfigurationError that names every fault, a line each */
export function readConfig(environment: Environment): Config {
  const faults: string[] = [];
  const read = <T>({ variable, expected, secret, read: parse, ...rest }: Setting<T>, required: T): T => {
    const value = environment[variable];
    if (value === undefined || value === '') {
      if ('fallback' in rest) return rest.fallback ?? required;
      faults.push(`${variable} is not set; expected ${expected}`);
      return required;
    }
    const parsed = parse(value);
    const is = secret === true ? 'malformed (its value may be a secret and is not shown)' : `'${value}'`;
    if (parsed === undefined) faults.push(`${variable} is ${is}; expected ${expected}`);
    return parsed ?? required;
  };
  const s = SETTINGS;
  const config: Config = {
    kafkaBrokers: read(s.kafkaBrokers, []),
    kafkaGroupId: read(s.kafkaGroupId, ''),
    schemaRegistryUrl: read(s.schemaRegistryUrl, ''),
    databaseUrl: read(s.databaseUrl, ''),
    userDomainUrl: read<string | undefined>(s.userDomainUrl, undefined),
    logLevel: read<string>(s.logLevel, ''),
    topics: {
      commands: read(s.commandsTopic, ''),
      users: read(s.usersTopic, ''),
      events: read(s.eventsTopic, ''),
      rejections: read(s.rejectionsTopic, ''),
      userLookUps: read(s.userLookUpsTopic, ''),
    },
    topicPartitions: read(s.topicPartitions, 0),
    topicReplicationFactor: read(s.topicReplicationFactor, 0),
    topicRetention: read(s.topicRetention, 0),
    eventSource: read(s.eventSource, ''),
    lanes: read(s.lanes, 0),
    chunkMaxMessages: read(s.chunkMaxMessages, 0),
    queueMaxBytes: read(s.queueMaxBytes, 0),
    maxMessageBytes: read(s.maxMessageBytes, 0),
    inboxRetention: read(s.inboxRetention, 0),
    deadLetterRetention: read(s.deadLetterRetention, 0),
    parkUndecodable: read<boolean>(s.parkUndecodable, false),
    sessionTimeout: read(s.sessionTimeout, 0),
    statementTimeout: read(s.statementTimeout, 0),
    lockTimeout: read(s.lockTimeout, 0),
    idleInTransactionTimeout: read(s.idleInTransactionTimeout, 0),
    connectTimeout: read(s.connectTimeout, 0),
    shutdownTimeout: read(s.shutdownTimeout, 0),
    userDomainTimeout: read(s.userDomainTimeout, 0),
    lookUpsAtOnce: read(s.lookUpsAtOnce, 0),
  };
  const longest = Math.max(config.statementTimeout, config.lockTimeout, config.idleInTransactionTimeout);
  if (faults.length === 0 && longest >= config.sessionTimeout) {
    faults.push(
      `KAFKA_SESSION_TIMEOUT_MS is ${config.sessionTimeout}; expected more than each of the database's timeouts (${longest}), ` +
        `so that a sleeping worker lets go of its locks before another takes its partitions`,
    );
  }
  if (faults.length > 0) throw new ConfigurationError(faults.join('\n'));
  return config;
}

function text(variable: string, fallback: string, about: string): Setting<string> {
  const expected = 'letters, digits, dots, dashes and underscores';
  return { variable, expected, read: (value) => (/^[\w.-]+$/.test(value) ? value : undefined), fallback, about };
}

function integer(variable: string, fallback: number, min: number, max: number, about: string): Setting<number> {
  const read = (value: string): number | undefined => {
    const number = Number(value);
    return Number.isInteger(number) && number >= min && number <= max ? number : undefined;
  };
  return { variable, expected: `a whole number from ${min} to ${max}`, read, fallback, about };
}

function brokers(value: string): readonly string[] | undefined {
  const list = value.split(',').map((broker) => broker.trim());
  return list.every((broker) => /^(\[[0-9a-f:]+\]|[\w.-]+):\d{1,5}$/i.test(broker)) ? list : undefined;
}
