import { asFunction, asValue } from 'awilix';
import { ChunkSpans } from '../adapters/opentelemetry/chunk-spans.ts';
import { OpenTelemetry } from '../adapters/opentelemetry/sdk.ts';
import { traceSampler } from '../adapters/trace-sampler.ts';
import type { Config } from '../config.ts';
import { targetOf } from '../open-telemetry.ts';
import { programVersion } from '../version.ts';
import type { ProcessParts } from './process.ts';
import type { Registrations } from './registrations.ts';

/** For the last export. Well below SHUTDOWN_TIMEOUT_MS: a collector that is away must not make a stop seem to hang. */
const STOP_WITHIN_MS = 3_000;

/** What takes the place of other parts in a worker that exports metrics or traces. Importing this file loads the SDK. */
export function exportingParts({
  openTelemetry,
  kafkaGroupId: group,
}: Config): Registrations<Pick<ProcessParts, 'openTelemetry' | 'traces' | 'tracing'>> {
  const { interval, patience } = openTelemetry.metrics;
  const { delay, batch, queue, sampler, samplerArgument } = openTelemetry.traces;
  const metrics = targetOf('metrics', openTelemetry);
  const traces = targetOf('traces', openTelemetry);
  return {
    openTelemetry: asFunction(
      ({ logger, newId, steadyClock }: ProcessParts) =>
        new OpenTelemetry(
          {
            metrics: metrics && { ...metrics, interval, patience },
            traces: traces && { ...traces, delay, batch, queue },
            version: programVersion(),
            instanceId: newId(),
            stopWithin: STOP_WITHIN_MS,
          },
          logger,
          () => steadyClock.now(),
        ),
    ).singleton(),
    traces: asFunction(({ openTelemetry: it, logger }: ProcessParts) => {
      return it?.tracer && new ChunkSpans({ tracer: it.tracer, ids: it.ids, group, logger });
    }).singleton(),
    tracing: asValue(traces && { sampler: traceSampler(sampler, Number(samplerArgument)), group }),
  };
}
