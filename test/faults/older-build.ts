import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The last commit before workers state levels and tell what is decided. */
const COMMIT = 'b2f1871';
const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** The command line of a worker of the version before, checked out once. @throws where the repository lacks that commit */
export function olderWorker(): readonly string[] {
  const folder = join(ROOT, '.cache', `build-${COMMIT}`);
  if (!existsSync(join(folder, 'node_modules'))) {
    mkdirSync(folder, { recursive: true });
    const unpacked = spawnSync('sh', ['-c', `git archive ${COMMIT} | tar x -C "$0"`, folder], { cwd: ROOT });
    if (!existsSync(join(folder, 'src', 'main.ts'))) {
      throw new Error(`commit ${COMMIT} is needed (git fetch --unshallow): ${String(unpacked.stderr)}`);
    }
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  }
  return [join(folder, 'src', 'main.ts'), 'worker'];
}
