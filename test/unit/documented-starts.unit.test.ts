import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { processTree } from '../../stack/process-tree.ts';
import { spawnChild } from '../../stack/processes.ts';
import { until } from '../support/world-until.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const NOWHERE = '127.0.0.1:2';

/** A worker that waits for everything that it needs. */
const WAITING = {
  KAFKA_BROKERS: NOWHERE,
  SCHEMA_REGISTRY_URL: `http://${NOWHERE}`,
  DATABASE_URL: `postgres://${NOWHERE}/licensing`,
};

/** The commands that docs/cli.md calls `licensing`: in a clone, and in an image of the Dockerfile. */
const STARTS: readonly (readonly [command: string, ...args: string[]])[] = [
  ['npm', 'run', '-s', 'licensing', '--', 'worker'],
  [...entryPoint(), 'worker'],
];

describe.each(STARTS)('%s %s %s', (command, ...args) => {
  test.each(['SIGTERM', 'SIGINT'] as const)('%s stops it gracefully, and leaves no process behind', async (signal) => {
    const folder = mkdtempSync(join(tmpdir(), 'licensing-start-'));
    const logFile = join(folder, 'log');
    const child = spawnChild({ command, args, cwd: ROOT, env: WAITING, logFile, stopSignal: 'SIGKILL' });
    const log = (): string => readFileSync(logFile, 'utf8');
    try {
      await until('it waits', () => log().includes('waiting for the database'), 30_000, log);
      const started = processTree(child.pid ?? 0);
      process.kill(child.pid ?? 0, signal);
      expect(await child.exited).toMatchObject({ code: 0, signal: null });
      await until('nobody of them runs', () => started.every((pid) => processTree(pid).length === 0));
      expect(log()).toContain('"msg":"stopped"');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

function entryPoint(): [command: string, ...args: string[]] {
  const line = /^ENTRYPOINT (.*)$/m.exec(readFileSync(join(ROOT, 'Dockerfile'), 'utf8'))?.[1];
  // Only this form has no shell in between.
  return JSON.parse(line ?? '') as [string, ...string[]];
}
