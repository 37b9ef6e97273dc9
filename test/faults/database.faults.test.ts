import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { World } from '../support/world.ts';
import { until } from '../support/world-until.ts';
import { down, faultCase, theStack, type Around } from './fault-case.ts';
import { databaseOf, endSessions, inSession, Session } from './sessions.ts';

const stack = theStack();
const WAITS = '`waiting for the database`, then `no longer waiting ...`; lag grows meanwhile.';
const ROLE = 'licensing_worker';
const LOCKED_FOR_MS = 60_000;
/** What PostgreSQL logs when a lane, and nobody else, wants to write in a session that is read-only. */
const REFUSED_LANE = /in a read-only transaction\n.* STATEMENT: .*\n.*UPDATE decided_offsets /;

faultCase(stack, {
  fault: 'F8',
  what: 'PostgreSQL is killed (immediate shutdown) amid a chunk, and started again',
  shows: WAITS,
  todo: 'Bring the database back. Nothing else: the chunk runs again.',
  inject: (around) => withoutPostgres(around, ({ stack: { postgres } }) => postgres.immediate()),
  fired: backAgain,
});

faultCase(stack, {
  fault: 'F2',
  what: 'SIGKILL of a worker that waits for a lock, with a chunk begun and others behind it',
  shows: 'The group rebalances after the session timeout; `duplicate` may rise for a moment.',
  todo: 'Nothing but starting a worker, which the supervisor does.',
  async inject({ world }) {
    await inSession(world.database.url, async (session) => {
      await session.run('BEGIN');
      await session.run('LOCK TABLE inbox');
      // By the time of the first lock timeout, the worker has committed all offsets that it could.
      await world.worker().logs('55P03');
      await world.worker().kill();
      await session.run('COMMIT');
    });
    await world.worker().restart();
  },
  fired: ({ world }) => expect(world.worker().log).toContain('the worker works'),
});

faultCase(stack, {
  fault: 'F8',
  what: 'PostgreSQL is stopped and started again',
  shows: WAITS,
  todo: 'Bring the database back. Nothing else: the chunk runs again.',
  inject: (around) => withoutPostgres(around, ({ stack: { postgres } }) => down(postgres)),
  fired: backAgain,
});

faultCase(stack, {
  fault: 'F10',
  what: 'the database is read-only',
  shows: '`waiting for the database` with the state 25006.',
  todo: 'Make it writable, or have its address lead to the primary: each try is a new connection.',
  async inject({ stack: { databaseUrl, runDir }, world }) {
    const database = databaseOf(world.database.url);
    const log = join(runDir, 'postgres.log');
    const begun = (await stat(log)).size;
    await inSession(databaseUrl, async (session) => {
      await session.run(`ALTER DATABASE ${database} SET default_transaction_read_only = on`);
      // The setting is for new sessions. They stay read-only after the reset, so the worker has to close them by itself.
      await endSessions(session, database);
      // Others may be refused first; a lane has to be refused as well.
      await until('a lane is refused', async () => REFUSED_LANE.test((await readFile(log)).toString('utf8', begun)));
      await session.run(`ALTER DATABASE ${database} RESET default_transaction_read_only`);
      // A session that nobody uses ends by itself, but not so soon.
      await until('the lanes write again', () => !stillWaits(world.worker().log), 20_000);
    });
  },
  fired: backAgain,
});

faultCase(stack, {
  fault: 'F10',
  what: 'the database has no connections left',
  shows: '`waiting for the database` with the state 53300.',
  todo: 'Raise the limit, or find who holds the connections; a worker takes up to `LANES` + 6.',
  begin: async ({ stack: { databaseUrl }, world }) => {
    await inSession(databaseUrl, (session) => session.run(`DROP ROLE IF EXISTS ${ROLE}`));
    await inSession(world.database.url, async (session) => {
      await session.run(`CREATE ROLE ${ROLE} LOGIN PASSWORD '${ROLE}'`);
      // The rights of docs/operations.md.
      await session.run(`GRANT USAGE ON SCHEMA public TO ${ROLE}`);
      await session.run(`GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO ${ROLE}`);
      await session.run(`REVOKE INSERT, UPDATE, DELETE ON migrations, migrations_lock FROM ${ROLE}`);
    });
    const url = new URL(world.database.url);
    Object.assign(url, { username: ROLE, password: ROLE });
    await world.startWorker({ DATABASE_URL: url.href });
  },
  async inject({ stack: { databaseUrl }, world }) {
    await inSession(databaseUrl, async (session) => {
      await session.run(`ALTER ROLE ${ROLE} CONNECTION LIMIT 0`);
      await endSessions(session, databaseOf(world.database.url));
      await world.worker().logs('53300');
      await session.run(`ALTER ROLE ${ROLE} CONNECTION LIMIT -1`);
    });
  },
  fired: backAgain,
});

