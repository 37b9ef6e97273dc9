import { validateHeaderName, validateHeaderValue } from 'node:http';
import { SAMPLERS, type ExportTarget } from './ports/exports.ts';
import { HTTP_URL, PAIRS, TEXT, wholeNumber, type SettingTable, type Type, type Values } from './settings.ts';
import { placeOf } from './urls.ts';

/** Read anew for each export, if it stands in a file: a rotated token needs no restart. */
const HEADERS: Type<() => Readonly<Record<string, string>>> = {
  expected: `${PAIRS.expected}, the values percent-encoded`,
  read: (text) => {
    const headers = headersIn(text);
    return headers && (() => headers);
  },
  readAnew: (read) => () => read()(),
};

/** The specification takes any case, and whatever is not true for false. */
const FLAG: Type<boolean> = {
  expected: 'true or false',
  read: (text) => text.trim().toLowerCase() === 'true',
};

const MILLISECONDS = wholeNumber(100, 24 * 60 * 60_000);

/**
 * The standard variables of OpenTelemetry that this program reads; the packages of the SDK read others by themselves. All of them may be set
 * for every program of a platform, so what concerns no export that is switched on is not looked at.
 */
export const OPEN_TELEMETRY = {
  disabled: {
    variable: 'OTEL_SDK_DISABLED',
    type: FLAG,
    default: 'false',
    about: 'switches off what the endpoints have switched on',
  },
  endpoint: {
    variable: 'OTEL_EXPORTER_OTLP_ENDPOINT',
    type: HTTP_URL,
    optional: true,
    secret: true,
    about:
      'where metrics and traces are exported to, by OTLP over HTTP: `/v1/metrics` and `/v1/traces` are appended. Without an endpoint nothing is exported, and it costs nothing',
  },
  protocol: {
    variable: 'OTEL_EXPORTER_OTLP_PROTOCOL',
    type: TEXT,
    default: 'http/protobuf',
    about: 'the one that is spoken here is `http/protobuf`; the start refuses another where something is exported',
  },
  headers: {
    variable: 'OTEL_EXPORTER_OTLP_HEADERS',
    type: HEADERS,
    optional: true,
    secret: true,
    about: 'sent with each export, such as `authorization=Bearer%20...`',
  },
  timeout: {
    variable: 'OTEL_EXPORTER_OTLP_TIMEOUT',
    type: MILLISECONDS,
    default: '10000',
    about: 'how long one export may take, its repetitions included',
  },
  metrics: {
    exporter: {
      variable: 'OTEL_METRICS_EXPORTER',
      type: TEXT,
      default: 'otlp',
      about: '`otlp`, or `none` for no metrics',
    },
    endpoint: {
      variable: 'OTEL_EXPORTER_OTLP_METRICS_ENDPOINT',
      type: HTTP_URL,
      optional: true,
      secret: true,
      about: 'where metrics are exported to, with its path; goes before `OTEL_EXPORTER_OTLP_ENDPOINT`',
    },
    protocol: {
      variable: 'OTEL_EXPORTER_OTLP_METRICS_PROTOCOL',
      type: TEXT,
      optional: true,
      about: 'goes before `OTEL_EXPORTER_OTLP_PROTOCOL`',
    },
    headers: {
      variable: 'OTEL_EXPORTER_OTLP_METRICS_HEADERS',
      type: HEADERS,
      optional: true,
      secret: true,
      about: 'beside `OTEL_EXPORTER_OTLP_HEADERS`, and before those of the same names',
    },
    timeout: {
      variable: 'OTEL_EXPORTER_OTLP_METRICS_TIMEOUT',
      type: MILLISECONDS,
      optional: true,
      about: 'goes before `OTEL_EXPORTER_OTLP_TIMEOUT`',
    },
    interval: {
      variable: 'OTEL_METRIC_EXPORT_INTERVAL',
      type: MILLISECONDS,
      default: '60000',
      about: 'from one export of metrics to the next',
    },
    patience: {
      variable: 'OTEL_METRIC_EXPORT_TIMEOUT',
      type: MILLISECONDS,
      default: '30000',
      about:
        'how long metrics may take from the first reading of a gauge to the end of their export; never longer than the interval',
    },
  },
  traces: {
    exporter: {
      variable: 'OTEL_TRACES_EXPORTER',
      type: TEXT,
      default: 'otlp',
      about: '`otlp`, or `none` for no traces',
    },
    endpoint: {
      variable: 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT',
      type: HTTP_URL,
      optional: true,
      secret: true,
      about: 'where traces are exported to, with its path; goes before `OTEL_EXPORTER_OTLP_ENDPOINT`',
    },
    protocol: {
      variable: 'OTEL_EXPORTER_OTLP_TRACES_PROTOCOL',
      type: TEXT,
      optional: true,
      about: 'goes before `OTEL_EXPORTER_OTLP_PROTOCOL`',
    },
    headers: {
      variable: 'OTEL_EXPORTER_OTLP_TRACES_HEADERS',
      type: HEADERS,
      optional: true,
      secret: true,
      about: 'beside `OTEL_EXPORTER_OTLP_HEADERS`, and before those of the same names',
    },
    timeout: {
      variable: 'OTEL_EXPORTER_OTLP_TRACES_TIMEOUT',
      type: MILLISECONDS,
      optional: true,
      about: 'goes before `OTEL_EXPORTER_OTLP_TIMEOUT`',
    },
    sampler: {
      variable: 'OTEL_TRACES_SAMPLER',
      type: TEXT,
      default: 'parentbased_always_off',
      about: `which messages are traced: ${SAMPLERS.map((name) => `\`${name}\``).join(', ')}. The default traces what its producer traces`,
    },
    samplerArgument: {
      variable: 'OTEL_TRACES_SAMPLER_ARG',
      type: TEXT,
      default: '1',
      about: 'the share of traces that the samplers `...traceidratio` take, from 0 to 1',
    },
    delay: {
      variable: 'OTEL_BSP_SCHEDULE_DELAY',
      type: MILLISECONDS,
      default: '5000',
      about: 'how long spans may wait for the next export; a full batch does not wait',
    },
    batch: {
      variable: 'OTEL_BSP_MAX_EXPORT_BATCH_SIZE',
      type: wholeNumber(1, 100_000),
      default: '512',
      about: 'the most spans of one export; no more than `OTEL_BSP_MAX_QUEUE_SIZE`',
    },
    queue: {
      variable: 'OTEL_BSP_MAX_QUEUE_SIZE',
      type: wholeNumber(1, 1_000_000),
      default: '2048',
      about: 'the most spans that wait; the log tells how many more were dropped',
    },
  },
} as const satisfies SettingTable;

type OpenTelemetrySettings = Values<typeof OPEN_TELEMETRY>;
type Signal = 'metrics' | 'traces';

/** @returns where a signal is exported to; undefined when it is switched off */
export function targetOf(signal: Signal, settings: OpenTelemetrySettings): ExportTarget | undefined {
  const { disabled, endpoint, headers, timeout } = settings;
  const own = settings[signal];
  const url = own.endpoint ?? (endpoint === undefined ? undefined : `${endpoint}/v1/${signal}`);
  if (disabled || own.exporter === 'none' || url === undefined) return undefined;
  return {
    ...{ url, place: placeOf(url), timeout: own.timeout ?? timeout },
    headers: () => ({ ...headers?.(), ...own.headers?.() }),
  };
}

/** @returns a sentence when traces are switched on, and what is to be traced can't be told */
export function samplingIsKnown({
  openTelemetry: settings,
}: {
  readonly openTelemetry: OpenTelemetrySettings;
}): string | undefined {
  if (targetOf('traces', settings) === undefined) return undefined;
  const { sampler, samplerArgument, batch, queue } = settings.traces;
  const { traces: variables } = OPEN_TELEMETRY;
  if (!SAMPLERS.includes(sampler)) {
    return `${variables.sampler.variable} is '${sampler}'; expected one of ${SAMPLERS.join(', ')}`;
  }
  const ratio = Number(samplerArgument);
  if (sampler.endsWith('traceidratio') && !(ratio >= 0 && ratio <= 1)) {
    return `${variables.samplerArgument.variable} is '${samplerArgument}'; expected a number from 0 to 1 for ${sampler}`;
  }
  if (batch <= queue) return undefined;
  return `${variables.batch.variable} is ${batch}; expected no more than ${variables.queue.variable}, which is ${queue}`;
}

/** @returns a sentence when a signal that is switched on is to be exported in a way that is not known here */
export function exportIsKnown({
  openTelemetry: settings,
}: {
  readonly openTelemetry: OpenTelemetrySettings;
}): string | undefined {
  const signals = ['metrics', 'traces'] as const;
  return signals.map((signal) => unknownExport(signal, settings)).find((fault) => fault !== undefined);
}

function unknownExport(signal: Signal, settings: OpenTelemetrySettings): string | undefined {
  if (targetOf(signal, settings) === undefined) return undefined;
  const { exporter, protocol } = settings[signal];
  const variables = OPEN_TELEMETRY[signal];
  if (exporter !== 'otlp') return `${variables.exporter.variable} is '${exporter}'; expected otlp or none`;
  const spoken = protocol ?? settings.protocol;
  if (spoken === 'http/protobuf') return undefined;
  const { variable } = protocol === undefined ? OPEN_TELEMETRY.protocol : variables.protocol;
  return `${variable} is '${spoken}'; expected http/protobuf, the one that is spoken here, with an endpoint for it (port 4318 for most collectors)`;
}

function headersIn(text: string): Readonly<Record<string, string>> | undefined {
  const pairs = PAIRS.read(text.replace(/,\s*$/, ''));
  try {
    if (pairs === undefined) return undefined;
    const headers = Object.entries(pairs).map(([name, value]) => [name, decodeURIComponent(value)] as const);
    for (const [name, value] of headers) {
      validateHeaderName(name);
      validateHeaderValue(name, value);
    }
    return Object.fromEntries(headers);
  } catch {
    return undefined; // a `%` that begins no escape, or what HTTP does not take
  }
}
