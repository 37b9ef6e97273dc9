import type { Windows } from '../domain/counts.ts';
import { randomUUID } from 'node:crypto';
import { asFunction, asValue } from 'awilix/browser';
import type { Logger } from 'pino';
import type { Gauges } from '../adapters/opentelemetry/gauges.ts';
import type { OpenTelemetry } from '../adapters/opentelemetry/sdk.ts';
import type { Tracing } from '../adapters/message-span.ts';
import { LogTelemetry } from '../adapters/telemetry.ts';
import type { Config } from '../config.ts';
import type { Traces } from '../ports/chunk-record.ts';
import type { Clock } from '../ports/clock.ts';
import type { Telemetry } from '../ports/telemetry.ts';
import type { Topics } from '../ports/topics.ts';
import { createLogger } from './logger.ts';
import type { Registrations } from './registrations.ts';

/** What every other part is made with: settings, log, time and ids. */
export interface ProcessParts {
  readonly config: Config;
  readonly topics: Topics;
  /** Whether there is a user domain to ask: USER_DOMAIN_URL. */
  readonly userDomainKnown: boolean;
  readonly windows: Windows;
  readonly logger: Logger;
  readonly telemetry: Telemetry & Pick<LogTelemetry, 'stop'> & Partial<Pick<LogTelemetry, 'waits'>>;
  /** Undefined: nothing is exported. `createWorkerContainer` puts it in place. */
  readonly openTelemetry: OpenTelemetry | undefined;
  /** Which messages are traced, and who is told of them. Undefined: none, and nobody. */
  readonly tracing: Tracing | undefined;
  readonly traces: Traces | undefined;
  /** What is asked for once an export interval; undefined without metrics. */
  readonly gauges: Gauges | undefined;
  readonly clock: Clock;
  /** Only goes forward, whatever happens to the time of day: for how long something is remembered or waited for. */
  readonly steadyClock: Clock;
  readonly newId: () => string;
}

export function processParts(config: Config): Registrations<ProcessParts> {
  return {
    config: asValue(config),
    topics: asValue(config.topics),
    userDomainKnown: asValue(config.userDomainUrl !== undefined),
    windows: asValue({ lateUsage: config.lateUsageWindow, correction: config.correctionWindow }),
    logger: asFunction(() => createLogger(config.logLevel)).singleton(),
    telemetry: asFunction(
      ({ logger, steadyClock }: ProcessParts) => new LogTelemetry(logger, () => steadyClock.now()),
    ).singleton(),
    openTelemetry: asValue(undefined),
    tracing: asValue(undefined),
    traces: asValue(undefined),
    gauges: asValue(undefined),
    clock: asValue<Clock>({ now: () => Date.now() }),
    steadyClock: asValue<Clock>({ now: () => performance.now() }),
    newId: asValue(() => randomUUID()),
  };
}
