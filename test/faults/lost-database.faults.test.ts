import type { Stack } from '../../stack/stack.ts';
import { KnexTimers } from '../../src/uow/timers.ts';
import { check } from '../oracle/check.ts';
import { checkEntitlements } from '../oracle/check-entitlements.ts';
import { command } from '../support/load.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';
import { unlessNotYet } from '../support/world-offsets.ts';
import { licensing, type WorkerProcess } from '../support/world-process.ts';
import { until } from '../support/world-until.ts';
import type { World } from '../support/world.ts';
import { createTenant } from '../e2e/given.ts';
import { faultCase, theStack, type Around } from './fault-case.ts';
import { OlderCopy } from './older-copy.ts';
import { Standby } from './standby.ts';

const HEALS =
  '`the database lacks messages that were done; reading them again`, once for each partition, with how many.';
const NOTHING_TO_DO =
  'Nothing: what Kafka still has is handled again, with the same ids. What retention has deleted is told as lost.';
/** So many messages are done, and lost then. */
const LOST = 400;

const servers = theStack();
const standbys: Standby[] = [];
let proxy: TcpProxy | undefined;
/** The epoch that entitlements were of before something was lost. */
let epochBefore = 0;
/** The server that takes writes now. */
let primary: { readonly url: string; readonly kill: () => Promise<void> } | undefined;

beforeAll(async () => {
  const { databaseUrl: url, postgres } = servers();
  primary = { url, kill: () => postgres.kill() };
  proxy = await TcpProxy.to(Number(new URL(url).port));
});

afterAll(async () => {
  for (const standby of standbys) await standby.end();
  await proxy?.close();
});

/** The database by way of a proxy, which leads to whichever server is the primary. */
const stack = (): Stack => {
  const there = servers();
  return {
    ...{ kafkaBrokers: there.kafkaBrokers, registryUrl: there.registryUrl, kafka: there.kafka },
    ...{ brokers: there.brokers, registry: there.registry, postgres: there.postgres, runDir: there.runDir },
    databaseUrl: given(proxy).via(there.databaseUrl),
    stop: () => there.stop(),
  };
};

const followed = async ({ world }: Pick<Around, 'world'>): Promise<void> => {
  standbys.push(await Standby.of(given(primary).url, servers().runDir));
  await world.startWorker();
};

faultCase(stack, {
  fault: 'F36',
  what: 'the primary dies amid the load, and a synchronous standby takes over',
  shows: '`waiting for the database`, then `no longer waiting ...`; lag grows meanwhile.',
  todo: 'Have the address lead to the new primary. Nothing is lost.',
  begin: followed,
  async inject({ world }) {
    await given(standbys.at(-1)).makeSynchronous();
    await doMore(world, LOST);
    await takeOver(world);
  },
  fired({ world }) {
    expect(world.worker().log).toContain('no longer waiting for the database');
    expect(healedBy(world.workers)).toBe(0);
  },
});

faultCase(stack, {
  fault: 'F36',
  what: 'the primary dies amid the load, and an asynchronous standby that lacks its last commits takes over',
  shows: HEALS,
  todo: NOTHING_TO_DO,
  begin: followed,
  async inject({ world }) {
    given(standbys.at(-1)).link.blackhole();
    await doMore(world, LOST);
    await takeOver(world);
  },
  check: { databaseLost: true },
  fired: everyWorkerHeals,
});

faultCase(stack, {
  fault: 'F37',
  what: 'an older copy of the database takes its place amid the load, beside two workers',
  shows: HEALS,
  todo: NOTHING_TO_DO,
  load: { messages: 4_000 },
  begin: ({ world }) => Promise.all([world.startWorker(), world.startWorker()]),
  async inject({ world }) {
    const copy = await OlderCopy.of(world.database.url, given(primary).url);
    await doMore(world, LOST);
    await takePlace(world, copy);
  },
  check: { databaseLost: true },
  fired: everyWorkerHeals,
});

faultCase(stack, {
  fault: 'F37',
  what: 'an older copy of the database takes its place while nothing comes, below workers of two groups',
  shows: HEALS,
  todo: NOTHING_TO_DO,
  begin: ({ world }) =>
    Promise.all([world.startWorker(), world.startWorker({ KAFKA_GROUP_ID: `${world.group}-beside` })]),
  sendsRest: true,
  async inject({ world, load }) {
    const copy = await OlderCopy.of(world.database.url, given(primary).url);
    await load.sendRest();
    await world.settled();
    await healedFrom(world, copy);
  },
  check: { databaseLost: true },
  fired: everyWorkerHeals,
});

