import { execFileSync } from 'node:child_process';
import { chownSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { freePort } from '../../stack/ports.ts';
import { directoryFor, postgresAccount } from '../../stack/postgres-account.ts';
import { createService, type ManagedService } from '../../stack/service.ts';
import { ADMIN } from './postgres-server.ts';

/** Those that this machine has: the one on the PATH, and others that are named. */
export const PGBOUNCERS = ['pgbouncer', ...(process.env['TEST_PGBOUNCERS']?.split(',') ?? [])];

/** @throws when it is not there: a test that did not run must not pass */
export function versionOf(binary: string): string {
  const [, version] = /PgBouncer (\S+)/.exec(execFileSync(binary, ['--version'], { encoding: 'utf8' })) ?? [];
  if (version === undefined) throw new Error(`${binary} is no PgBouncer: install one, or name it in TEST_PGBOUNCERS`);
  return version;
}

interface Options {
  readonly binary: string;
  readonly mode: 'transaction' | 'session';
  /** The port of the server. */
  readonly to: number;
  /** Beside and above what stands here. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** A PgBouncer of a test's own, before all databases of a server. */
export class PgBouncer {
  readonly port: number;
  private readonly service: ManagedService;

  private constructor(port: number, service: ManagedService) {
    this.port = port;
    this.service = service;
  }

  static async start({ binary, mode, to, settings = {} }: Options): Promise<PgBouncer> {
    const account = postgresAccount();
    const folder = directoryFor(account, tmpdir(), []);
    const port = await freePort();
    const [ini, users] = [join(folder, 'pgbouncer.ini'), join(folder, 'users.txt')];
    const values = {
      listen_addr: '127.0.0.1',
      listen_port: String(port),
      unix_socket_dir: '',
      auth_type: 'scram-sha-256',
      auth_file: users,
      pool_mode: mode,
      // So few that clients share them.
      default_pool_size: mode === 'transaction' ? '2' : '20',
      max_client_conn: '100',
      admin_users: ADMIN,
      ...settings,
    };
    const lines = Object.entries(values).map(([name, value]) => `${name} = ${value}\n`);
    writeFileSync(ini, `[databases]\n* = host=127.0.0.1 port=${to}\n[pgbouncer]\n${lines.join('')}`);
    writeFileSync(users, `"${ADMIN}" "${ADMIN}"\n`);
    const { uid, gid } = account;
    if (uid !== undefined && gid !== undefined) for (const file of [ini, users]) chownSync(file, uid, gid);
    const service = createService({
      name: 'pgbouncer',
      port,
      logFile: join(folder, 'log'),
      stopSignal: 'SIGINT',
      launch: () => ({ command: binary, args: [ini], ...account }),
      probe: async () => {
        const client = new Client({ host: '127.0.0.1', port, user: ADMIN, password: ADMIN, database: ADMIN });
        client.on('error', () => undefined); // a broken connection fails the query below, too
        try {
          await client.connect();
          await client.query('SELECT 1');
        } finally {
          await client.end();
        }
      },
    });
    await service.start();
    return new PgBouncer(port, service);
  }

  /** The URL of a database by way of this pooler. */
  via(url: string): string {
    const through = new URL(url);
    through.port = String(this.port);
    return through.href;
  }

  /** Ends it at once, with whatever goes through it, and starts it again. */
  async restart(): Promise<void> {
    await this.service.kill();
    await this.service.start();
  }

  async stop(): Promise<void> {
    await this.service.kill();
  }
}
