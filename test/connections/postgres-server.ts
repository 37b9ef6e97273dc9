import { execFileSync } from 'node:child_process';
import { appendFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { copyDirectory } from '../../stack/cache.ts';
import { freePort } from '../../stack/ports.ts';
import {
  directoryFor,
  postgresAccount,
  postgresBinaries,
  type PostgresBinaries,
} from '../../stack/postgres-account.ts';
import { createService, type ManagedService } from '../../stack/service.ts';

/** Its superuser, with this password. */
export const ADMIN = 'licensing';
/** Everybody may come from this machine, with a password. */
export const OPEN_HBA = ['local all all scram-sha-256', 'host all all 127.0.0.1/32 scram-sha-256'];

interface Options {
  readonly settings?: Readonly<Record<string, string>>;
  /** Lines of pg_hba.conf. The superuser's own come before them. */
  readonly hba?: readonly string[];
  /** Default: those of this tree's package. */
  readonly binaries?: Pick<PostgresBinaries, 'postgres' | 'initdb'>;
}

/** A PostgreSQL of a test's own. */
export class PostgresServer {
  readonly port: number;
  /** Of its unix socket, and of whatever else its user has to read. */
  readonly folder: string;
  private readonly data: string;
  private readonly service: ManagedService;
  private readonly options: Options;

  private constructor(port: number, folder: string, { settings = {}, ...options }: Options, binary: string) {
    this.port = port;
    this.folder = folder;
    this.data = join(folder, 'data');
    this.options = { settings, ...options };
    const given = {
      listen_addresses: '127.0.0.1',
      unix_socket_directories: folder,
      max_connections: '100',
      shared_buffers: '32MB',
      ...settings,
    };
    this.service = createService({
      name: 'postgres',
      port,
      logFile: `${folder}.log`,
      stopSignal: 'SIGINT',
      launch: () => ({
        command: binary,
        args: ['-D', this.data, '-p', String(port), ...Object.entries(given).flatMap(([k, v]) => ['-c', `${k}=${v}`])],
        env: { LC_ALL: 'C' },
        ...postgresAccount(),
      }),
      probe: () => this.ask('SELECT 1').then(() => undefined),
    });
  }

  static async start(options: Options = {}): Promise<PostgresServer> {
    const temporary: string[] = [];
    const account = postgresAccount();
    const binaries = options.binaries ?? (await postgresBinaries(account, temporary));
    const folder = directoryFor(account, tmpdir(), temporary);
    const passwordFile = `${folder}.password`;
    writeFileSync(passwordFile, ADMIN, { mode: 0o644 });
    const made = ['-D', join(folder, 'data'), '-U', ADMIN, '--pwfile', passwordFile, '--auth', 'scram-sha-256'];
    execFileSync(binaries.initdb, [...made, '--no-sync', '--encoding', 'UTF8', '--locale', 'C'], {
      ...account,
      stdio: 'pipe',
      env: { ...process.env, LC_ALL: 'C' },
    });
    rmSync(passwordFile);
    const server = new PostgresServer(await freePort(), folder, options, binaries.postgres);
    server.writeHba();
    await server.service.start();
    await server.ask(`CREATE DATABASE ${ADMIN}`);
    return server;
  }

  /** A standby of this server, which has to stand still for as long as its files are copied. */
  async standby(): Promise<PostgresServer> {
    const temporary: string[] = [];
    const account = postgresAccount();
    const { postgres } = this.options.binaries ?? (await postgresBinaries(account, temporary));
    const folder = directoryFor(account, tmpdir(), temporary);
    await this.service.stop();
    await copyDirectory(this.data, join(folder, 'data'));
    await this.service.start();
    appendFileSync(
      join(folder, 'data', 'postgresql.auto.conf'),
      `primary_conninfo = 'host=127.0.0.1 port=${this.port} user=${ADMIN} password=${ADMIN}'\n`,
    );
    writeFileSync(join(folder, 'data', 'standby.signal'), '');
    const server = new PostgresServer(await freePort(), folder, this.options, postgres);
    await server.service.start();
    return server;
  }

  /** Of the superuser, over TCP. */
  get url(): string {
    return `postgres://${ADMIN}:${ADMIN}@127.0.0.1:${this.port}/${ADMIN}`;
  }

  /** As the superuser, over a connection of its own. */
  async ask<Row extends object>(sql: string, database = 'postgres'): Promise<readonly Row[]> {
    const client = new Client({
      ...{ host: '127.0.0.1', port: this.port, user: ADMIN, password: ADMIN, database },
      connectionTimeoutMillis: 2_000,
    });
    client.on('error', () => undefined); // a broken connection fails the query below, too
    try {
      await client.connect();
      return (await client.query<Row>(sql)).rows;
    } finally {
      await client.end();
    }
  }

  /** Makes a standby the primary. */
  async promote(): Promise<void> {
    await this.ask('SELECT pg_promote()');
  }

  async start(): Promise<void> {
    await this.service.start();
  }

  async stop(): Promise<void> {
    await this.service.stop();
  }

  /** Ends it, and removes its files. */
  async remove(): Promise<void> {
    await this.service.kill();
    for (const path of [this.folder, `${this.folder}.log`]) rmSync(path, { recursive: true, force: true });
  }

  private writeHba(): void {
    const { hba = OPEN_HBA } = this.options;
    const admin = [
      `host all ${ADMIN} 127.0.0.1/32 scram-sha-256`,
      `host replication ${ADMIN} 127.0.0.1/32 scram-sha-256`,
    ];
    writeFileSync(join(this.data, 'pg_hba.conf'), `${[...admin, ...hba].join('\n')}\n`);
  }
}
