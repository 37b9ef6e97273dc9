import { LEVEL } from '../../src/ports/levels.ts';
import { membersOf } from '../support/world-offsets.ts';
import { areTold } from '../support/under-load.ts';
import { until } from '../support/world-until.ts';
import type { World } from '../support/world.ts';
import { counted } from './counters.ts';
import { chunksWritten, faultCase, theStack } from './fault-case.ts';
import { FAULT_LEVEL } from './points.ts';

const stack = theStack();
const twoWorkers = async ({ world }: { readonly world: World }): Promise<void> => {
  await Promise.all([world.startWorker(), world.startWorker()]);
};
let stoppedAt = 0;
const STOPS = 20;
const CHANGES_FOR_MS = 60_000;
const CHANGE_EVERY_MS = 3_000;
const ALWAYS_WAITING = 200;

faultCase(stack, {
  fault: 'F3',
  what: 'SIGKILL of one of two workers between a commit and its publication',
  shows: 'The group rebalances after the session timeout; the other worker publishes what the dead one owed.',
  todo: 'Nothing but starting a worker, which the supervisor does.',
  begin: twoWorkers,
  async inject({ world, load }) {
    await load.frozen(world.worker(1));
    await world.worker(1).kill();
  },
  fired({ world }) {
    expect(world.worker(1).exit?.signal).toBe('SIGKILL');
    expect(world.worker().exit).toBeUndefined();
  },
});

faultCase(stack, {
  fault: 'F14',
  what: 'a worker is frozen for longer than the session timeout, and goes on beside the new owner: a zombie',
  shows:
    'The group rebalances twice; `duplicate` rises at the new owner, for what the zombie had done, and then stops. What the zombie owed is told twice.',
  todo: 'Nothing. If it comes often, look for pauses of the machine or raise `KAFKA_SESSION_TIMEOUT_MS`.',
  load: { messages: 4_000 },
  sendsRest: true,
  async inject({ world, load }) {
    const zombie = world.worker();
    // It is alone, so whatever is owed is its own.
    const owed = await load.frozen(zombie);
    const handled = await load.handled();
    await world.startWorker();
    await until('the new owner is at it', async () => (await load.handled()) > handled, 60_000);
    await until('others have told what the zombie owes', () => areTold(world, owed), 60_000);
    expect(await membersOf(world.admin, world.group)).toBe(1);
    zombie.signal('SIGCONT');
    await load.sendRest();
    await until('the zombie is back in the group', async () => (await membersOf(world.admin, world.group)) === 2);
  },
  async fired({ world }, { repetitions }) {
    expect([world.worker(0).exit, world.worker(1).exit]).toEqual([undefined, undefined]);
    // The zombie has told it, too.
    expect(repetitions).toBeGreaterThan(0);
    const newOwner = world.worker(1);
    await newOwner.stop();
    expect(counted(newOwner, 'duplicate')).toBeGreaterThan(0);
  },
});

faultCase(stack, {
  fault: 'F14',
  what: 'two workers hold every partition, all the while: of two groups, on the same topics and tables',
  shows: '`duplicate` at both, for what the other one has done.',
  todo: 'Give the workers of one database one `KAFKA_GROUP_ID`. Until then each does the work of the other again, to no effect.',
  load: { messages: 4_000 },
  begin: ({ world }) =>
    Promise.all([world.startWorker(), world.startWorker({ KAFKA_GROUP_ID: `${world.group}-beside` })]),
  // The fault is there from the first message on.
  inject: () => Promise.resolve(),
  async fired({ world }) {
    expect(world.groups.size).toBe(2);
    for (const worker of world.workers) {
      await worker.stop();
      expect(counted(worker, 'accepted')).toBeGreaterThan(100);
      expect(counted(worker, 'duplicate')).toBeGreaterThan(100);
    }
  },
});

