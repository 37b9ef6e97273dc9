import { spawn } from 'node:child_process';
import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import { copyDirectory, ensureCached } from './cache.ts';
import { StackError } from './errors.ts';
import { freePort } from './ports.ts';
import { directoryFor, postgresAccount, postgresBinaries } from './postgres-account.ts';
import type { Account, PostgresBinaries } from './postgres-account.ts';
import { createService } from './service.ts';
import type { Service, ServiceSurroundings } from './service.ts';

export interface PostgresService extends Service {
  /** SIGQUIT: ends every session at once, without a checkpoint. The next start recovers from the write-ahead log. */
  readonly immediate: () => Promise<void>;
}

/** The first version of PostgreSQL that has locales of its own. */
const BUILTIN_LOCALES = 17;
const BUILTIN_LOCALE = ['--locale-provider', 'builtin', '--builtin-locale', 'C.UTF-8'];

const HOST = '127.0.0.1';
/** The name of superuser, password and database. Only loopback can reach them. */
const NAME = 'licensing';

/** A PostgreSQL with one empty database, as durable as one in production; not started yet. */
export async function createPostgres(
  around: ServiceSurroundings,
  temporary: string[],
  added: Readonly<Record<string, string>> = {},
): Promise<PostgresService> {
  const account = postgresAccount();
  const binaries = await postgresBinaries(account, temporary);
  const template = await initialisedCluster(around, account, binaries, temporary);
  const dataDir = join(directoryFor(account, around.runDir, temporary), 'data');
  await copyDirectory(template, dataDir);
  const port = await freePort();
  const service = createService({
    name: 'postgres',
    port,
    logFile: join(around.runDir, 'postgres.log'),
    // "Fast" shutdown: SIGTERM would wait until every client has gone.
    stopSignal: 'SIGINT',
    launch: () => ({
      command: binaries.postgres,
      args: ['-D', dataDir, '-p', String(port), ...settings(added)],
      env: { LC_ALL: 'C' },
      ...account,
    }),
    probe: () => probe(port),
  });
  return {
    ...service,
    get pid() {
      return service.pid; // the spread has copied a value
    },
    immediate: () => service.endWith('SIGQUIT'),
  };
}

export function databaseUrl(port: number): string {
  return `postgres://${NAME}:${NAME}@${HOST}:${port}/${NAME}`;
}

function settings(added: Readonly<Record<string, string>>): readonly string[] {
  const values = {
    listen_addresses: HOST,
    unix_socket_directories: '',
    max_connections: '200',
    shared_buffers: '256MB',
    fsync: 'on',
    synchronous_commit: 'on',
    // With the default of 1 GB, the benchmark's load causes a checkpoint every few seconds.
    max_wal_size: '4GB',
    ...added,
  };
  return Object.entries(values).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

async function probe(port: number): Promise<void> {
  const client = new Client({
    connectionString: databaseUrl(port),
    connectionTimeoutMillis: 2_000,
    query_timeout: 5_000,
  });
  client.on('error', () => undefined); // a broken connection fails the query below, too
  try {
    await client.connect();
    await client.query('select 1');
  } finally {
    await client.end();
  }
}

/** `initdb` takes longer than everything else here, and its result is always the same: it runs once, then the result is copied. */
async function initialisedCluster(
  { cacheDir, runDir, log }: ServiceSurroundings,
  account: Account,
  binaries: PostgresBinaries,
  temporary: string[],
): Promise<string> {
  // The files belong to the account, so each account needs its own copy.
  const name = `postgres-${binaries.version}-uid${account.uid ?? process.getuid?.() ?? 0}`;
  const cached = await ensureCached(join(cacheDir, name), async (unfinished) => {
    log(`initialising a PostgreSQL ${binaries.version} cluster, once`);
    const work = directoryFor(account, runDir, temporary);
    const passwordFile = join(work, 'password');
    await writeFile(passwordFile, NAME, { mode: 0o644 });
    const data = join(work, 'data');
    await runToEnd(account, binaries.initdb, [
      '-D',
      data,
      '--username',
      NAME,
      '--pwfile',
      passwordFile,
      '--auth',
      'scram-sha-256',
      '--no-sync',
      '--encoding',
      'UTF8',
      // A locale that every machine has.
      '--locale',
      'C',
      ...(Number.parseInt(binaries.version) >= BUILTIN_LOCALES ? BUILTIN_LOCALE : []),
    ]);
    await runToEnd(account, binaries.postgres, ['--single', '-D', data, 'postgres'], `create database ${NAME};\n`);
    await copyDirectory(data, join(unfinished, 'copying'));
    await rename(join(unfinished, 'copying'), join(unfinished, 'data'));
    await rm(work, { recursive: true });
  });
  return join(cached, 'data');
}

function runToEnd(account: Account, command: string, args: readonly string[], input = ''): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { ...account, env: { ...process.env, LC_ALL: 'C' } });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => (output += text));
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve();
      else reject(new StackError(`${command} failed: ${output.trim().split('\n').slice(-20).join('\n')}`));
    });
    child.stdin.end(input);
  });
}
