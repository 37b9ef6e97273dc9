import { TcpProxy, type Verdict } from '../support/tcp-proxy.ts';
import { until } from '../support/world-until.ts';
import { faultCase, theStack } from './fault-case.ts';

const stack = theStack();
const TIMES = 5;
let proxy: TcpProxy;

const begin: Parameters<typeof faultCase>[1]['begin'] = async ({ stack: { postgres }, world }) => {
  proxy = await TcpProxy.to(postgres.port);
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
      let cuts = 0;
      proxy.watch((bytes): Verdict => {
        // Only the COMMIT of a chunk, which has written into the outbox. knex sends COMMIT as a simple query.
        if (cuts === TIMES || !bytes.includes('COMMIT')) return 'pass';
        cuts += 1;
        return verdict;
      });
      await until(`${TIMES} COMMITs are cut`, () => cuts === TIMES);
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
