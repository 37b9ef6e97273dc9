import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../stack/ports.ts';
import { createService, type ManagedService } from '../../stack/service.ts';

interface Rule {
  readonly type: 'alerting' | 'recording';
  readonly name: string;
  readonly query: string;
  /** Those that are pending or fire. */
  readonly alerts?: readonly Alert[];
}

interface Alert {
  readonly state: 'pending' | 'firing';
  readonly labels: Readonly<Record<string, string>>;
  /** As whoever is called reads them. */
  readonly annotations: Readonly<Record<string, string>>;
}

interface Series {
  readonly metric: Readonly<Record<string, string>>;
  /** Seconds since the epoch, and the value as text. */
  readonly values: readonly (readonly [number, string])[];
}

export interface PrometheusOptions {
  readonly program: string;
  /** `host:port` of who is scraped. */
  readonly target: string;
  readonly rules: string;
}

/** A Prometheus of the test's own, which scrapes each second. */
export class Prometheus {
  private readonly url: string;
  private readonly folder: string;
  private readonly service: ManagedService;
  private readonly startedAt = Date.now() / 1_000;

  private constructor(url: string, folder: string, service: ManagedService) {
    this.url = url;
    this.folder = folder;
    this.service = service;
  }

  static async start({ program, target, rules }: PrometheusOptions): Promise<Prometheus> {
    const folder = mkdtempSync(join(tmpdir(), 'licensing-prometheus-'));
    const port = await freePort();
    const settings = join(folder, 'prometheus.yml');
    writeFileSync(
      settings,
      // YAML takes JSON.
      JSON.stringify({
        global: { scrape_interval: '1s', evaluation_interval: '1s' },
        rule_files: [rules],
        // `job` and `instance` are those of the workers, not of the collector.
        scrape_configs: [{ job_name: 'collector', honor_labels: true, static_configs: [{ targets: [target] }] }],
      }),
    );
    const url = `http://127.0.0.1:${port}`;
    const service = createService({
      name: 'prometheus',
      port,
      logFile: join(folder, 'log'),
      stopSignal: 'SIGTERM',
      launch: () => ({
        command: program,
        args: [
          `--config.file=${settings}`,
          `--storage.tsdb.path=${join(folder, 'data')}`,
          `--web.listen-address=127.0.0.1:${port}`,
        ],
      }),
      probe: async () => {
        const { ok, status } = await fetch(`${url}/-/ready`);
        if (!ok) throw new Error(`not ready: ${status}`);
      },
    });
    await service.start();
    return new Prometheus(url, folder, service);
  }

  /** What a query has given at each second since the start. @throws an Error with what is wrong about it */
  async history(query: string): Promise<readonly Series[]> {
    const end = Date.now() / 1_000;
    const range = { start: String(this.startedAt), end: String(end), step: '1' };
    const { result } = await this.ask<{ readonly result: readonly Series[] }>('query_range', { query, ...range });
    return result;
  }

  async rules(): Promise<readonly Rule[]> {
    const { groups } = await this.ask<{ readonly groups: readonly { readonly rules: readonly Rule[] }[] }>('rules');
    return groups.flatMap(({ rules }) => rules);
  }

  async stop(): Promise<void> {
    await this.service.stop();
    rmSync(this.folder, { recursive: true });
  }

  private async ask<T>(what: string, parameters: Readonly<Record<string, string>> = {}): Promise<T> {
    const answer = await fetch(`${this.url}/api/v1/${what}?${new URLSearchParams(parameters).toString()}`);
    const said = (await answer.json()) as { readonly data: T; readonly error?: string };
    if (said.error !== undefined) throw new Error(`${said.error}: ${JSON.stringify(parameters)}`);
    return said.data;
  }
}
