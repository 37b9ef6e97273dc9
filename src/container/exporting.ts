import { asFunction } from 'awilix';
import { OpenTelemetry } from '../adapters/opentelemetry/sdk.ts';
import type { Config } from '../config.ts';
import { targetOf } from '../open-telemetry.ts';
import { programVersion } from '../version.ts';
import type { ProcessParts } from './process.ts';
import type { Registrations } from './registrations.ts';

/** For the last export. Well below SHUTDOWN_TIMEOUT_MS: a collector that is away must not make a stop seem to hang. */
const STOP_WITHIN_MS = 3_000;

/** What takes the place of other parts in a worker that exports metrics or traces. Importing this file loads the SDK. */
export function exportingParts({ openTelemetry }: Config): Registrations<Pick<ProcessParts, 'openTelemetry'>> {
  const { interval, patience } = openTelemetry.metrics;
  const metrics = targetOf('metrics', openTelemetry);
  const traces = targetOf('traces', openTelemetry);
  return {
    openTelemetry: asFunction(
      ({ logger, newId, steadyClock }: ProcessParts) =>
        new OpenTelemetry(
          {
            metrics: metrics && { ...metrics, interval, patience },
            traces,
            version: programVersion(),
            instanceId: newId(),
            stopWithin: STOP_WITHIN_MS,
          },
          logger,
          () => steadyClock.now(),
        ),
    ).singleton(),
  };
}
