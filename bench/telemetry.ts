import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Program } from './programs.ts';

/** Exports are looked at by the test suites. Here somebody takes them who answers at once. */
interface Sink {
  /** For OTEL_EXPORTER_OTLP_ENDPOINT. */
  readonly url: string;
  close(): void;
}

/** A drain takes some ten seconds: by the default of a minute none of it would be exported. */
const INTERVAL_MS = 5_000;

export async function startSink(): Promise<Sink> {
  const server = createServer((request, response) => {
    request.resume().once('end', () => response.end());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** The worker with metrics, and with metrics and traces of one message in a hundred. */
export function withTelemetry(worker: Program, { url }: Sink): readonly Program[] {
  const exporting = { OTEL_EXPORTER_OTLP_ENDPOINT: url, OTEL_METRIC_EXPORT_INTERVAL: String(INTERVAL_MS) };
  const sampled = { OTEL_TRACES_SAMPLER: 'parentbased_traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.01' };
  return [
    { ...worker, name: 'metrics', environment: { ...exporting, OTEL_TRACES_EXPORTER: 'none' } },
    { ...worker, name: 'traces', environment: { ...exporting, ...sampled } },
  ];
}
