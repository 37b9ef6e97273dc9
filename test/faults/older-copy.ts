import { databaseOf, inSession, type Session } from './sessions.ts';

/** A copy of a database, for the time when it is to take its place: what a dump is that was made then and restored later. */
export class OlderCopy {
  private readonly serverUrl: string;
  private readonly name: string;

  private constructor(serverUrl: string, name: string) {
    this.serverUrl = serverUrl;
    this.name = name;
  }

  /** Sessions of the database end; new ones are let in when it resolves. @param serverUrl of another database of the same server */
  static async of(databaseUrl: string, serverUrl: string): Promise<OlderCopy> {
    const name = databaseOf(databaseUrl);
    await inSession(serverUrl, (session) =>
      undisturbed(session, name, async () => {
        await session.run(`CREATE DATABASE ${name}_older TEMPLATE ${name} STRATEGY file_copy`);
      }),
    );
    return new OlderCopy(serverUrl, name);
  }

  /** Under the database's name whoever connects next finds the copy. */
  async takePlace(): Promise<void> {
    const { name } = this;
    await inSession(this.serverUrl, async (session) => {
      await undisturbed(session, name, async () => {
        await session.run('BEGIN');
        await session.run(`ALTER DATABASE ${name} RENAME TO ${name}_lost`);
        await session.run(`ALTER DATABASE ${name}_older RENAME TO ${name}`);
        await session.run('COMMIT');
      });
      await session.run(`DROP DATABASE ${name}_lost WITH (FORCE)`);
    });
  }
}

/** Lets nobody into the database meanwhile. */
async function undisturbed(session: Session, name: string, work: () => Promise<void>): Promise<void> {
  await session.run(`ALTER DATABASE ${name} ALLOW_CONNECTIONS false`);
  await session.run(
    'SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid()',
    [name],
  );
  try {
    await work();
  } finally {
    await session.run(`ALTER DATABASE ${name} ALLOW_CONNECTIONS true`);
  }
}