faultCase(stack, {
  fault: 'F37',
  what: 'the commands topic is made again, and then an older copy takes the place of the database, which knows the topic before',
  shows: HEALS,
  todo: NOTHING_TO_DO,
  sendsRest: true,
  async inject({ world, load }) {
    await world.settled();
    const copy = await OlderCopy.of(world.database.url, given(primary).url);
    await makeAgain(world);
    await load.sendRest();
    await world.settled();
    await healedFrom(world, copy);
  },
  check: { databaseLost: true },
  fired: everyWorkerHeals,
});

const LACKS = 'the database lacks messages that were done';

/** Resolves when so many more messages are done for the group as well. */
async function doMore(world: World, messages: number): Promise<void> {
  const [handled, lag] = [await world.count('inbox'), await world.lag()];
  await until('more is done', async () => {
    if ((await world.count('inbox')) - handled < messages) return false;
    return (await world.lag()) < lag + messages / 2 || (await world.lag()) === 0;
  });
}

/**
 * The copy takes the place of the database while nothing comes; resolves when all is handled again. The lag alone does not tell: a group's
 * offsets stand where they were until the first message that was read again is done.
 */
async function healedFrom(world: World, copy: OlderCopy): Promise<void> {
  const handled = await world.count('inbox');
  await takePlace(world, copy);
  await Promise.all(world.workers.map((worker) => worker.logs(LACKS)));
  await until('what was lost is handled again', async () => (await world.count('inbox')) >= handled, 60_000);
}

async function takePlace(world: World, copy: OlderCopy): Promise<void> {
  epochBefore = await epochOf(world);
  await copy.takePlace();
}

async function epochOf({ db }: World): Promise<number> {
  const { rows } = await db.raw<{ rows: readonly { readonly epoch: string }[] }>('SELECT epoch FROM entitlement_epoch');
  return Number(given(rows[0]).epoch);
}

/** The present primary dies, and the newest standby takes its place. */
async function takeOver(world: World): Promise<void> {
  epochBefore = await epochOf(world);
  const standby = given(standbys.at(-1));
  await given(primary).kill();
  await standby.promote();
  given(proxy).leadTo(Number(new URL(standby.url).port));
  primary = { url: standby.url, kill: () => standby.kill() };
}

async function makeAgain(world: World): Promise<void> {
  const { commands } = world.topics;
  await world.admin.deleteTopics({ topics: [commands] });
  await world.worker().logs('This server does not host this topic-partition');
  await until('the topic can be made again', async () => (await licensing(['topics', 'create'], world.env)).code === 0);
  // The readers must notice that this is another topic, before it grows beyond where they were.
  const first = command('CreateTenant', createTenant().data);
  await until('the new topic takes messages', () => unlessNotYet(world.send([first]).then(() => true)));
  await world.settled();
}

/** And whoever reads the entitlements goes by what the database knows now: what it has lost is of an earlier epoch. */
async function everyWorkerHeals({ world }: Around): Promise<void> {
  // Of two, one may have been done with most of its share before.
  expect(healedBy(world.workers)).toBeGreaterThan(50);
  for (const worker of world.workers) expect(worker.exit).toBeUndefined();
  await entitlementsHold(world);
}

/** Sweeps begin again seconds after the rest has settled: what they change is not in a model of before. */
async function entitlementsHold(world: World): Promise<void> {
  const timers = new KnexTimers(world.db);
  await until('nothing is due', async () => (await timers.due()) === undefined, 60_000);
  const { model } = await check(world, { databaseLost: true });
  try {
    await checkEntitlements(world, model, epochBefore + 1);
  } catch (error) {
    if (!(await world.hasMoved())) throw error;
    await entitlementsHold(world);
  }
}

/** How many messages these workers have read again. */
function healedBy(workers: readonly WorkerProcess[]): number {
  const lines = workers.flatMap(({ log }) => log.split('\n')).filter((line) => line.includes(LACKS));
  return lines.reduce((sum, line) => sum + Number(/"messages":(\d+)/.exec(line)?.[1]), 0);
}

function given<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('it is there once the cases run');
  return value;
}
