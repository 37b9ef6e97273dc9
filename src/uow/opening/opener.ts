import type { Socket } from 'node:net';
import pg from 'pg';
import type { DatabaseUrl } from '../../ports/database-url.ts';
import { ConfigurationError, DatabaseUnavailable } from '../../ports/errors.ts';
import type { Connected } from '../connection.ts';
import { checkClient } from '../driver.ts';
import { startupOptions, type SessionSettings } from '../session.ts';
import { connectionError, mayGoOtherwise, refusesOptions } from './connection-errors.ts';
import { parametersOf, type Parameters } from './parameters.ts';
import { settingsIn, settleBehind, type Between } from './pooler.ts';
import { openSocket } from './socket.ts';
import { targetsOf, type AddressesOf, type Target } from './targets.ts';
import { tlsOptionsOf, waysOf, type Way } from './tls.ts';

export interface OpenerSettings {
  /** Read for each connection, as the password is. */
  readonly url: () => DatabaseUrl;
  /** Instead of the URL's. */
  readonly password?: ((server: Server) => string | Promise<string>) | undefined;
  /** The setting that the password comes from. */
  readonly passwordFrom: string;
  /** What has to hold in each session. */
  readonly session: SessionSettings;
  /** For one host, whose addresses share it. Milliseconds. */
  readonly connectTimeout: number;
  readonly types: pg.CustomTypesConfig;
  /** Told once, when it is found out. */
  readonly betweenFound?: ((between: Between) => void) | undefined;
  /** Default: all that the system's resolver finds. */
  readonly addressesOf?: AddressesOf | undefined;
}

/** Who is asked to let us in, for a password that is made for it. */
export interface Server {
  readonly host: string;
  readonly port: number;
  readonly user: string;
}

/** Opens connections, each to the first server of the URL that will do. */
export class Opener {
  private readonly settings: OpenerSettings;
  /** Once somebody was let in, the settings were right: what is refused later is waited for, since passwords and certificates are renewed. */
  private wasLetIn = false;
  /** Some poolers refuse the startup parameter. */
  private takesOptions = true;
  private toldOfPooler = false;
  /** Where the last connection went, which is tried first when not every server will do. */
  private last: string | undefined;

  constructor(settings: OpenerSettings) {
    this.settings = settings;
  }

  /** Reads URL and files, to find out what can't work before anything is connected to. @throws ConfigurationError */
  check(): void {
    const { tls, hosts } = this.parameters();
    if (tls.mode !== 'disable' && hosts.some(({ host }) => !host.startsWith('/'))) tlsOptionsOf(tls);
  }

  /** @throws ConfigurationError, as long as nobody was let in; DatabaseUnavailable */
  async open(): Promise<Opened> {
    try {
      const opened = await this.openFirst(this.parameters());
      this.wasLetIn = true;
      return opened;
    } catch (error) {
      const failure = connectionError(error, this.settings.passwordFrom);
      if (failure instanceof ConfigurationError && this.wasLetIn) {
        throw new DatabaseUnavailable(failure.message, { cause: error });
      }
      throw failure;
    }
  }

  /** How long a connection may take to open. Milliseconds. */
  get longest(): number {
    const parameters = this.parameters();
    return this.timeFor(parameters) * parameters.hosts.length;
  }

  private timeFor({ timeout = this.settings.connectTimeout }: Parameters): number {
    return timeout;
  }

  private parameters(): Parameters {
    return parametersOf(this.settings.url(), process.env);
  }

  /**
   * As libpq: the next server is tried when one does not answer or will not do, but not when one refuses us. Other than there, the addresses of
   * a host share its time, so that it is known how long all of them take: what the first leave is for the others.
   */
  private async openFirst(parameters: Parameters): Promise<Opened> {
    const failures: Error[] = [];
    const failed = (error: unknown): void => {
      const failure = connectionError(error, this.settings.passwordFrom);
      if (failure instanceof ConfigurationError) throw failure;
      failures.push(failure);
    };
    for (const host of ordered(parameters, this.last)) {
      const targets = await targetsOf(host, this.settings.addressesOf).catch((error: unknown) => {
        failed(error);
        return [];
      });
      const end = performance.now() + this.timeFor(parameters);
      for (const [i, target] of targets.entries()) {
        try {
          const within = (end - performance.now()) / (targets.length - i);
          const opened = await this.openTarget(target, parameters, within);
          this.last = host.host + String(host.port);
          return opened;
        } catch (error) {
          failed(error);
        }
      }
    }
    const [first, ...others] = failures;
    if (first !== undefined && others.length === 0) throw first;
    throw new DatabaseUnavailable(failures.map(({ message }) => message).join('; '), { cause: first });
  }

  private async openTarget(target: Target, parameters: Parameters, within: number): Promise<Opened> {
    const ways = waysOf(parameters.tls, target.isSocket);
    for (const [i, way] of ways.entries()) {
      try {
        return await this.openBy(way, target, parameters, within);
      } catch (error) {
        if (i === ways.length - 1 || !mayGoOtherwise(error)) throw error;
      }
    }
    throw new Error('there is always a way');
  }

  private async openBy(way: Way, target: Target, parameters: Parameters, within: number): Promise<Opened> {
    try {
      return await this.session(way, target, parameters, within);
    } catch (error) {
      if (!this.takesOptions || !refusesOptions(error)) throw error;
      this.takesOptions = false;
      return this.session(way, target, parameters, within);
    }
  }

