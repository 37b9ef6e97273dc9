import { TcpProxy, type Verdict } from '../support/tcp-proxy.ts';
import { until } from '../support/world-until.ts';
import { faultCase, theStack } from './fault-case.ts';

const stack = theStack();
const TIMES = 5;
let proxy: TcpProxy;
let chunks: ChunkCommits;

const begin: Parameters<typeof faultCase>[1]['begin'] = async ({ stack: { postgres }, world }) => {
  proxy = await TcpProxy.to(postgres.port);
  // From the first statement on: its text comes once a connection.
  chunks = new ChunkCommits();
  proxy.watch((bytes, connection) => chunks.judge(bytes, connection));
  await world.startWorker({ DATABASE_URL: proxy.via(world.database.url) });
};

for (const { verdict, what } of [
  { verdict: 'cut-at-answer', what: 'COMMIT reaches the database, and its answer does not come back' },
  { verdict: 'cut', what: 'COMMIT does not reach the database' },
] as const) {
  faultCase(stack, {
    fault: 'F9',
    what: `the connection is cut while COMMIT is under way, ${TIMES} times: ${what}`,
    shows: '`waiting for the database`: the connection ended while COMMIT was under way.',
    todo: 'Nothing: the inbox tells the worker which it was.',
    begin,
    async inject({ world }) {
      chunks.cut(verdict, TIMES);
      await until(`${TIMES} COMMITs are cut`, () => chunks.left === 0, 60_000);
      await world.worker().logs('the connection ended while COMMIT was under way');
    },
    fired({ world }) {
      expect(world.worker().log).toContain('no longer waiting for the database');
      expect(world.worker().exit).toBeUndefined();
    },
    end: () => proxy.close(),
  });
}

faultCase(stack, {
  fault: 'F16',
  what: 'half-open connections to the database: packets vanish, nothing is reset',
  shows: '`waiting for the database` after `DATABASE_STATEMENT_TIMEOUT_MS` + 5 s at the latest.',
  todo: 'Mend the network. The worker gives the dead connections up by itself.',
  begin,
  async inject({ world }) {
    proxy.blackhole();
    await world.worker().logs('waiting for the database');
    proxy.heal();
  },
  fired({ world }) {
    expect(world.worker().log).toContain('no longer waiting for the database');
    expect(world.worker().exit).toBeUndefined();
  },
  end: () => proxy.close(),
});

/**
 * Knows the COMMITs of chunks which owe something: of transactions that have written to inbox and outbox. Sweeps and readings commit, too.
 * Statements are known by their names, since the text of each comes only once a connection.
 */
class ChunkCommits {
  /** How many more are to be cut. */
  left = 0;
  private verdict: Verdict = 'pass';
  /** By the names of statements: where they write. */
  private readonly targets = new Map<string, string>();
  /** Where the transaction that is under way on a connection has written. */
  private readonly written = new WeakMap<object, Set<string>>();

  cut(verdict: Verdict, times: number): void {
    this.verdict = verdict;
    this.left = times;
  }

  judge(bytes: Buffer, connection: object): Verdict {
    const sent = bytes.toString('latin1');
    // knex sends BEGIN and COMMIT as simple queries.
    let written = this.written.get(connection);
    if (written === undefined || sent.includes('BEGIN')) this.written.set(connection, (written = new Set()));
    for (const [, name = '', text = ''] of sent.matchAll(STATEMENT)) {
      const [, target] = WRITES.exec(text) ?? [];
      if (target !== undefined) this.targets.set(name, target);
      const known = this.targets.get(name);
      if (known !== undefined) written.add(known);
    }
    if (this.left === 0 || written.size < 2 || !sent.includes('COMMIT;')) return 'pass';
    this.left -= 1;
    return this.verdict;
  }
}

/** The name of a statement, and its text where it is prepared. */
const STATEMENT = /(licensing_[0-9a-f]{32})\0([^\0]*)/g;
const WRITES = /INSERT INTO (inbox|outbox)/;
