import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { download, run } from '../../stack/downloads.ts';

// What the suite watches with: a collector that is built here, and the Prometheus of this machine, or one that is built, too.

const CACHE = join(import.meta.dirname, '../../.cache');

export interface PrometheusPrograms {
  readonly prometheus: string;
  readonly promtool: string;
}

/** @throws when it is neither here nor can be built: a test that did not run must not pass */
export async function collectorProgram(): Promise<string> {
  const folder = await built('collector', 'OpenTelemetry Collector (built from source)', '.');
  return join(folder, 'collector');
}

export async function prometheusPrograms(): Promise<PrometheusPrograms> {
  if (isThere('prometheus', '--version') && isThere('promtool', '--version'))
    return { prometheus: 'prometheus', promtool: 'promtool' };
  const what = 'Prometheus (built from source)';
  const packages = ['prometheus', 'promtool'].map((name) => `github.com/prometheus/prometheus/cmd/${name}`);
  // Its hundred kinds of service discovery are most of its size, and none is needed.
  const folder = await built('prometheus', what, '-tags', 'remove_all_sd', ...packages);
  return { prometheus: join(folder, 'prometheus'), promtool: join(folder, 'promtool') };
}

/** @returns the folder with the programs of the packages */
async function built(name: string, what: string, ...words: readonly string[]): Promise<string> {
  const source = join(import.meta.dirname, name);
  const hash = createHash('sha256').update(words.join(' '));
  for (const file of globSync('*', { cwd: source }).sort()) hash.update(readFileSync(join(source, file)));
  return download(CACHE, (line) => void process.stderr.write(`${line}\n`), {
    what,
    cacheName: `${name}-${hash.digest('hex').slice(0, 8)}`,
    fetch: async (directory, logFile) => {
      if (!isThere('go', 'version'))
        throw new Error(
          `Go is missing: it builds what the suite needs, here ${what}, so install Go and have \`go\` on the PATH.`,
        );
      const copy = mkdtempSync(join(tmpdir(), 'licensing-go-'));
      try {
        cpSync(source, copy, { recursive: true });
        const output = `${directory}/`;
        await run('go', ['build', '-C', copy, '-mod=mod', '-o', output, ...words], logFile);
      } finally {
        rmSync(copy, { recursive: true });
      }
    },
  });
}

function isThere(command: string, ...words: readonly string[]): boolean {
  return spawnSync(command, words).status === 0;
}