  /** One connection, to the last answer that is needed before it is used. All of it has to be there within the time for one address. */
  private async session(way: Way, target: Target, parameters: Parameters, within: number): Promise<Opened> {
    const { tls } = parameters;
    const timeout = Math.max(1, Math.round(within));
    const deadline = AbortSignal.timeout(timeout);
    let socket: Socket | undefined;
    const giveUp = (): void => void socket?.destroy();
    try {
      socket = await openSocket(target, tls, way, deadline);
      // A pooler may let us in, and then wait for its server for as long as it likes.
      deadline.addEventListener('abort', giveUp);
      const client = this.clientOver(socket, target, parameters);
      await client.connect();
      checkClient(client);
      return await this.lookAround(client as Opened, target, parameters);
    } catch (error) {
      // A client that was refused keeps its socket open.
      socket?.on('error', () => undefined);
      socket?.destroy();
      if (deadline.aborted) {
        throw new DatabaseUnavailable(`${target.place}: no answer within ${timeout} ms`, { cause: error });
      }
      throw error;
    } finally {
      deadline.removeEventListener('abort', giveUp);
    }
  }

  private clientOver(socket: Socket, target: Target, parameters: Parameters): pg.Client {
    const { password, session, types } = this.settings;
    const { user, password: own, database } = parameters;
    const client: pg.Client = new pg.Client({
      user,
      database,
      password:
        password === undefined
          ? (own ?? '')
          : () => password({ host: target.host, port: portOf(target), user: client.user ?? '' }),
      // They are looked at in errors and for a password file.
      host: target.host,
      port: portOf(target),
      stream: () => connectedAlready(socket),
      ssl: false,
      sslnegotiation: 'postgres',
      enableChannelBinding: parameters.bound,
      ...(this.takesOptions && { options: startupOptions(parameters.options, session) }),
      application_name: parameters.applicationName,
      // What is asked without waiting for the answer before goes out at once; the server answers in the same order.
      pipeline: true,
      keepAlive: !target.isSocket,
      keepAliveInitialDelayMillis: 5_000,
      types,
    });
    // A lost connection is an 'error', which ends the process if nobody listens. The pool listens once it has the connection, which is later.
    client.on('error', () => undefined);
    if (parameters.bound) insistOnBinding(client);
    return client;
  }

  /** What is at the other end: a server that will do, and whether its sessions are ours alone. */
  private async lookAround(client: Opened, { place }: Target, { target, options }: Parameters): Promise<Opened> {
    const { rows } = await client.query<Found>(LOOK);
    const [found] = rows;
    if (found === undefined) throw new Error('a SELECT without FROM has one row');
    client.serverVersion = found.version;
    if (target !== 'any' && found.recovering)
      throw new DatabaseUnavailable(`${place} is a standby (target_session_attrs)`);
    if (target === 'read-write' && found.read_only) {
      throw new DatabaseUnavailable(`${place} is read-only (target_session_attrs)`);
    }
    if (found.pid === client.processID && this.takesOptions) return client;
    const between = await settleBehind(client, { ...settingsIn(options), ...this.settings.session });
    if (!this.toldOfPooler) this.settings.betweenFound?.(between);
    this.toldOfPooler = true;
    return client;
  }
}

/** A client that has connected. */
export interface Opened extends pg.Client, Pick<Connected, 'readyForQuery'> {
  readonly processID: number | null;
  serverVersion: string;
}

interface Found {
  readonly pid: number;
  readonly recovering: boolean;
  readonly read_only: boolean;
  readonly version: string;
}

const LOOK = `SELECT pg_backend_pid() AS pid, pg_is_in_recovery() AS recovering, current_setting('transaction_read_only')::boolean AS read_only,
  current_setting('server_version') AS version`;

function portOf({ connect }: Target): number {
  return 'port' in connect ? connect.port : 0;
}

/** pg connects the stream that it is given; ours is connected, and speaks TLS already. */
function connectedAlready(socket: Socket): Socket {
  socket.connect = () => {
    process.nextTick(() => socket.emit('connect'));
    return socket;
  };
  return socket;
}

/** The one that let us in last comes first when not every server will do: after a fail-over the first of the URL may answer nobody for long. */
function ordered({ hosts, shuffled, target }: Parameters, last: string | undefined): Parameters['hosts'] {
  const all = shuffled ? hosts.toSorted(() => Math.random() - 0.5) : hosts;
  const first = target === 'any' ? undefined : all.find(({ host, port }) => host + String(port) === last);
  return first === undefined ? all : [first, ...all.filter((host) => host !== first)];
}

/** pg binds where the server offers it, and does without where it doesn't. Comes before pg's own listeners, which would answer. */
function insistOnBinding({ connection }: pg.Client): void {
  let proven = false;
  const refuse = (): void => {
    const fault = 'DATABASE_URL: the server does not bind the password to its certificate (channel_binding)';
    connection.stream.destroy(new ConfigurationError(fault));
  };
  connection.on('authenticationSASL', ({ mechanisms }: { readonly mechanisms: readonly string[] }) => {
    if (!mechanisms.includes('SCRAM-SHA-256-PLUS')) refuse();
  });
  connection.on('authenticationSASLFinal', () => (proven = true));
  for (const event of ['authenticationCleartextPassword', 'authenticationMD5Password']) connection.on(event, refuse);
  connection.on('authenticationOk', () => {
    if (!proven) refuse();
  });
}
