import pg from 'pg';
import { ConfigurationError } from '../../ports/errors.ts';
import type { SessionSettings } from '../session.ts';
import { PREPARED_ALREADY } from './connection-errors.ts';

// A connection pooler in transaction mode gives each transaction a session of its choice. So nothing may rely on one: what a session is set to
// travels with each transaction, and a statement has a name only where the pooler keeps the names of its clients apart. A pooler in session
// mode can't be told from it, and is content with the same.

/** A connection pooler between worker and server. */
export interface Between {
  /** Whether a statement that is named by one client can't be another client's. */
  readonly keepsNames: boolean;
}

/** As knex asks it. */
interface Asked {
  query(config: Statement | string, answered: Answered): void;
  readonly connection: {
    /** Those that the server has taken, by their names. */
    readonly parsedStatements: Readonly<Record<string, string>>;
  };
  /** knex' mark of a connection that is not to be used again. */
  __knex__disposed?: unknown;
}

interface Statement {
  readonly text: string;
  readonly values?: unknown;
  readonly name?: string;
}

type Answered = (error: Error | null, result?: unknown) => void;

/**
 * Has the client set its settings in each transaction, in the message that begins it: no round trip more. A statement outside a transaction
 * gets one of its own. Returns what it has found out about the pooler. Throws what the server says to the settings.
 */
export async function settleBehind(client: pg.Client, settings: SessionSettings): Promise<Between> {
  const begin = beginWith(settings);
  const between = { keepsNames: await keepsNames(client, begin) };
  carry(client as unknown as Asked, begin, between);
  return between;
}

/**
 * `set_config` and not `SET LOCAL`, which takes a list such as `search_path` for one name. The isolation is said here, since its default counts
 * for transactions that begin later.
 */
function beginWith(settings: SessionSettings): string {
  const set = Object.entries(settings).map(([name, value]) => {
    return `pg_catalog.set_config(${pg.escapeLiteral(name)}, ${pg.escapeLiteral(value)}, true)`;
  });
  return `${PLAIN_BEGIN}; SELECT ${set.join(', ')}`;
}

const PLAIN_BEGIN = 'BEGIN ISOLATION LEVEL READ COMMITTED';

const PROBE = 'licensing_probe';

/** Whether the server knows our statement by our name for it. From 1.21 on PgBouncer gives it another (`max_prepared_statements`). */
async function keepsNames(client: pg.Client, begin: string): Promise<boolean> {
  try {
    await client.query(begin);
    const found = await client.query({
      name: PROBE,
      text: `SELECT FROM pg_catalog.pg_prepared_statements WHERE name = '${PROBE}'`,
    });
    // Whoever gets this session next would find it.
    if (found.rowCount !== 0) await client.query(`DEALLOCATE ${PROBE}`);
    return found.rowCount === 0;
  } catch (error) {
    if (typeof error === 'object' && error !== null && 'code' in error && error.code === PREPARED_ALREADY) return false;
    throw error;
  } finally {
    // The failure that led here is the one to report: when this fails too, the connection is gone. If it alone fails, the first use tells.
    await client.query('ROLLBACK').catch(() => undefined);
  }
}

function carry(client: Asked, begin: string, { keepsNames }: Between): void {
  const pass = client.query.bind(client);
  const ask: typeof pass = (config, answered) => {
    const name = typeof config === 'string' ? undefined : config.name;
    if (name === undefined) pass(config, answered);
    else pass(config, disposingOf(client, name, answered));
  };
  let inside = false;
  client.query = (config, answered) => {
    const text = typeof config === 'string' ? config : config.text;
    const statement = keepsNames || typeof config === 'string' ? config : withoutName(config);
    const begins = BEGINS.exec(text);
    if (begins) {
      inside = true;
      // A mode can't be set any more once the settings are.
      const [, mode] = begins;
      ask(mode === undefined ? begin : begin.replace(PLAIN_BEGIN, `BEGIN ${mode}`), (error, result) => {
        // Its transaction may be open, and has failed.
        if (error) client.__knex__disposed = error;
        answered(error, result);
      });
    } else if (ENDS.test(text)) {
      inside = false;
      ask(statement, answered);
    } else if (inside || NEEDS_NO_TRANSACTION.test(text)) {
      ask(statement, answered);
    } else {
      alone(ask, begin, statement, answered);
    }
  };
}

/**
 * PgBouncer remembers a name that the server has not taken, since the transaction had failed before, and refuses it from then on: the
 * connection is of no use any more.
 */
function disposingOf(client: Asked, name: string, answered: Answered): Answered {
  return (error, result) => {
    if (error && !Object.hasOwn(client.connection.parsedStatements, name)) client.__knex__disposed = error;
    answered(error, result);
  };
}

/** knex' own words. */
const BEGINS = /^BEGIN\b(?: TRANSACTION ([^;]+))?/;
const ENDS = /^(COMMIT|ROLLBACK)\b(?! TO)/;
/** PostgreSQL refuses these in a transaction. A migration that has one names its schema. */
const NEEDS_NO_TRANSACTION = /\bCONCURRENTLY\b/;

/** Sent without waiting in between; answered when the transaction has ended. What fails first is what is told. */
function alone(ask: Asked['query'], begin: string, statement: Statement | string, answered: Answered): void {
  let failure: Error | null = null;
  let result: unknown;
  const note = (error: Error | null): void => void (failure ??= error);
  ask(begin, note);
  ask(statement, (error, found) => {
    note(error);
    result = found;
  });
  ask('COMMIT', (error) => {
    note(error);
    if (failure === null) answered(null, result);
    else answered(failure);
  });
}

function withoutName({ name: _, ...statement }: Statement): Statement {
  return statement;
}

/** The settings of a startup parameter `options`. @throws ConfigurationError for a switch that can't be taken along */
export function settingsIn(options: string): SessionSettings {
  const words = (options.match(/(?:\\.|[^\\\s])+/gs) ?? []).map((word) => word.replace(/\\(.)/gs, '$1'));
  const settings: Record<string, string> = {};
  for (let i = 0; i < words.length; i += 1) {
    const word = words[i] === '-c' ? `-c${words[(i += 1)] ?? ''}` : (words[i] ?? '');
    const [, name, value] = /^(?:-c|--)([\w.-]+)=(.*)$/s.exec(word) ?? [];
    if (name === undefined || value === undefined) {
      throw new ConfigurationError(
        'DATABASE_URL: options hold more than settings (-c name=value), and a connection pooler stands between, behind which nothing else can be set',
      );
    }
    settings[name.replaceAll('-', '_')] = value;
  }
  return settings;
}