faultCase(stack, {
  fault: 'F10',
  what: 'somebody holds locks on all tenants for a minute',
  shows: '`waiting for the database` with the state 55P03; `pg_blocking_pids` names who holds the lock.',
  todo: 'End that session. The worker asks again every few seconds and holds nothing in between.',
  async inject({ world }) {
    await inSession(world.database.url, async (session) => {
      await session.run('BEGIN');
      await session.run('SELECT FROM tenants FOR UPDATE');
      const since = performance.now();
      await world.worker().logs('55P03');
      await until('the minute is over', () => performance.now() - since > LOCKED_FOR_MS, 2 * LOCKED_FOR_MS);
      await session.run('COMMIT');
    });
  },
  fired: backAgain,
});

faultCase(stack, {
  fault: 'F11',
  what: 'a deadlock',
  shows: '`waiting for the database` with the state 40P01, for an instant.',
  todo: 'Nothing. If it comes often, somebody else writes to these tables.',
  // Chunks so large that each locks tenants and subdivisions.
  env: { CHUNK_MAX_MESSAGES: '60' },
  load: { messages: 8_000 },
  async inject({ world }) {
    const session = await Session.open(world.database.url);
    try {
      // PostgreSQL ends the session whose deadlock_timeout is over first: that has to be the worker's.
      await session.run(`SET deadlock_timeout = '20s'`);
      await until('the worker is the victim of a deadlock', async () => {
        await session.run('BEGIN');
        await session.run('SELECT FROM subdivisions FOR UPDATE');
        await session.blocked();
        // The session that waits has locked tenants before.
        await session.run('SELECT FROM tenants FOR UPDATE');
        await session.run('COMMIT');
        return world.worker().log.includes('40P01');
      });
    } finally {
      await session.close();
    }
  },
  fired: backAgain,
});

faultCase(stack, {
  fault: 'F11',
  what: 'serialization failures, which a trigger brings about',
  shows: '`waiting for the database` with the state 40001, for an instant each time.',
  todo: 'Nothing. The worker asks for READ COMMITTED, which has none: somebody has added what raises them.',
  async inject({ world }) {
    await inSession(world.database.url, async (session) => {
      await session.run('CREATE SEQUENCE writes');
      await session.run(
        `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
           IF nextval('writes') % 3 = 0 THEN RETURN NULL; END IF;
           RAISE 'could not serialize access due to concurrent update' USING ERRCODE = 'serialization_failure';
         END $$`,
      );
      await session.run('CREATE TRIGGER refuse BEFORE INSERT ON inbox FOR EACH STATEMENT EXECUTE FUNCTION refuse()');
      await world.worker().logs('40001');
      await session.run('DROP TRIGGER refuse ON inbox');
    });
  },
  fired: backAgain,
});

faultCase(stack, {
  fault: 'F11',
  what: 'sessions are SERIALIZABLE by default, and somebody touches the same rows',
  shows: 'Nothing: the worker asks for READ COMMITTED.',
  todo: 'Nothing.',
  async inject({ stack: { databaseUrl }, world }) {
    const database = databaseOf(world.database.url);
    await inSession(databaseUrl, async (session) => {
      await session.run(`ALTER DATABASE ${database} SET default_transaction_isolation = 'serializable'`);
      await endSessions(session, database);
    });
    await inSession(world.database.url, async (session) => {
      await session.run('BEGIN ISOLATION LEVEL READ COMMITTED');
      await session.run('SELECT FROM tenants ORDER BY tenant_id FOR UPDATE');
      await session.run('UPDATE tenants SET version = version');
      // A statement that began by now, and waits for ours, finds the rows changed.
      await session.blocked();
      await session.run('COMMIT');
    });
  },
  fired({ world }) {
    expect(world.worker().log).not.toContain('40001');
    expect(world.worker().exit).toBeUndefined();
  },
});

function stillWaits(log: string): boolean {
  return (
    log.lastIndexOf('"msg":"waiting for the database"') > log.lastIndexOf('"msg":"no longer waiting for the database"')
  );
}

/** Ends the database, and starts it again once the worker has noticed. */
async function withoutPostgres(around: Around, end: (around: Around) => Promise<void>): Promise<void> {
  await end(around);
  await around.world.worker().logs('waiting for the database');
  await around.stack.postgres.start();
}

/** The worker has seen the outage, and its end. */
function backAgain({ world }: { readonly world: World }): void {
  expect(world.worker().log).toContain('waiting for the database');
  expect(world.worker().log).toContain('no longer waiting for the database');
  expect(world.worker().exit).toBeUndefined();
}
