import type { Kafka as KafkaClient, logCreator } from 'kafkajs';
import type { Logger } from 'pino';
import { Kafka, logLevel } from './kafkajs.ts';

export interface KafkaSettings {
  /** host:port */
  readonly brokers: readonly string[];
  readonly clientId: string;
  /** Milliseconds. */
  readonly connectTimeout: number;
  readonly requestTimeout: number;
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
    logCreator: toPino(logger.child({ library: 'kafkajs' })),
  });
}

function toPino(logger: Logger): logCreator {
  return () =>
    ({ level, log: { message, timestamp: _, logger: __, ...rest } }) => {
      switch (level) {
        case logLevel.ERROR:
        case logLevel.WARN:
          logger.warn(rest, message);
          return;
        default:
          logger.debug(rest, message);
      }
    };
}
