import { spawnSync } from 'node:child_process';
import { appendFileSync, chownSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../../stack/ports.ts';
import { directoryFor, postgresAccount, postgresBinaries } from '../../stack/postgres-account.ts';
import { databaseUrl } from '../../stack/postgres.ts';
import { createService, type ManagedService } from '../../stack/service.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';
import { until } from '../support/world-until.ts';
import { inSession } from './sessions.ts';

/** The name under which a standby is known to its primary. */
const NAME = 'standby';

/** A PostgreSQL that follows another one, by streaming replication, until it is promoted. */
export class Standby {
  readonly url: string;
  /** Between the primary and this one. */
  readonly link: TcpProxy;
  private readonly service: ManagedService;
  private readonly primaryUrl: string;
  private readonly temporary: readonly string[];

  private constructor(primaryUrl: string, link: TcpProxy, service: ManagedService, temporary: readonly string[]) {
    this.primaryUrl = primaryUrl;
    this.link = link;
    this.service = service;
    this.temporary = temporary;
    this.url = databaseUrl(service.port);
  }

  /** Follows the primary when it resolves. @param logFolder where its log goes */
  static async of(primaryUrl: string, logFolder: string): Promise<Standby> {
    const temporary: string[] = [];
    const account = postgresAccount();
    const binaries = await postgresBinaries(account, temporary);
    const link = await TcpProxy.to(Number(new URL(primaryUrl).port));
    const data = join(directoryFor(account, logFolder, temporary), 'data');
    await copyRunning(primaryUrl, data);
    const { username, password } = new URL(primaryUrl);
    const from = `host=127.0.0.1 port=${link.port} user=${username} password=${password} application_name=${NAME}`;
    appendFileSync(join(data, 'postgresql.auto.conf'), `primary_conninfo = '${from}'\n`);
    writeFileSync(join(data, 'standby.signal'), '');
    const { uid, gid } = account;
    if (uid !== undefined && gid !== undefined) {
      for (const name of ['backup_label', 'standby.signal']) chownSync(join(data, name), uid, gid);
    }
    const port = await freePort();
    const service = createService({
      name: NAME,
      port,
      logFile: join(logFolder, `${NAME}-${port}.log`),
      stopSignal: 'SIGINT',
      launch: () => ({
        command: binaries.postgres,
        args: ['-D', data, '-p', String(port), ...SETTINGS.flatMap((setting) => ['-c', setting])],
        env: { LC_ALL: 'C' },
        ...account,
      }),
      probe: () => inSession(databaseUrl(port), (session) => session.run('SELECT 1')).then(() => undefined),
    });
    await service.start();
    const standby = new Standby(primaryUrl, link, service, temporary);
    await until('the standby follows', async () => (await standby.state()) === 'streaming');
    return standby;
  }

  /** From here on a commit on the primary waits until this one has it. */
  async makeSynchronous(): Promise<void> {
    await inSession(this.primaryUrl, async (session) => {
      await session.run(`ALTER SYSTEM SET synchronous_standby_names = '${NAME}'`);
      await session.run('SELECT pg_reload_conf()');
    });
    await until('the standby is synchronous', async () => (await this.state('sync_state')) === 'sync');
  }

  /** Becomes a primary. End the other one first. */
  async promote(): Promise<void> {
    await inSession(this.url, (session) => session.run('SELECT pg_promote()'));
  }

  async kill(): Promise<void> {
    await this.service.kill();
  }

  async end(): Promise<void> {
    await this.kill();
    await this.link.close();
    for (const directory of this.temporary) rmSync(directory, { recursive: true, force: true });
  }

  private async state(column: 'state' | 'sync_state' = 'state'): Promise<string | undefined> {
    const sql = `SELECT ${column} AS state FROM pg_stat_replication WHERE application_name = $1`;
    const [found] = await inSession(this.primaryUrl, (session) => session.run<{ readonly state: string }>(sql, [NAME]));
    return found?.state;
  }
}

/** As the primary's, so that it can take over. */
const SETTINGS = [
  'listen_addresses=127.0.0.1',
  'unix_socket_directories=',
  'max_connections=200',
  'shared_buffers=64MB',
];

/** A base backup by the server's own functions: the packaged binaries lack pg_basebackup. */
async function copyRunning(url: string, to: string): Promise<void> {
  await inSession(url, async (session) => {
    const [{ directory } = { directory: '' }] = await session.run<{ readonly directory: string }>(
      `SELECT current_setting('data_directory') AS directory`,
    );
    await session.run(`SELECT pg_backup_start('standby', true)`);
    // Files that vanish meanwhile are none that the backup needs.
    spawnSync('cp', ['-a', directory, to], { stdio: 'ignore' });
    for (const name of ['postmaster.pid', 'postmaster.opts']) rmSync(join(to, name), { force: true });
    const [{ labelfile } = { labelfile: '' }] = await session.run<{ readonly labelfile: string }>(
      'SELECT labelfile FROM pg_backup_stop(false)',
    );
    writeFileSync(join(to, 'backup_label'), labelfile);
  });
}
