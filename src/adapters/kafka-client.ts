import type { Kafka as KafkaClient, logCreator } from 'kafkajs';
import type { Logger } from 'pino';
import type { Clock } from '../ports/clock.ts';
import { Kafka, logLevel } from './kafkajs.ts';

export interface KafkaSettings {
  /** host:port */
  readonly brokers: readonly string[];
  readonly clientId: string;
  /** Milliseconds. */
  readonly connectTimeout: number;
  readonly requestTimeout: number;
  /** Only goes forward. */
  readonly clock: Clock;
}

/** kafkajs, with its log in ours: what it calls info is debug here, since it repeats what telemetry tells. */
export function createKafka(settings: KafkaSettings, logger: Logger): KafkaClient {
  return new Kafka({
    clientId: settings.clientId,
    brokers: [...settings.brokers],
    connectionTimeout: settings.connectTimeout,
    requestTimeout: settings.requestTimeout,
    enforceRequestTimeout: true,
    // Whoever calls tries again for as long as it takes, and says so; within kafkajs a few tries ride out a leader election.
    retry: { initialRetryTime: 100, maxRetryTime: 2_000, retries: 5 },
    logLevel: logger.isLevelEnabled('debug') ? logLevel.INFO : logLevel.WARN,
    logCreator: toPino(logger.child({ library: 'kafkajs' }), settings.clock),
  });
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
