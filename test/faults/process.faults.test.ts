import { randomUUID } from 'node:crypto';
import { createTenant } from '../e2e/given.ts';
import { command } from '../support/load.ts';
import { until } from '../support/world-until.ts';
import { faultCase, theStack } from './fault-case.ts';
import { FAULT_CLOCK, startFaulty } from './points.ts';

const stack = theStack();
const HOUR = 60 * 60 * 1_000;
const JUMPS = 4;
const LARGEST = 4_000;
const CHUNK = 1_000;
const AT_ONCE = 80;

// The worker's own time of day jumps, by which messages are decided and libraries wait; the machine's is everybody's here. What comes
// to an end within the session timeout shows that heartbeats and offset commits have gone on.
faultCase(stack, {
  fault: 'F23',
  what: 'the clock jumps an hour ahead, back, an hour behind, and back',
  shows: 'Nothing but wrong times in events; rows far from the wrong clock may be refused (`StatisticRowInFuture`).',
  todo: 'Mend the clock. What was decided by the wrong one stands, as it was answered.',
  load: { messages: 5_000 },
  check: { clockError: HOUR },
  begin: ({ world }) => startFaulty(world, { [FAULT_CLOCK]: String(HOUR) }),
  async inject({ world, load }) {
    for (let i = 0; i < JUMPS; i += 1) {
      const before = await load.handled();
      world.worker().signal('SIGUSR2');
      await until('some are handled by this clock', async () => (await load.handled()) > before + 100);
    }
  },
  fired(_, { model }) {
    const ahead = model.events.map(({ data, cause }) => Number(data['occurredAt']) - cause.record.timestamp);
    expect(Math.max(...ahead)).toBeGreaterThan(HOUR / 2);
    expect(Math.min(...ahead)).toBeLessThan(-HOUR / 2);
  },
});

faultCase(stack, {
  fault: 'F27',
  what: '128 MB of heap, and chunks of 1,000 of the largest legal messages',
  shows: 'Nothing: `QUEUE_MAX_BYTES` bounds what waits.',
  todo: 'Nothing. A smaller heap needs a smaller `QUEUE_MAX_BYTES` and `CHUNK_MAX_MESSAGES`.',
  env: { CHUNK_MAX_MESSAGES: String(CHUNK) },
  load: { messages: 8_000 },
  begin: ({ world }) => world.startWorker({ NODE_OPTIONS: '--max-old-space-size=128' }),
  async inject({ world }) {
    // Four bytes a character: the longest that every rule allows.
    const longest = (length: number): string => '\u{1F600}'.repeat(length);
    const tenants = Array.from({ length: 8 }, () => createTenant());
    await world.send(tenants);
    const subdivisions = Array.from({ length: LARGEST }, (_, i) =>
      command('CreateSubdivision', {
        tenantId: tenants[i % tenants.length]?.data.tenantId ?? '',
        subdivisionId: randomUUID(),
        name: longest(200),
        location: longest(1_000),
        linkToSubdivisionProcessingDomain: longest(1_000),
      }),
    );
    // A batch of them has to fit into what the topic takes at once.
    for (let i = 0; i < LARGEST; i += AT_ONCE) await world.send(subdivisions.slice(i, i + AT_ONCE));
  },
  async fired({ world }) {
    // What one transaction has taken in shares its time; repetitions are not among them.
    const found = await world.db.raw<{ rows: readonly { readonly n: number }[] }>(
      'SELECT count(*) AS n FROM inbox GROUP BY received_at ORDER BY n DESC LIMIT 1',
    );
    expect(found.rows[0]?.n).toBeGreaterThan(CHUNK * 0.9);
    expect(world.worker().exit).toBeUndefined();
  },
});
