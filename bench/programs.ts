import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { ensureCached } from '../stack/cache.ts';

export type ContenderName = 'worker' | 'baseline' | 'reference' | 'metrics' | 'traces' | `commit ${string}`;

/** A program that drains, and the tree that it is part of: by that tree's command line, tables, subjects and topics are made. */
export interface Program {
  readonly name: Exclude<ContenderName, 'reference'>;
  readonly root: string;
  /** Of Node, run in `root`. */
  readonly args: readonly string[];
  /** Beside that of its world. */
  readonly environment?: NodeJS.ProcessEnv;
}

const run = promisify(execFile);
export const ROOT = fileURLToPath(new URL('..', import.meta.url));
/** Where what others made is kept, installed. */
export const BUILDS = join(ROOT, '.cache', 'builds');

/** The worker of this tree. */
export const WORKER = workerOf(ROOT);

/** The worker, and what it is compared with: what a competent team writes first (see the head of the file). */
export const OWN_PROGRAMS: readonly Program[] = [WORKER, { name: 'baseline', root: ROOT, args: ['bench/baseline.ts'] }];

/** What has to be done before a worker can start. */
const SET_UP = [
  ['migrate', 'up'],
  ['schemas', 'register'],
  ['topics', 'create'],
] as const;

/** The worker of the tree at `root`: as the benchmark of that tree runs it, or as it is where that has no worker of its own. */
export function workerOf(root: string): Program {
  const own = 'bench/worker.ts';
  return { name: 'worker', root, args: existsSync(join(root, own)) ? [own] : ['src/main.ts', 'worker'] };
}

/**
 * The worker of another commit of this repository. It is cloned and installed at its first use.
 *
 * @throws when the repository has no such commit, or when npm fails
 */
export async function workerOfCommit(commit: string, say: (line: string) => void): Promise<Program> {
  const hash = await hashOf(commit);
  const name = `commit ${hash.slice(0, 7)}` as const;
  const root = await ensureCached(join(BUILDS, hash), async (folder) => {
    say(`installing ${name}, once`);
    await run('git', ['clone', '--quiet', '--shared', '--no-checkout', ROOT, folder]);
    await run('git', ['checkout', '--quiet', '--detach', hash], { cwd: folder });
    await run('npm', ['ci', '--omit=dev', '--no-audit', '--no-fund'], { cwd: folder });
  });
  return { ...workerOf(root), name };
}

async function hashOf(commit: string): Promise<string> {
  const args = ['rev-parse', '--quiet', '--verify', '--end-of-options', `${commit}^{commit}`];
  try {
    return (await run('git', args, { cwd: ROOT })).stdout.trim();
  } catch (cause) {
    throw new Error(`this repository has no commit '${commit}'`, { cause });
  }
}

/** Makes tables, subjects and topics as the tree at `root` does. */
export async function setUpBy(root: string, environment: NodeJS.ProcessEnv): Promise<void> {
  for (const words of SET_UP) {
    await run(process.execPath, ['src/main.ts', ...words], { cwd: root, env: { ...process.env, ...environment } });
  }
}
