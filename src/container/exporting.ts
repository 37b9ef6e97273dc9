import { asFunction, asValue } from 'awilix/browser';
import { ChunkSpans } from '../adapters/opentelemetry/chunk-spans.ts';
import { ExportLog } from '../adapters/opentelemetry/export-log.ts';
import { Gauges } from '../adapters/opentelemetry/gauges.ts';
import { MeteredTelemetry } from '../adapters/opentelemetry/metered-telemetry.ts';
import { OpenTelemetry, withinPatience } from '../adapters/opentelemetry/sdk.ts';
import { LogTelemetry } from '../adapters/telemetry.ts';
import { traceSampler } from '../adapters/trace-sampler.ts';
import type { Config } from '../config.ts';
import { SCHEMAS } from '../generated/schemas.ts';
import { targetOf } from '../open-telemetry.ts';
import { sourcesOf } from '../ports/topics.ts';
import { programVersion } from '../version.ts';
import type { DatabaseParts } from './database.ts';
import type { MessagingParts } from './messaging.ts';
import type { ProcessParts } from './process.ts';
import type { Registrations } from './registrations.ts';
import type { WorkerParts } from './worker.ts';

type Needs = ProcessParts & DatabaseParts & MessagingParts & WorkerParts;

/** For the last export. Well below SHUTDOWN_TIMEOUT_MS: a collector that is away must not make a stop seem to hang. */
const STOP_WITHIN_MS = 3_000;

/** What takes the place of other parts in a worker that exports metrics or traces. Importing this file loads the SDK. */
export function exportingParts({
  openTelemetry,
  kafkaGroupId: group,
}: Config): Registrations<Pick<ProcessParts, 'openTelemetry' | 'telemetry' | 'gauges' | 'traces' | 'tracing'>> {
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
    telemetry: asFunction(({ openTelemetry, logger, steadyClock }: ProcessParts) => {
      const told = new LogTelemetry(logger, () => steadyClock.now());
      const meter = openTelemetry?.meter;
      if (meter === undefined) return told;
      return new MeteredTelemetry(meter, { group, types: TYPES }, told);
    }).singleton(),
    gauges: asFunction(
      ({ openTelemetry, logger, steadyClock, worker, backlog, consumerGroup, topics }: Needs): Gauges | undefined => {
        const meter = openTelemetry?.meter;
        const log = (what: string): ExportLog => new ExportLog(what, logger, () => steadyClock.now());
        const logs = { backlog: log('the gauges of the database'), lag: log('the gauges of the lag') };
        const all = { worker, backlog, consumerGroup, topics: sourcesOf(topics), logs };
        return meter && new Gauges(meter, { ...all, patience: withinPatience({ interval, patience }) });
      },
    ).singleton(),
  };
}

const TYPES: ReadonlySet<string> = new Set(Object.keys(SCHEMAS));
