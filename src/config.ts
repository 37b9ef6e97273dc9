import { exportIsKnown, OPEN_TELEMETRY, samplingIsKnown } from './open-telemetry.ts';
import { ConfigurationError } from './ports/errors.ts';
import {
  BOOLEAN,
  FILE,
  HOST_AND_PORT,
  HTTP_URL,
  HTTP_URL_WITH_PASSWORD,
  isSet,
  listOf,
  NAME,
  oneOf,
  PAIRS,
  PEM_FILE,
  POSTGRES_URL,
  readSettings,
  SECRET,
  TEXT,
  wholeNumber,
  type Environment,
  type SettingTable,
  type Values,
} from './settings.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const DAY = 24 * 60 * MINUTE;

const RETENTION = wholeNumber(MINUTE, 3_650 * DAY);
const DATABASE_TIMEOUT = wholeNumber(100, 5 * MINUTE);

/**
 * The table of settings. `Config`, `readConfig`, and the tables in README.md and docs/operations.md (`npm run generate`) come from it.
 * Times are milliseconds and sizes are bytes, in the variables and in the code.
 */
export const SETTINGS = {
  kafkaBrokers: {
    variable: 'KAFKA_BROKERS',
    type: listOf(HOST_AND_PORT),
    inReadme: true,
    about: 'where Kafka is',
  },
  kafkaGroupId: {
    variable: 'KAFKA_GROUP_ID',
    type: NAME,
    default: 'licensing-worker',
    inReadme: true,
    about: 'the consumer group, which lag dashboards watch',
  },
  kafkaClientRack: {
    variable: 'KAFKA_CLIENT_RACK',
    type: NAME,
    optional: true,
    about:
      'where the worker is, by the `broker.rack` of the brokers there: it reads from a replica nearby, if the brokers have a `replica.selector.class` for that',
  },
  kafkaSecurity: {
    protocol: {
      variable: 'KAFKA_SECURITY_PROTOCOL',
      type: oneOf(['PLAINTEXT', 'SSL', 'SASL_PLAINTEXT', 'SASL_SSL']),
      default: 'PLAINTEXT',
      about: 'how brokers are talked to: SSL with TLS, SASL_... with credentials',
    },
    mechanism: {
      variable: 'KAFKA_SASL_MECHANISM',
      type: oneOf(['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512', 'OAUTHBEARER', 'AWS_MSK_IAM']),
      optional: true,
      about: 'how the worker proves who it is, with SASL_PLAINTEXT and SASL_SSL',
    },
    username: {
      variable: 'KAFKA_SASL_USERNAME',
      type: TEXT,
      optional: true,
      about: 'who the worker is, with PLAIN and SCRAM',
    },
    password: {
      variable: 'KAFKA_SASL_PASSWORD',
      type: SECRET,
      optional: true,
      secret: true,
      about: 'its password, with PLAIN and SCRAM',
    },
    caLocation: {
      variable: 'KAFKA_SSL_CA_LOCATION',
      type: PEM_FILE,
      optional: true,
      about:
        "the certificates of the authorities that the brokers' certificates are checked against; without it those of Node",
    },
    certificateLocation: {
      variable: 'KAFKA_SSL_CERTIFICATE_LOCATION',
      type: PEM_FILE,
      optional: true,
      about: "the worker's own certificate, where brokers ask for one (mutual TLS)",
    },
    keyLocation: {
      variable: 'KAFKA_SSL_KEY_LOCATION',
      type: PEM_FILE,
      optional: true,
      about: 'the private key of that certificate',
    },
    keyPassword: {
      variable: 'KAFKA_SSL_KEY_PASSWORD',
      type: SECRET,
      optional: true,
      secret: true,
      about: 'the password of that key',
    },
    token: {
      endpoint: {
        variable: 'KAFKA_SASL_OAUTHBEARER_TOKEN_ENDPOINT_URL',
        type: HTTP_URL,
        optional: true,
        secret: true,
        about: 'where OAUTHBEARER gets its tokens, by the grant of client credentials',
      },
      clientId: {
        variable: 'KAFKA_SASL_OAUTHBEARER_CLIENT_ID',
        type: TEXT,
        optional: true,
        about: 'who asks for the token',
      },
      clientSecret: {
        variable: 'KAFKA_SASL_OAUTHBEARER_CLIENT_SECRET',
        type: SECRET,
        optional: true,
        secret: true,
        about: 'the secret of that client',
      },
      scope: {
        variable: 'KAFKA_SASL_OAUTHBEARER_SCOPE',
        type: TEXT,
        optional: true,
        about: 'the scope that the token is asked for',
      },
      caLocation: {
        variable: 'KAFKA_HTTPS_CA_LOCATION',
        type: PEM_FILE,
        optional: true,
        about:
          "the certificates of the authorities that the token endpoint's certificate is checked against; without it those of Node",
      },
    },
    extensions: {
      variable: 'KAFKA_SASL_OAUTHBEARER_EXTENSIONS',
      type: PAIRS,
      optional: true,
      about:
        'what goes to the broker beside the token, such as `logicalCluster` and `identityPoolId` of Confluent Cloud',
    },
    awsRegion: {
      variable: 'AWS_REGION',
      type: NAME,
      optional: true,
      about: 'the region of the cluster with AWS_MSK_IAM, and of the database with DATABASE_IAM aws',
    },
  },
  schemaRegistryUrls: {
    variable: 'SCHEMA_REGISTRY_URL',
    type: listOf(HTTP_URL_WITH_PASSWORD),
    secret: true,
    inReadme: true,
    about:
      'a schema registry with the Confluent API; when it does not answer, the next one of several URLs of the same registry is asked',
  },
  schemaRegistrySecurity: {
    userInfo: {
      variable: 'SCHEMA_REGISTRY_BASIC_AUTH_USER_INFO',
      type: SECRET,
      optional: true,
      secret: true,
      about: 'user:password for the registry, as they are; instead of those in its URL',
    },
    bearerToken: {
      variable: 'SCHEMA_REGISTRY_BEARER_TOKEN',
      type: SECRET,
      optional: true,
      secret: true,
      about: 'a token for the registry',
    },
    token: {
      endpoint: {
        variable: 'SCHEMA_REGISTRY_BEARER_TOKEN_ENDPOINT_URL',
        type: HTTP_URL,
        optional: true,
        secret: true,
        about: 'where to get the tokens for the registry, by the grant of client credentials',
      },
      clientId: {
        variable: 'SCHEMA_REGISTRY_BEARER_TOKEN_CLIENT_ID',
        type: TEXT,
        optional: true,
        about: 'who asks for the token',
      },
      clientSecret: {
        variable: 'SCHEMA_REGISTRY_BEARER_TOKEN_CLIENT_SECRET',
        type: SECRET,
        optional: true,
        secret: true,
        about: 'the secret of that client',
      },
      scope: {
        variable: 'SCHEMA_REGISTRY_BEARER_TOKEN_SCOPE',
        type: TEXT,
        optional: true,
        about: 'the scope that the token is asked for',
      },
      caLocation: {
        variable: 'SCHEMA_REGISTRY_BEARER_TOKEN_SSL_CA_LOCATION',
        type: PEM_FILE,
        optional: true,
        about:
          "the certificates of the authorities that the token endpoint's certificate is checked against; without it those of Node",
      },
    },
    caLocation: {
      variable: 'SCHEMA_REGISTRY_SSL_CA_LOCATION',
      type: PEM_FILE,
      optional: true,
      about:
        "the certificates of the authorities that the registry's certificate is checked against; without it those of Node",
    },
    certificateLocation: {
      variable: 'SCHEMA_REGISTRY_SSL_CERTIFICATE_LOCATION',
      type: PEM_FILE,
      optional: true,
      about: "the worker's own certificate for the registry (mutual TLS)",
    },
    keyLocation: {
      variable: 'SCHEMA_REGISTRY_SSL_KEY_LOCATION',
      type: PEM_FILE,
      optional: true,
      about: 'the private key of that certificate',
    },
  },
  databaseUrl: {
    variable: 'DATABASE_URL',
    type: POSTGRES_URL,
    secret: true,
    inReadme: true,
    about: 'the PostgreSQL database, as libpq writes it: several hosts, sockets, `sslmode` and the like',
  },
  databasePassword: {
    variable: 'DATABASE_PASSWORD',
    type: SECRET,
    optional: true,
    secret: true,
    about: 'the password of the database, as it is; instead of the one in its URL',
  },
  databaseSchema: {
    variable: 'DATABASE_SCHEMA',
    type: NAME,
    optional: true,
    about: "the schema of the worker's tables; without it the first of the role's `search_path`, which is `public`",
  },
  databaseIam: {
    variable: 'DATABASE_IAM',
    type: oneOf(['aws', 'azure', 'gcp']),
    optional: true,
    about:
      "whose tokens are the password of the database; each connection gets a new one from that cloud's own library",
  },
  userDomainUrl: {
    variable: 'USER_DOMAIN_URL',
    type: HTTP_URL,
    optional: true,
    secret: true,
    inReadme: true,
    about: 'the user domain; without it no user is looked up',
  },
  userDomainSecurity: {
    bearerToken: {
      variable: 'USER_DOMAIN_BEARER_TOKEN',
      type: SECRET,
      optional: true,
      secret: true,
      about: 'a token for the user domain',
    },
    caLocation: {
      variable: 'USER_DOMAIN_SSL_CA_LOCATION',
      type: PEM_FILE,
      optional: true,
      about:
        "the certificates of the authorities that the user domain's certificate is checked against; without it those of Node",
    },
    certificateLocation: {
      variable: 'USER_DOMAIN_SSL_CERTIFICATE_LOCATION',
      type: PEM_FILE,
      optional: true,
      about: "the worker's own certificate for the user domain (mutual TLS)",
    },
    keyLocation: {
      variable: 'USER_DOMAIN_SSL_KEY_LOCATION',
      type: PEM_FILE,
      optional: true,
      about: 'the private key of that certificate',
    },
  },
  logLevel: {
    variable: 'LOG_LEVEL',
    type: oneOf(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']),
    default: 'info',
    inReadme: true,
    about: 'the lowest level that is logged',
  },
  topics: {
    commands: {
      variable: 'TOPIC_COMMANDS',
      type: NAME,
      default: 'licensing.commands.v1',
      about: 'the topic of the commands',
    },
    users: {
      variable: 'TOPIC_USERS',
      type: NAME,
      default: 'users.events.v1',
      about: "the topic of the user domain's events",
    },
    events: {
      variable: 'TOPIC_EVENTS',
      type: NAME,
      default: 'licensing.events.v1',
      about: 'the topic of the domain events',
    },
    rejections: {
      variable: 'TOPIC_REJECTIONS',
      type: NAME,
      default: 'licensing.rejections.v1',
      about: 'the topic of the rejections',
    },
    userLookUps: {
      variable: 'TOPIC_USER_LOOKUPS',
      type: NAME,
      default: 'licensing.user-lookups.v1',
      about: 'the internal topic of users to look up',
    },
    entitlements: {
      variable: 'TOPIC_ENTITLEMENTS',
      type: NAME,
      default: 'licensing.entitlements.v1',
      about: 'the compacted topic of what each subdivision is entitled to; its number of partitions never changes',
    },
  },
  topicPrefix: {
    variable: 'TOPIC_PREFIX',
    type: NAME,
    optional: true,
    inReadme: true,
    about:
      'what goes before the default names of the topics, `users.events.v1` excepted, and of their DLQs; not before the group',
  },
  topicPartitions: {
    variable: 'TOPIC_PARTITIONS',
    type: wholeNumber(1, 1_000),
    default: '12',
    about: 'how many partitions `topics create` gives a topic',
  },
  topicReplicationFactor: {
    variable: 'TOPIC_REPLICATION_FACTOR',
    type: wholeNumber(-1, 10),
    default: '-1',
    about: "how many replicas `topics create` gives a topic; -1: the broker's default",
  },
  topicRetention: {
    variable: 'TOPIC_RETENTION_MS',
    type: RETENTION,
    default: String(7 * DAY),
    about: 'how long a topic that `topics create` makes keeps messages; DLQ topics keep them four times as long',
  },
  eventSource: {
    variable: 'EVENT_SOURCE',
    type: NAME,
    default: 'licensing',
    about: 'the `ce_source` of everything that is published',
  },
  lanes: {
    variable: 'LANES',
    type: wholeNumber(1, 64),
    default: '2',
    about: 'how many transactions run at once; each lane is one ordered chain of them',
  },
  chunkMaxMessages: {
    variable: 'CHUNK_MAX_MESSAGES',
    type: wholeNumber(1, 10_000),
    default: '2000',
    about:
      'the most messages in one transaction; with more a transaction gets longer, not cheaper. As many may wait in a lane, so that the next chunk is at hand',
  },
  queueMaxBytes: {
    variable: 'QUEUE_MAX_BYTES',
    type: wholeNumber(1_000_000, 1_000_000_000),
    default: '16000000',
    about: 'the most bytes that wait in a lane; bounds memory',
  },
  maxMessageBytes: {
    variable: 'MAX_MESSAGE_BYTES',
    type: wholeNumber(10_000, 100_000_000),
    default: '1000000',
    about:
      'the largest record that is published; no more than the topics take, which is a little more than the default',
  },
  inboxRetention: {
    variable: 'INBOX_RETENTION_MS',
    type: RETENTION,
    default: String(30 * DAY),
    about:
      'how long the identities of messages are remembered; longer than the source topics keep messages (checked at the start)',
  },
  deadLetterRetention: {
    variable: 'DEAD_LETTER_RETENTION_MS',
    type: RETENTION,
    default: String(90 * DAY),
    about:
      'how long replayed, discarded and superseded dead letters are kept, for those who ask what became of them; open ones stay',
  },
  lateUsageWindow: {
    variable: 'LATE_USAGE_WINDOW_MS',
    type: wholeNumber(0, 366 * DAY),
    default: String(DAY),
    about:
      'how long after the end of a license by time a statistic row that was created before it is still taken; the same for all workers',
  },
  correctionWindow: {
    variable: 'CORRECTION_WINDOW_MS',
    type: wholeNumber(0, 366 * DAY),
    default: String(35 * DAY),
    about: 'how long after its `created` a statistic row can be corrected; the same for all workers',
  },
  parkUndecodable: {
    variable: 'PARK_UNDECODABLE',
    type: BOOLEAN,
    default: 'false',
    about: 'whether a message that can not be decoded parks the tenant or user whose id is its Kafka key',
  },
  sessionTimeout: {
    variable: 'KAFKA_SESSION_TIMEOUT_MS',
    type: wholeNumber(6 * SECOND, 5 * MINUTE),
    default: String(30 * SECOND),
    about:
      "after how long without a heartbeat the group gives a worker's partitions to others; longer than each of the database's timeouts " +
      '(checked at the start). Shorter means sooner takeovers, and more false ones',
  },
  statementTimeout: {
    variable: 'DATABASE_STATEMENT_TIMEOUT_MS',
    type: DATABASE_TIMEOUT,
    default: String(20 * SECOND),
    about:
      'the longest statement. A chunk takes a fraction of a second; one that takes longer than this is tried again, and after the second time in halves',
  },
  lockTimeout: {
    variable: 'DATABASE_LOCK_TIMEOUT_MS',
    type: DATABASE_TIMEOUT,
    default: String(5 * SECOND),
    about:
      'the longest wait for a lock; then the chunk runs again, because a transaction that waits holds locks itself',
  },
  idleInTransactionTimeout: {
    variable: 'DATABASE_IDLE_TIMEOUT_MS',
    type: DATABASE_TIMEOUT,
    default: String(10 * SECOND),
    about:
      'after how long the database rolls back a transaction that sends nothing: a frozen worker lets go of its locks before another gets its partitions',
  },
  connectTimeout: {
    variable: 'CONNECT_TIMEOUT_MS',
    type: wholeNumber(100, MINUTE),
    default: String(5 * SECOND),
    about:
      'the longest wait for a connection to broker or database, and for a free one of the pool; a server that is there answers in milliseconds',
  },
  shutdownTimeout: {
    variable: 'SHUTDOWN_TIMEOUT_MS',
    type: wholeNumber(100, 5 * MINUTE),
    default: String(9 * SECOND),
    about: 'how long a stop may take before the process ends anyway; below the 10 s that are promised for a stop',
  },
  healthFile: {
    variable: 'HEALTH_FILE',
    type: FILE,
    optional: true,
    about:
      'where the worker keeps what `licensing health` reads, anew once a second; best on a file system in memory. Without it no file is written',
  },
  healthMaxWait: {
    variable: 'HEALTH_MAX_WAIT_MS',
    type: wholeNumber(10 * SECOND, DAY),
    default: String(5 * MINUTE),
    about:
      'for how long no broker may answer before the worker counts as not live, and a new start as worth a try; longer than twice ' +
      '`KAFKA_SESSION_TIMEOUT_MS`, since a rebalance may take that long (checked at the start, with `HEALTH_FILE`)',
  },
  timerSweepInterval: {
    variable: 'TIMER_SWEEP_INTERVAL_MS',
    type: wholeNumber(10, MINUTE),
    default: String(SECOND),
    about:
      'from one look at which timers are due to the next; so much later than its time a license may start or end when no message comes',
  },
  timerResend: {
    variable: 'TIMER_RESEND_MS',
    type: wholeNumber(SECOND, DAY),
    default: String(MINUTE),
    about: 'after how long a timer is sent for again that was not answered; longer than commands wait in the lag',
  },
  timersInFlight: {
    variable: 'TIMERS_IN_FLIGHT',
    type: wholeNumber(1, 1_000_000),
    default: '4000',
    about:
      'the most timers, of all workers, that are sent for and not answered: so many messages a command may find before it when a million are due at once',
  },
  entitlementRefresh: {
    variable: 'ENTITLEMENT_REFRESH_MS',
    type: wholeNumber(MINUTE, 30 * DAY),
    default: String(DAY),
    about: 'each entitlement is published anew within this time, though nothing has changed',
  },
  userDomainTimeout: {
    variable: 'USER_DOMAIN_TIMEOUT_MS',
    type: wholeNumber(10, MINUTE),
    default: String(2 * SECOND),
    about: 'how long one try of a look-up may take; it is tried again after 100 ms to 5 s, since nobody waits for it',
  },
  lookUpsAtOnce: {
    variable: 'USER_DOMAIN_CONCURRENCY',
    type: wholeNumber(1, 256),
    default: '8',
    about: "how many users are looked up at once; few enough for another team's service not to notice",
  },
  openTelemetry: OPEN_TELEMETRY,
} as const satisfies SettingTable;

/** What `SETTINGS` says, read: a change there changes this type. */
export type Config = Values<typeof SETTINGS>;

/** Our topics whose names are not set have the prefix before their defaults. The topic of the users' events is another team's. */
function withTopicPrefix(config: Config, environment: Environment): Config {
  const { topicPrefix: prefix, topics } = config;
  if (prefix === undefined) return config;
  const { users: _, ...ours } = SETTINGS.topics;
  const names = Object.entries(ours)
    .filter(([, { variable }]) => !isSet(environment, variable))
    .map(([name, setting]) => [name, `${prefix}${setting.default}`] as const);
  return { ...config, topics: { ...topics, ...Object.fromEntries(names) } };
}

/** What must hold between settings. Each rule returns a sentence when it does not. */
const RULES: readonly ((config: Config) => string | undefined)[] = [
  sessionOutlastsTransactions,
  databasePasswordIsOne,
  healthOutlastsRebalances,
  kafkaSecurityIsWhole,
  registrySecurityIsWhole,
  exportIsKnown,
  samplingIsKnown,
  ({ schemaRegistrySecurity }) => certificateHasKey(schemaRegistrySecurity, 'SCHEMA_REGISTRY_SSL_'),
  ({ userDomainSecurity }) => certificateHasKey(userDomainSecurity, 'USER_DOMAIN_SSL_'),
  ({ kafkaSecurity: { token } }) => tlsIsUsed(token, 'KAFKA_HTTPS_', endpointOf(SETTINGS.kafkaSecurity, token)),
  ({ schemaRegistrySecurity: { token } }) =>
    tlsIsUsed(token, 'SCHEMA_REGISTRY_BEARER_TOKEN_SSL_', endpointOf(SETTINGS.schemaRegistrySecurity, token)),
  ({ schemaRegistrySecurity, schemaRegistryUrls: urls }) =>
    tlsIsUsed(schemaRegistrySecurity, 'SCHEMA_REGISTRY_SSL_', { variable: SETTINGS.schemaRegistryUrls.variable, urls }),
  ({ userDomainSecurity, userDomainUrl }) =>
    tlsIsUsed(userDomainSecurity, 'USER_DOMAIN_SSL_', {
      variable: SETTINGS.userDomainUrl.variable,
      urls: userDomainUrl === undefined ? [] : [userDomainUrl],
    }),
];

/** @throws ConfigurationError that names every fault */
export function readConfig(environment: Environment): Config {
  const config = withTopicPrefix(readSettings(SETTINGS, environment), environment);
  const faults = RULES.map((rule) => rule(config)).filter((fault) => fault !== undefined);
  if (faults.length > 0) throw new ConfigurationError(faults);
  return config;
}

function sessionOutlastsTransactions(config: Config): string | undefined {
  const longest = Math.max(config.statementTimeout, config.lockTimeout, config.idleInTransactionTimeout);
  if (longest < config.sessionTimeout) return undefined;
  return (
    `KAFKA_SESSION_TIMEOUT_MS is ${config.sessionTimeout}; expected more than each of the database's timeouts (${longest}), ` +
    `so that a sleeping worker lets go of its locks before another takes its partitions`
  );
}

/** A token is as good as a password while it lasts, so it must not be sent in the clear. */
function databasePasswordIsOne({
  databaseUrl,
  databasePassword,
  databaseIam,
  kafkaSecurity,
}: Config): string | undefined {
  if (databaseIam === undefined) return undefined;
  if (databasePassword !== undefined) return 'DATABASE_PASSWORD and DATABASE_IAM are both set; expected one of them';
  if (databaseIam === 'aws' && kafkaSecurity.awsRegion === undefined) {
    return 'AWS_REGION is not set; DATABASE_IAM aws needs it';
  }
  const { sslmode } = databaseUrl().parameters;
  if (/^(require|verify-ca|verify-full)$/.test(sslmode ?? '')) return undefined;
  return 'DATABASE_URL: sslmode is expected to be require, verify-ca or verify-full, since DATABASE_IAM is set';
}

function healthOutlastsRebalances({ healthFile, healthMaxWait, sessionTimeout }: Config): string | undefined {
  if (healthFile === undefined || healthMaxWait > 2 * sessionTimeout) return undefined;
  return `HEALTH_MAX_WAIT_MS is ${healthMaxWait}; expected more than twice KAFKA_SESSION_TIMEOUT_MS (${sessionTimeout}), since a rebalance may take as long`;
}

/** What a way to prove who the worker is can't do without. */
const NEEDED = {
  PLAIN: ['username', 'password'],
  'SCRAM-SHA-256': ['username', 'password'],
  'SCRAM-SHA-512': ['username', 'password'],
  OAUTHBEARER: ['endpoint', 'clientId', 'clientSecret'],
  AWS_MSK_IAM: ['awsRegion'],
} as const;

function kafkaSecurityIsWhole({ kafkaSecurity }: Config): string | undefined {
  const { protocol, mechanism, caLocation, certificateLocation, keyLocation, token } = kafkaSecurity;
  const usesSasl = protocol.startsWith('SASL_');
  if (usesSasl && mechanism === undefined) {
    return `KAFKA_SASL_MECHANISM is not set; expected one, since KAFKA_SECURITY_PROTOCOL is ${protocol}`;
  }
  if (!usesSasl && mechanism !== undefined) {
    return `KAFKA_SASL_MECHANISM is ${mechanism}; expected KAFKA_SECURITY_PROTOCOL to be SASL_SSL or SASL_PLAINTEXT then, not ${protocol}`;
  }
  if (!protocol.endsWith('SSL') && (caLocation ?? certificateLocation ?? keyLocation) !== undefined) {
    return `KAFKA_SECURITY_PROTOCOL is ${protocol}; expected SSL or SASL_SSL, since KAFKA_SSL_... are set`;
  }
  const halfAPair = certificateHasKey(kafkaSecurity, 'KAFKA_SSL_');
  if (halfAPair !== undefined || mechanism === undefined) return halfAPair;
  const { kafkaSecurity: settings } = SETTINGS;
  const missing = NEEDED[mechanism].find((name) => ({ ...kafkaSecurity, ...token })[name] === undefined);
  return (
    missing &&
    `${{ ...settings, ...settings.token }[missing].variable} is not set; KAFKA_SASL_MECHANISM ${mechanism} needs it`
  );
}

/** Node takes one without the other, and shows no certificate then. */
function certificateHasKey(
  { certificateLocation, keyLocation }: Pick<Config['kafkaSecurity'], 'certificateLocation' | 'keyLocation'>,
  prefix: string,
): string | undefined {
  if ((certificateLocation === undefined) === (keyLocation === undefined)) return undefined;
  return `${prefix}CERTIFICATE_LOCATION and ${prefix}KEY_LOCATION are expected together; one of them is not set`;
}

interface Where {
  readonly variable: string;
  readonly urls: readonly string[];
}

function endpointOf(
  settings: { readonly token: { readonly endpoint: { readonly variable: string } } },
  { endpoint }: { readonly endpoint: string | undefined },
): Where {
  return { variable: settings.token.endpoint.variable, urls: endpoint === undefined ? [] : [endpoint] };
}

/** Files of TLS that no connection would use are a typo in the URL, most of the time: the worker would wait for an answer for ever. */
function tlsIsUsed(
  files: { readonly [file in (typeof FILES)[number]]?: unknown },
  prefix: string,
  where: Where,
): string | undefined {
  const isSet = FILES.some((file) => files[file] !== undefined);
  if (!isSet || where.urls.every((url) => url.startsWith('https:'))) return undefined;
  return `${where.variable} begins with http:, expected https:, since ${prefix}... are set`;
}

const FILES = ['caLocation', 'certificateLocation', 'keyLocation'] as const;

function registrySecurityIsWhole({ schemaRegistrySecurity }: Config): string | undefined {
  const { userInfo, bearerToken, token } = schemaRegistrySecurity;
  if ([userInfo, bearerToken, token.endpoint].filter((one) => one !== undefined).length > 1) {
    return 'SCHEMA_REGISTRY_BASIC_AUTH_USER_INFO, SCHEMA_REGISTRY_BEARER_TOKEN and SCHEMA_REGISTRY_BEARER_TOKEN_ENDPOINT_URL: expected one of them';
  }
  if (token.endpoint !== undefined && (token.clientId ?? '') === '')
    return 'SCHEMA_REGISTRY_BEARER_TOKEN_CLIENT_ID is not set; expected with the endpoint';
  if (token.endpoint !== undefined && token.clientSecret === undefined)
    return 'SCHEMA_REGISTRY_BEARER_TOKEN_CLIENT_SECRET is not set; expected with the endpoint';
  return undefined;
}
