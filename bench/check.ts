import type { Consumer, IHeaders } from 'kafkajs';
import { numberOf } from './ledger.ts';
import type { World } from './world.ts';

/** What a run has left behind does not fit what was sent. A fast but wrong worker gets no figure. */
export class CheckFailed extends Error {
  override readonly name = 'CheckFailed';
}

/** @param mayRepeat whether partitions went from one worker to another: then what the first has published may come once more, by its id */
export async function check(world: World, { mayRepeat = false } = {}): Promise<void> {
  await checkTables(world);
  await checkOutbox(world);
  await checkEvents(world, { mayRepeat });
}

/** @throws CheckFailed when something is still owed to Kafka */
export async function checkOutbox(world: World): Promise<void> {
  if ((await owed(world)) > 0) throw new CheckFailed('the outbox is not empty');
}

/** How many rows of the outbox, in whatever form, are stored. The tables of an older commit know no chunks. */
export async function owed(world: World): Promise<number> {
  const tables = await world.query<{ name: string }>(
    `SELECT relname AS name FROM pg_class WHERE relkind = 'r' AND relname IN ('outbox', 'outbox_chunks')`,
  );
  const counts = tables.map(({ name }) => `(SELECT count(*) FROM ${name})`);
  const [row] = await world.query<{ n: number }>(`SELECT ${counts.join(' + ')} AS n`);
  return row?.n ?? Number.NaN;
}

type Counts = {
  readonly rows: number;
  readonly wrong_sums: number;
  readonly letters: number;
  readonly accepted: number;
  readonly rejected: number;
  readonly commands: number;
};

async function checkTables(world: World): Promise<void> {
  const { ledger } = world;
  const rows = await world.query<Counts>(`WITH used AS MATERIALIZED (
       SELECT tenant_id, license_id, sum(count_requests) AS n FROM statistic_rows WHERE counted GROUP BY 1, 2)
     SELECT
       (SELECT count(*) FROM statistic_rows r JOIN subdivisions s USING (tenant_id, subdivision_id) WHERE NOT s.deleted) AS rows,
       (SELECT count(*) FROM licenses l LEFT JOIN used u USING (tenant_id, license_id)
        WHERE NOT l.deleted AND l.used_requests <> coalesce(u.n, 0)) AS wrong_sums,
       (SELECT count(*) FROM dead_letters) AS letters,
       count(*) FILTER (WHERE outcome = 'accepted') AS accepted,
       count(*) FILTER (WHERE outcome = 'rejected') AS rejected,
       count(*) AS commands
     FROM inbox WHERE received_at > now() - interval '20 days'`); // older rows may be pruned at any moment
  const { rejected, pastAccepted } = ledger;
  const inbox = { accepted: ledger.accepted + pastAccepted, rejected, commands: ledger.commands + pastAccepted };
  const expected = { rows: ledger.rows, wrong_sums: 0, letters: 0, ...inbox };
  for (const [what, count] of Object.entries(rows[0] ?? {})) {
    const wanted = expected[what as keyof Counts];
    if (count !== wanted) throw new CheckFailed(`${what}: ${count} instead of ${wanted}; ${JSON.stringify(rows[0])}`);
  }
}

/** Checks that each event is there exactly once, with an id of its own. Nothing has crashed, so nothing else may be there twice. */
export async function checkEvents(world: World, { mayRepeat = false } = {}): Promise<void> {
  const { ledger, config } = world;
  const known = new Set<string>();
  const found = new Uint16Array(ledger.commands);
  const ids = new Float64Array(ledger.events);
  let events = 0;
  await readAll(world, config.topics.events, (headers) => {
    const number = numberOf(ledger.prefix, String(headers['ce_causationid']));
    if (number === undefined) return;
    if (mayRepeat) {
      const id = String(headers['ce_id']);
      if (known.has(id)) return;
      known.add(id);
    }
    found[number]! += 1;
    ids[events++] = digits(String(headers['ce_id']));
  });
  const wrong = found.findIndex((count, number) => count !== ledger.expected(number));
  if (wrong >= 0) {
    throw new CheckFailed(`command ${wrong} has ${found[wrong]} events instead of ${ledger.expected(wrong)}`);
  }
  if (events !== ledger.events) throw new CheckFailed(`${events} events instead of ${ledger.events}`);
  ids.sort();
  if (ids.some((id, i) => id === ids[i - 1])) throw new CheckFailed('an event id is there twice');
}

/** 52 bits of an id: of its head, in which causes differ, and of its end, in which the events of one cause differ. */
function digits(id: string): number {
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 10) + id.slice(-4), 16);
}

/** Reads every message of a topic, as a group that leaves no trace. */
async function readAll(world: World, topic: string, onMessage: (headers: IHeaders) => void): Promise<void> {
  const offsets = await world.admin.fetchTopicOffsets(topic);
  const missing = new Map(
    offsets.filter(({ high }) => Number(high) > 0).map((one) => [one.partition, Number(one.high)]),
  );
  if (missing.size === 0) return;
  const consumer = world.cradle.kafka.consumer({ groupId: `${topic}-check`, maxWaitTimeInMs: 100 });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await new Promise<void>((resolve, reject) => {
    consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error));
    const run: Parameters<Consumer['run']>[0] = {
      autoCommit: false,
      partitionsConsumedConcurrently: 16,
      eachBatch: async ({ batch: { partition, messages } }) => {
        for (const { headers = {} } of messages) onMessage(headers);
        const next = Number(messages.at(-1)?.offset ?? -1) + 1;
        if (next >= (missing.get(partition) ?? 0)) missing.delete(partition);
        if (missing.size === 0) resolve();
      },
    };
    consumer.run(run).catch(reject);
  });
  await consumer.disconnect();
}
