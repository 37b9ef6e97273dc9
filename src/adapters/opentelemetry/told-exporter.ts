import { ExportResultCode, type ExportResult } from '@opentelemetry/core';
import type {
  AggregationOption,
  AggregationTemporality,
  InstrumentType,
  PushMetricExporter,
  ResourceMetrics,
} from '@opentelemetry/sdk-metrics';
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace';
import type { ExportLog } from './export-log.ts';

type Done = (result: ExportResult) => void;

/** What both kinds of exporters have in common. */
interface Exporter<Items> {
  export(items: Items, done: Done): void;
  forceFlush?(): Promise<void>;
  shutdown(): Promise<void>;
}

/**
 * An exporter whose failures are told here, and nowhere else: the SDK is told that all went well, since it would write each failure into its own
 * log. What was not exported is not sent again; counters are sums, so the next export of them tells it.
 */
class ToldExporter<Items> {
  private readonly exporter: Exporter<Items>;
  private readonly log: ExportLog;

  constructor(exporter: Exporter<Items>, log: ExportLog) {
    this.exporter = exporter;
    this.log = log;
  }

  export(items: Items, done: Done): void {
    this.exporter.export(items, ({ code, error }) => {
      if (code === ExportResultCode.SUCCESS) this.log.succeeded();
      else this.log.failed(error);
      done({ code: ExportResultCode.SUCCESS });
    });
  }

  async forceFlush(): Promise<void> {
    await this.exporter.forceFlush?.();
  }

  shutdown(): Promise<void> {
    return this.exporter.shutdown();
  }
}

export class ToldMetricExporter extends ToldExporter<ResourceMetrics> implements PushMetricExporter {
  readonly selectAggregationTemporality: (type: InstrumentType) => AggregationTemporality;
  readonly selectAggregation: (type: InstrumentType) => AggregationOption;

  constructor(
    exporter: Exporter<ResourceMetrics> &
      Required<Pick<PushMetricExporter, 'selectAggregation' | 'selectAggregationTemporality'>>,
    log: ExportLog,
  ) {
    super(exporter, log);
    this.selectAggregationTemporality = (type) => exporter.selectAggregationTemporality(type);
    this.selectAggregation = (type) => exporter.selectAggregation(type);
  }
}

export class ToldSpanExporter extends ToldExporter<ReadableSpan[]> implements SpanExporter {}
