import type { Kafka as KafkaClient, logCreator } from 'kafkajs';
import type { Logger } from 'pino';
import type { Clock } from '../ports/clock.ts';
import { Kafka, logLevel } from './kafkajs.ts';
import type { KafkaFaults } from './kafka-faults.ts';
import { securityOptions, type KafkaSecurity } from './kafka-security.ts';

/** After which a request counts as lost. Milliseconds. */
export const REQUEST_TIMEOUT_MS = 10_000;

export interface KafkaSettings {
  /** host:port */
  readonly brokers: readonly string[];
  readonly clientId: string;
  /** Milliseconds. */
  readonly connectTimeout: number;
  readonly requestTimeout: number;
  readonly security: KafkaSecurity;
  readonly faults: KafkaFaults;
  /** Only goes forward. */
  readonly clock: Clock;
}

/** kafkajs, which logs into our log. What it calls info is debug here, because telemetry tells the same. */
export function createKafka(settings: KafkaSettings, logger: Logger): KafkaClient {
  const { brokers, security, faults, clock } = settings;
  const kafka = new Kafka({
    ...securityOptions(security, () => clock.now()),
    clientId: settings.clientId,
    brokers: [...brokers],
    connectionTimeout: settings.connectTimeout,
    requestTimeout: settings.requestTimeout,
    enforceRequestTimeout: true,
    // Callers try again for as long as it takes, and report it. The few tries within kafkajs ride out the election of a leader.
    retry: { initialRetryTime: 100, maxRetryTime: 2_000, retries: 5 },
    logLevel: logger.isLevelEnabled('debug') ? logLevel.INFO : logLevel.WARN,
    logCreator: toPino(logger.child({ library: 'kafkajs' }), clock),
  });
  return Object.assign(kafka, {
    admin: explained(kafka.admin.bind(kafka), faults),
    producer: explained(kafka.producer.bind(kafka), faults),
    consumer: explained(kafka.consumer.bind(kafka), faults),
  });
}

/** Nothing has been asked of a broker when one of these succeeds, or not yet as somebody. */
const PROVES_NOTHING: ReadonlySet<string> = new Set(['connect', 'disconnect', 'stop', 'subscribe', 'run']);

/** Makes clients whose errors name the setting that is at fault, where it is one. */
function explained<Options extends readonly unknown[], Client extends object>(
  make: (...options: Options) => Client,
  faults: KafkaFaults,
): (...options: Options) => Client {
  return (...options) => {
    const client = make(...options);
    const methods: Record<string, Method> = {};
    for (const [name, method] of Object.entries(client) as [string, unknown][]) {
      if (typeof method === 'function') methods[name] = explaining(name, method as Method, faults);
    }
    return Object.assign(client, methods);
  };
}

type Method = (...args: readonly unknown[]) => unknown;

function explaining(name: string, method: Method, faults: KafkaFaults): Method {
  return (...args) => {
    const result = method(...args);
    if (!(result instanceof Promise)) return result;
    return result.then(
      (value: unknown) => {
        if (!PROVES_NOTHING.has(name)) faults.letIn();
        return value;
      },
      (error: unknown) => {
        throw faults.explained(error);
      },
    );
  };
}

/** It follows a line that says why the connection failed. */
const REPETITION = /^Failed to connect to seed broker/;
/** One such line comes of each try. One a minute tells enough: telemetry tells who waits for the broker. */
const CONNECTION = /^Connection (error|timeout)/;
const MINUTE = 60_000;

function toPino(logger: Logger, clock: Clock): logCreator {
  const told = new Map<string, number>();
  const wasTold = (text: string): boolean => {
    const now = clock.now();
    if (now - (told.get(text) ?? -Infinity) < MINUTE) return true;
    told.set(text, now);
    return false;
  };
  return () =>
    ({ level, log: { message, timestamp: _, logger: __, ...rest } }) => {
      const isProblem = level === logLevel.ERROR || level === logLevel.WARN;
      const isNews =
        !REPETITION.test(message) && !(CONNECTION.test(message) && wasTold(`${rest['broker']} ${message}`));
      logger[isProblem && isNews ? 'warn' : 'debug'](rest, message);
    };
}
