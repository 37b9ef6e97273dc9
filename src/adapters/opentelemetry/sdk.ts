import { diag, DiagLogLevel, type Meter, type Tracer } from '@opentelemetry/api';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import {
  defaultResource,
  detectResources,
  resourceAttributesEnvDetector,
  resourceFromAttributes,
  serviceNameEnvDetector,
  type Resource,
} from '@opentelemetry/resources';
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { AlwaysOnSampler, BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { hostname } from 'node:os';
import type { Logger } from 'pino';
import type { ExportTarget, SpanExport } from '../../ports/exports.ts';
import { ExportLog } from './export-log.ts';
import { GivenIds } from './given-ids.ts';
import { ToldMetricExporter, ToldSpanExporter } from './told-exporter.ts';

export interface OpenTelemetrySettings {
  /** Undefined: no metrics. */
  readonly metrics: MetricsSettings | undefined;
  /** Undefined: no traces. */
  readonly traces: SpanExport | undefined;
  /** Of this program. */
  readonly version: string;
  /** Tells this process apart from all others. */
  readonly instanceId: string;
  /** How long a stop waits for the last export. Milliseconds. */
  readonly stopWithin: number;
}

interface MetricsSettings extends ExportTarget {
  /** From one export to the next. Milliseconds. */
  readonly interval: number;
  /** How long metrics may take from the first reading of a gauge to the end of their export. Milliseconds. */
  readonly patience: number;
}

/** Without OTEL_SERVICE_NAME and `service.name` in OTEL_RESOURCE_ATTRIBUTES. */
const SERVICE = 'licensing';
/** The version of the semantic conventions that our names follow. */
const SCHEMA_URL = 'https://opentelemetry.io/schemas/1.45.0';

/**
 * The SDK of OpenTelemetry, as far as it is switched on. It is handed to whoever needs it: nothing is registered globally but its log, so
 * a library in this process that is instrumented by somebody else stays as it is.
 */
export class OpenTelemetry {
  readonly meter: Meter | undefined;
  readonly tracer: Tracer | undefined;
  /** Where the tracer has its ids from. */
  readonly ids = new GivenIds();
  private readonly stopWithin: number;
  private readonly logger: Logger;
  private readonly providers: readonly { shutdown(): Promise<void> }[];

  /** @param now a clock that only goes forward, in milliseconds */
  constructor(settings: OpenTelemetrySettings, logger: Logger, now: () => number) {
    const { metrics, traces, version } = settings;
    this.stopWithin = settings.stopWithin;
    this.logger = logger;
    logInto(logger);
    const resource = resourceOf(settings);
    const logOf = (what: string, { place }: ExportTarget): ExportLog => new ExportLog(what, logger, now, place);
    const meters = metrics && meterProvider(metrics, resource, logOf('metrics', metrics));
    const tracers = traces && tracerProvider(traces, resource, this.ids, logOf('traces', traces));
    this.meter = meters?.getMeter(SERVICE, version, { schemaUrl: SCHEMA_URL });
    this.tracer = tracers?.getTracer(SERVICE, version, { schemaUrl: SCHEMA_URL });
    this.providers = [meters, tracers].filter((provider) => provider !== undefined);
  }

  /** Exports what is not exported yet, if that is possible in time. */
  async stop(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const tooLate = new Promise<'too late'>((resolve) => {
      timer = setTimeout(() => resolve('too late'), this.stopWithin);
    });
    const ended = Promise.allSettled(this.providers.map((provider) => provider.shutdown()));
    const ends = await Promise.race([ended, tooLate]);
    clearTimeout(timer);
    diag.disable();
    if (ends === 'too late') {
      this.logger.warn({ waitedMs: this.stopWithin }, 'the last metrics or traces were not exported in time');
      return;
    }
    for (const end of ends) {
      if (end.status === 'rejected') {
        this.logger.warn({ err: end.reason as unknown }, 'the last metrics or traces were not exported');
      }
    }
  }
}

/**
 * How long gauges may take, and exports, each in milliseconds. They have to give up before the SDK's reader does, of which only the SDK's own log
 * would tell, each time.
 */
export function withinPatience({ interval, patience }: Pick<MetricsSettings, 'interval' | 'patience'>): number {
  return 0.9 * Math.min(patience, interval);
}

function meterProvider(settings: MetricsSettings, resource: Resource, log: ExportLog): MeterProvider {
  const { interval } = settings;
  const patience = Math.min(settings.patience, interval);
  const timeout = Math.min(settings.timeout, withinPatience(settings));
  const exporter = new ToldMetricExporter(new OTLPMetricExporter(optionsOf({ ...settings, timeout })), log);
  const reader = new PeriodicExportingMetricReader({
    exporter,
    exportIntervalMillis: interval,
    exportTimeoutMillis: patience,
  });
  return new MeterProvider({ resource, readers: [reader] });
}

/** Samples all that it is told: which messages are traced was decided before (`trace-sampler.ts`). */
function tracerProvider(settings: SpanExport, resource: Resource, ids: GivenIds, log: ExportLog): TracerProvider {
  const exporter = new ToldSpanExporter(new OTLPTraceExporter(optionsOf(settings)), log);
  const processor = new BatchSpanProcessor({
    exporter,
    scheduledDelayMillis: settings.delay,
    maxExportBatchSize: settings.batch,
    maxQueueSize: settings.queue,
  });
  return new TracerProvider({
    resource,
    idGenerator: ids,
    sampler: new AlwaysOnSampler(),
    spanProcessors: [processor],
  });
}

/** What the exporters are told. Compression, certificates and temporality they read from the environment by themselves. */
function optionsOf({ url, headers, timeout }: ExportTarget): ConstructorParameters<typeof OTLPMetricExporter>[0] {
  return { url, headers: async () => Promise.resolve({ ...headers() }), timeoutMillis: timeout };
}

/** Who tells all this. What the environment says goes before what is known here. */
function resourceOf({ version, instanceId }: OpenTelemetrySettings): Resource {
  const known = resourceFromAttributes({
    'service.name': SERVICE,
    'service.version': version,
    'service.instance.id': instanceId,
    'host.name': hostname(),
    'process.pid': process.pid,
  });
  const told = detectResources({ detectors: [resourceAttributesEnvDetector, serviceNameEnvDetector] });
  return defaultResource().merge(known).merge(told);
}

/** Makes lines of the log of what the SDK has to say: a variable that it can't read, data that a collector refuses. */
function logInto(logger: Logger): void {
  const child = logger.child({ library: 'opentelemetry' });
  const silent = (): void => undefined;
  const told = (message: string, ...more: unknown[]): void => {
    const err = more.find((one) => one instanceof Error);
    child.warn({ ...(err && { err }) }, message);
  };
  diag.setLogger(
    { error: told, warn: told, info: silent, debug: silent, verbose: silent },
    {
      logLevel: DiagLogLevel.WARN,
      suppressOverrideMessage: true,
    },
  );
}
