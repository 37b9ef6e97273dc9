import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../stack/ports.ts';
import { createService, type ManagedService } from '../../stack/service.ts';

/** An OpenTelemetry Collector of the test's own: metrics wait to be scraped, and each span is a line of its log. */
export class OtelCollector {
  /** For OTEL_EXPORTER_OTLP_ENDPOINT. */
  readonly endpoint: string;
  /** `host:port` for Prometheus. */
  readonly target: string;
  private readonly folder: string;
  private readonly service: ManagedService;

  private constructor(endpoint: string, target: string, folder: string, service: ManagedService) {
    this.endpoint = endpoint;
    this.target = target;
    this.folder = folder;
    this.service = service;
  }

  static async start(program: string): Promise<OtelCollector> {
    const folder = mkdtempSync(join(tmpdir(), 'licensing-collector-'));
    const [receives, port] = [await freePort(), await freePort()];
    const settings = join(folder, 'settings.yaml');
    const target = `127.0.0.1:${port}`;
    writeFileSync(
      settings,
      // YAML takes JSON.
      JSON.stringify({
        receivers: { otlp: { protocols: { http: { endpoint: `127.0.0.1:${receives}` } } } },
        exporters: { prometheus: { endpoint: target }, debug: { verbosity: 'normal' } },
        service: {
          telemetry: { metrics: { level: 'none' } },
          pipelines: {
            metrics: { receivers: ['otlp'], exporters: ['prometheus'] },
            traces: { receivers: ['otlp'], exporters: ['debug'] },
          },
        },
      }),
    );
    const service = createService({
      name: 'collector',
      port,
      logFile: join(folder, 'log'),
      stopSignal: 'SIGTERM',
      launch: () => ({ command: program, args: ['--config', `file:${settings}`] }),
      probe: async () => {
        await fetch(`http://${target}/metrics`);
      },
    });
    await service.start();
    return new OtelCollector(`http://127.0.0.1:${receives}`, target, folder, service);
  }

  async stop(): Promise<void> {
    await this.service.stop();
    rmSync(this.folder, { recursive: true });
  }
}