faultCase(stack, {
  fault: 'F38',
  what: 'a worker of a version before works beside one that can read more, and stops',
  shows: '`what every worker can read`, with the level as `readable`.',
  todo: 'Nothing: this is a rolling update. What the older one would misread is not written before it has ended.',
  outbox: 'unproven',
  sendsRest: true,
  begin: ({ world }) => Promise.all([world.startWorker(), world.startWorker({ [FAULT_LEVEL]: 'none' })]),
  async inject({ world, load }) {
    const [newer, older] = [world.worker(0), world.worker(1)];
    await until('both are in the group', async () => (await membersOf(world.admin, world.group)) === 2);
    await older.stop();
    stoppedAt = Date.now();
    expect(await chunksWritten(world)).toBe(0);
    // The older one's lanes count as living for 10 s, and the level has to hold for as long.
    await newer.logs('"msg":"what every worker can read"', 60_000);
    await load.sendRest();
  },
  async fired({ world }) {
    expect(await chunksWritten(world)).toBeGreaterThan(0);
    const lines = world
      .worker()
      .log.split('\n')
      .filter((line) => line.includes('what every worker can read'));
    const told = lines.map((line) => JSON.parse(line) as { readonly readable: number; readonly time: number });
    expect(told.map(({ readable }) => readable)).toEqual([LEVEL]);
    expect(told[0]?.time).toBeGreaterThan(stoppedAt);
    expect(counted(world.worker(1), 'accepted')).toBeGreaterThan(0);
  },
});

faultCase(stack, {
  fault: 'F19',
  what: 'a worker joins or leaves every 3 s for a minute',
  shows: 'Rebalances; lag falls in between; `duplicate` rises and then stops.',
  todo: 'Nothing. Find out what restarts the workers.',
  // The workers are as slow as can be, and the load is sent as they work it off, so that it lasts as long as the changes.
  env: { CHUNK_MAX_MESSAGES: '1', LANES: '1' },
  load: { messages: 12_000, firstShare: 0.06 },
  sendsRest: true,
  async inject({ world, load }) {
    const until60 = performance.now() + CHANGES_FOR_MS;
    const over = (): boolean => performance.now() > until60;
    const lags: number[] = [];
    const change = async (): Promise<void> => {
      while (!over()) {
        const next = performance.now() + CHANGE_EVERY_MS;
        // In turn: a worker starts, another starts, one is killed, one is stopped.
        if (lags.length % 4 < 2) await world.startWorker();
        else if (lags.length % 4 === 2) await living(world).at(-1)?.kill();
        else await living(world).at(-1)?.stop();
        lags.push(await world.lag());
        await until('it is time for the next change', () => performance.now() > next);
      }
    };
    await Promise.all([change(), load.sendUntil(over, ALWAYS_WAITING)]);
    expect(lags.length).toBeGreaterThanOrEqual(10);
    // A change with nothing to do would prove nothing.
    expect(lags.filter((lag) => lag > 0).length).toBeGreaterThan(lags.length * 0.8);
  },
  fired({ world }) {
    expect(world.workers.length).toBeGreaterThan(5);
  },
});

faultCase(stack, {
  fault: 'F25',
  what: `SIGTERM under full load, ${STOPS} times`,
  shows: '`stopped`, exit code 0, and a new worker that goes on where the last one ended.',
  todo: 'Nothing: this is how a worker is updated.',
  load: { messages: 6_000 },
  async inject({ world }) {
    for (let i = 0; i < STOPS; i += 1) {
      const before = await world.count('inbox');
      await until('the worker is at it', async () => (await world.count('inbox')) > before);
      expect(await world.worker().stop()).toBeLessThan(10_000);
      expect(world.worker().log).toContain('stopped');
      expect(await world.lag()).toBeGreaterThan(0);
      await world.worker().restart();
    }
  },
  fired({ world }) {
    expect(world.worker().exit).toBeUndefined();
  },
});

function living({ workers }: World): World['workers'] {
  return workers.filter(({ exit }) => exit === undefined);
}
