import { execFile } from 'node:child_process';
import { createRequire, registerHooks } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { download, run } from '../../stack/downloads.ts';
import { tell } from '../clients/clients.ts';

// The clouds' signers are optional: a program of a test uses one that is installed beside the worker, not into it.

const CACHE = join(import.meta.dirname, '..', '..', '.cache');

/** Runs a program of this folder with the folder where a package is installed. @param pinned `name@1.2.3` @returns what it prints */
export async function printedWith(
  pinned: string,
  program: string,
  env: Readonly<Record<string, string>>,
): Promise<string> {
  const folder = await download(CACHE, tell, {
    what: `${pinned} from npm`,
    cacheName: pinned.replace(/^@/, '').replace(/[@/]/g, '-'),
    fetch: (directory, logFile) =>
      run(
        'npm',
        ['install', '--silent', '--no-audit', '--no-fund', '--ignore-scripts', '--prefix', directory, pinned],
        logFile,
      ),
  });
  const args = [join(import.meta.dirname, program), folder];
  const { stdout } = await promisify(execFile)(process.execPath, args, { env: { PATH: process.env['PATH'], ...env } });
  return stdout;
}

/** In such a program: has everybody who imports the package get the one that its argument leads to. */
export function importFromArgument(name: string): void {
  const [, , folder = ''] = process.argv;
  const url = pathToFileURL(createRequire(join(folder, 'here.js')).resolve(name)).href;
  registerHooks({
    resolve: (specifier, context, next) =>
      specifier === name ? { url, shortCircuit: true } : next(specifier, context),
  });
}
