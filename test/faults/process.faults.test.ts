import { randomUUID } from 'node:crypto';
import { createTenant } from '../e2e/given.ts';
import { asUuid, identityOf } from '../oracle/identity.ts';
import { command } from '../support/load.ts';
import { until } from '../support/world-until.ts';
import { faultCase, theStack } from './fault-case.ts';
import { FAULT_CLOCK } from './points.ts';
import { inSession } from './sessions.ts';

const stack = theStack();
const HOUR = 60 * 60 * 1_000;
const JUMPS = 4;
const LARGEST = 4_000;
const CHUNK = 1_000;
const AT_ONCE = 80;
/** Longer than any message of the ordinary load. */
const LARGE_BYTES = 8_000;

// Only the worker's time of day jumps, not the machine's. Libraries wait by it, and published records are dated by it. If the load settles,
// heartbeats and offset commits have gone on; the oracle goes by the timestamps of the records alone.
faultCase(stack, {
  fault: 'F23',
  what: 'the clock jumps an hour ahead, back, an hour behind, and back',
  shows:
    'Nothing but wrong timestamps of the records that it publishes: no decision and no event goes by the clock of a worker.',
  todo: 'Mend the clock. One that is more than an hour ahead is refused by the broker (`message.timestamp.after.max.ms`).',
  load: { messages: 5_000 },
  begin: ({ world }) => world.startWorker({ [FAULT_CLOCK]: String(HOUR) }),
  async inject({ world, load }) {
    for (let i = 0; i < JUMPS; i += 1) {
      const before = await load.handled();
      world.worker().signal('SIGUSR2');
      await until('some are handled by this clock', async () => (await load.handled()) > before + 100);
    }
  },
  fired({ world }) {
    const published = world.collector.records(world.topics.events);
    const ahead = published.map(({ timestamp, decoded }) => timestamp - Number(decoded?.data['occurredAt']));
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
  load: { messages: 12_000 },
  sendsRest: true,
  begin: ({ world }) => world.startWorker({ NODE_OPTIONS: '--max-old-space-size=128' }),
  async inject({ world, load }) {
    // Four bytes a character: the longest that every rule allows.
    const longest = (length: number): string => '\u{1F600}'.repeat(length);
    const tenant = createTenant();
    const { tenantId } = tenant.data;
    await world.send([tenant]);
    await world.settled();
    const subdivisions = Array.from({ length: LARGEST }, () =>
      command('CreateSubdivision', {
        tenantId,
        subdivisionId: randomUUID(),
        name: longest(200),
        location: longest(1_000),
        linkToSubdivisionProcessingDomain: longest(1_000),
      }),
    );
    // While the lane waits for the locked tenant, the others pile up behind the first, until whole chunks of them wait.
    await inSession(world.database.url, async (session) => {
      await session.run('BEGIN');
      await session.run('SELECT FROM tenants WHERE tenant_id = $1 FOR UPDATE', [tenantId]);
      // A batch has to fit into what the topic takes at once.
      for (let i = 0; i < LARGEST; i += AT_ONCE) await world.send(subdivisions.slice(i, i + AT_ONCE));
      await session.blocked();
    });
    await load.sendRest();
  },
  async fired({ world }) {
    const commands = world.collector.records(world.topics.commands);
    const large = commands.filter(({ value }) => value !== null && value.length > LARGE_BYTES);
    expect(large).toHaveLength(LARGEST);
    // Inbox rows of one transaction have the same time; repetitions have no row.
    const chunks = await world
      .db('inbox')
      .whereIn(
        'identity',
        large.map((record) => asUuid(identityOf(record).hash)),
      )
      .groupBy('received_at')
      .count<{ readonly n: string }[]>({ n: '*' });
    // At least two chunks: one was read while the other was in its transaction.
    expect(chunks.filter(({ n }) => Number(n) > CHUNK * 0.9).length).toBeGreaterThanOrEqual(2);
    expect(world.worker().exit).toBeUndefined();
  },
});
