import { KafkaProducer } from '../../src/adapters/kafka-producer.ts';
import { encodeHeaders } from '../../src/adapters/record-headers.ts';
import { ConfigResourceTypes } from '../../src/adapters/kafkajs.ts';
import { hashOfKey } from '../../src/adapters/partitioner.ts';
import { createTenant, type LicenseIds } from '../e2e/given.ts';
import type { Data } from '../support/collect.ts';
import { command } from '../support/load.ts';
import { checkEntitlements } from '../oracle/check-entitlements.ts';
import { createWorld, type World } from '../support/world.ts';
import { GroupOffsets, memberIdsOf } from '../support/world-offsets.ts';
import { licensing } from '../support/world-process.ts';
import { until } from '../support/world-until.ts';
import {
  brokerOf,
  controllerOf,
  coordinatorOf,
  electedPreferred,
  killed,
  downWithAllReplicas,
  leaderOfMost,
  leadersOf,
  reassigned,
  restarted,
  stateOf,
  untilLed,
  wholeAgain,
} from './cluster.ts';
import { faultCase, theStack, type Around, type FaultCase } from './fault-case.ts';
import { OlderCopy } from './older-copy.ts';
import {
  allExpire,
  eachHasEndedOnce,
  givenLicenses,
  givenSubdivisions,
  LICENSES,
  rowsOf,
  strangers,
  type ExpiringLicenses,
} from './timed-licenses.ts';

const stack = theStack({ brokers: 3 });
afterEach(async () => {
  await Promise.all(stack().brokers.map((broker) => broker.start()));
});

const RIDES_OUT =
  'Lines of kafkajs about brokers that are away or lead no more; at the most `waiting for the broker`, then `no longer waiting ...`.';
const NOTHING = 'Nothing: others lead meanwhile. Bring the broker back, as there is none to spare.';
const ALWAYS_WAITING = 20;
/** Of changes of entitlements, of which one send takes 500. */
const MORE_THAN_AT_ONCE = 600;

const WAITING_FOR_LEADERS = 'waiting for the partition leaders';
const LACKS = 'the database lacks messages that were done';

/** Of the case at hand. */
let expiring: ExpiringLicenses = { ids: [], expiresAt: 0 };

clusterCase({
  fault: 'F28',
  what: 'a rolling restart: each broker in turn is stopped and started again',
  todo: 'Nothing. Go on with the next broker when all replicas are in sync.',
  async inject({ world, stack: cluster }) {
    for (const { nodeId } of cluster.brokers) {
      const pid = brokerOf(cluster, nodeId).pid;
      await restarted(world, cluster, nodeId);
      expect(brokerOf(cluster, nodeId).pid).not.toBe(pid);
    }
  },
  // The broker that was restarted last has not been given back what it led.
  fired: async ({ world }) => expect(new Set(await leadersOf(world, world.topics.events)).size).toBeLessThan(3),
});

clusterCase({
  fault: 'F29',
  what: 'the broker that leads most of the events is killed, and started again',
  todo: NOTHING,
  async inject(around) {
    const { world } = around;
    const { events } = world.topics;
    const leader = await leaderOfMost(world, events);
    await withoutBroker(around, leader, () => untilLed(world, events, (leaders) => !leaders.includes(leader)));
  },
});

clusterCase({
  fault: 'F30',
  what: 'two leaders are killed one after the other, the second as soon as the first is back',
  todo: NOTHING,
  async inject(around) {
    const { world } = around;
    const victims: number[] = [];
    for (let i = 0; i < 2; i += 1) {
      const leader = await leaderOfMost(world, world.topics.events);
      victims.push(leader);
      await withoutBroker(around, leader);
    }
    expect(new Set(victims).size).toBe(2);
  },
});

clusterCase({
  fault: 'F31',
  what: 'leadership moves as partitions are reassigned: each leader in turn loses its replicas, and gets them back',
  todo: 'Nothing.',
  async inject({ world, stack: cluster }) {
    const { events, commands } = world.topics;
    for (const topic of [events, commands, events]) {
      const removed = new Map<number, number>();
      await reassigned(world, topic, ({ partition, replicas, leader }) => {
        removed.set(partition, leader);
        return replicas.filter((node) => node !== leader);
      });
      await untilLed(world, topic, (leaders) =>
        leaders.every((leader, partition) => leader !== removed.get(partition)),
      );
      await reassigned(world, topic, ({ replicas }) => [
        ...replicas,
        ...cluster.brokers.map(({ nodeId }) => nodeId).filter((node) => !replicas.includes(node)),
      ]);
    }
  },
});

clusterCase({
  fault: 'F32',
  what: 'leadership moves by preferred election, again and again',
  todo: 'Nothing.',
  async inject({ world, stack: cluster }) {
    const { events, commands, rejections } = world.topics;
    for (const topic of [events, commands, rejections, events, events]) {
      const before = await leadersOf(world, topic);
      await reassigned(world, topic, ({ replicas: [first = 0, ...others] }) => [...others, first]);
      await electedPreferred(world, cluster, topic);
      await untilLed(world, topic, (leaders) => leaders.some((leader, i) => leader !== before[i]));
    }
  },
});

clusterCase({
  fault: 'F33',
  what: 'fewer replicas are in sync than the events need',
  shows:
    '`waiting for the broker` with `fewer in-sync replicas`; what is committed waits in the outbox, and its lanes wait.',
  todo: 'Bring the missing replicas back, or lower `min.insync.replicas`. What is owed then goes out by itself.',
  async inject(around) {
    const { world } = around;
    const { events } = world.topics;
    await minInSync(world, events, 3);
    await withoutBroker(around, await leaderOfMost(world, events), async () => {
      await world.worker().logs('fewer in-sync replicas');
      await until('something is owed', async () => (await world.outboxRows()) > 0);
    });
    await minInSync(world, events, 2);
  },
  fired({ world }) {
    expect(world.worker().log).toContain('no longer waiting for the broker');
    stillWorks({ world });
  },
});

clusterCase({
  fault: 'F34',
  what: 'the active controller is killed, and started again',
  todo: NOTHING,
  async inject(around) {
    const controller = await controllerOf(around.stack);
    await withoutBroker(around, controller, async () => expect(await controllerOf(around.stack)).not.toBe(controller));
  },
});

clusterCase({
  fault: 'F35',
  what: "the broker that coordinates the worker's group is killed, and started again",
  todo: NOTHING,
  async inject(around) {
    const { world } = around;
    const coordinator = await coordinatorOf(world);
    const members = await memberIdsOf(world.admin, world.group);
    expect(members).toHaveLength(1);
    await withoutBroker(around, coordinator, async () => expect(await coordinatorOf(world)).not.toBe(coordinator));
    // The same member: the worker has not waited for a session of its own to end.
    expect(await memberIdsOf(world.admin, world.group)).toEqual(members);
  },
});

clusterCase({
  fault: 'F50',
  what: 'the broker that leads most of what timers send to is killed over the time at which licenses expire',
  todo: NOTHING,
  async inject(around) {
    const { world } = around;
    const { commands } = world.topics;
    expiring = await givenLicenses(world, 4_000);
    const leader = await leaderOfMost(world, commands);
    await withoutBroker(around, leader, async () => {
      await untilLed(world, commands, (leaders) => !leaders.includes(leader));
      await allExpire(world, expiring.ids);
    });
  },
  async fired({ world }, { model }) {
    stillWorks({ world });
    await eachHasEndedOnce(world, expiring.ids);
    await checkEntitlements(world, model);
  },
});

faultCase(stack, {
  fault: 'F51',
  what: "the user domain's topic has one replica, and its broker is away for a while",
  shows: 'Lines of kafkajs about that broker; the lag of that topic grows once it is back.',
  todo: 'Bring that broker back, and give the topic more replicas. Other topics go on.',
  sendsRest: true,
  async inject({ world, stack: cluster, load }) {
    const { users } = world.topics;
    await whileNobodyLeads(users, { world, stack: cluster }, async () => {
      await tenantsAreCreated(world);
      expect((await licensing(['topics', 'check'], world.env)).stdout).toContain(`topic ${users} takes nothing`);
      const { stdout: lag } = await licensing(['lag'], world.env);
      expect(lag).toContain(`${users}/0: nobody leads it`);
      expect(lag).toMatch(new RegExp(`^${world.topics.commands} +0 `, 'm'));
      const explained = await licensing(['explain', '--position', 'commands/0/1'], world.env);
      expect(explained.stderr).toContain(`topic ${users}: nobody leads partitions 0, 1, 2, 3`);
    });
    await load.sendRest();
  },
  fired: stillWorks,
});

faultCase(stack, {
  fault: 'F51',
  what: "nobody leads the user domain's topic for a while, in which an older copy of the database that tells of no histories takes its place, and a new group begins to read",
  shows:
    '`waiting for the partition leaders` with its partitions. All others are read again from their beginnings, and go on; its own follow when they are led.',
  todo: 'Bring the brokers of that topic back, and give it more replicas.',
  sendsRest: true,
  async inject({ world, stack: cluster, load }) {
    const { users, commands } = world.topics;
    const copy = await OlderCopy.of(world.database.url, cluster.databaseUrl);
    await whileNobodyLeads(users, { world, stack: cluster }, async () => {
      await copy.takePlace();
      await world.db.raw('DELETE FROM decided_offsets');
      await world.worker().logs(WAITING_FOR_LEADERS);
      expect(linesOf(world, WAITING_FOR_LEADERS)[0]).toContain(`(${users} `);
      await tenantsAreCreated(world);
      // It finds the same at an assignment. The other one has committed nothing yet, wherever it begins.
      await world.worker().restart();
      await world.worker().logs(WAITING_FOR_LEADERS);
      const group = `${world.group}-beside`;
      const beside = await world.startWorker({ KAFKA_GROUP_ID: group });
      await tenantsAreCreated(world);
      const offsets = new GroupOffsets(world.admin, new Set([group]), [commands]);
      const hasReadAll = async (): Promise<boolean> => (await offsets.lagBehind(await offsets.ends())) === 0;
      await until('the new group has read all commands', hasReadAll, 60_000);
      expect(beside.log).not.toContain('waiting for the');
    });
    await world.worker().logs('no longer waiting for the partition leaders');
    await load.sendRest();
  },
  check: { databaseLost: true },
  fired({ world }) {
    const ofUsers = linesOf(world, LACKS).filter((line) => line.includes(`"${world.topics.users}"`));
    expect(ofUsers.length).toBeGreaterThan(0);
    for (const worker of world.workers) expect(worker.exit).toBeUndefined();
  },
});

faultCase(stack, {
  fault: 'F52',
  what: 'a partition of the entitlements has one replica, and its broker is away while more changes of it wait than are sent at once',
  shows:
    '`waiting for the entitlements`, and `licensing.entitlements.age` grows. Services learn of the decisions of that partition once it is back.',
  todo: 'Bring that broker back, and give the topic more replicas. All other decisions are told meanwhile.',
  sendsRest: true,
  async inject({ world, stack: cluster, load }) {
    const { entitlements } = world.topics;
    const held = ({ tenantId, subdivisionId }: LicenseIds): boolean =>
      isFirst(partitionOf(world, `${tenantId}/${subdivisionId}`));
    // Those that were told before: what is new in the topic counts as of an older epoch, too, and comes by two ways.
    const waiting = await givenSubdivisions(world, {}, strangers(MORE_THAN_AT_ONCE, held));
    const others = await givenSubdivisions(
      world,
      {},
      strangers(LICENSES, (ids) => !held(ids)),
    );
    await until('all are told', async () => (await untold(world, [...waiting, ...others])) === 0);
    await whileNobodyLeads(
      entitlements,
      { world, stack: cluster },
      async () => {
        await world.send(waiting.map((ids) => command('DeleteSubdivision', ids)));
        await until('these can not be told', async () => (await untold(world, waiting)) === MORE_THAN_AT_ONCE);
        await world.send(others.map((ids) => command('DeleteSubdivision', ids)));
        await until('the others are deleted', async () =>
          (await rowsOf(world, 'subdivisions', others)).every(isDeleted),
        );
        await until('the others are told', async () => (await untold(world, others)) === 0);
        expect(await untold(world, waiting)).toBe(MORE_THAN_AT_ONCE);
      },
      isFirst,
    );
    await load.sendRest();
  },
  async fired({ world }, { model }) {
    stillWorks({ world });
    expect(world.worker().log).toContain('no longer waiting for the entitlements');
    await checkEntitlements(world, model);
  },
});

// The move of leadership that lost an event, brought about on purpose. The producer sends to two leaders. One of them leads no more; the
// other one, which has answered by then, leads both partitions.
test('control of F32: a send during which leadership moves to a broker that has answered', async () => {
  const world = await createWorld({ stack: stack(), workers: 0 });
  const producer = new KafkaProducer(world.kafka);
  try {
    const { events } = world.topics;
    const [one, two] = keysOfTwoLeaders(await leadersOf(world, events));
    await producer.publish([outgoing(events, one.key, 'before')]);
    // From now on the producer knows the leaders, for five minutes.
    await reassigned(world, events, ({ partition, replicas }) =>
      partition === two.partition ? [one.leader, ...replicas.filter((node) => node !== one.leader)] : replicas,
    );
    await electedPreferred(world, stack(), events);
    // Brokers learn of it one after the other, and any of them may be asked.
    await until('one broker leads both', async () => {
      const state = await stateOf(world, events);
      return state.find(({ partition }) => partition === two.partition)?.leader === one.leader;
    });
    await producer.publish([outgoing(events, one.key, 'first'), outgoing(events, two.key, 'second')]);
    await world.collector.caughtUp([events]);
    const values = world.collector.records(events).map(({ value }) => String(value));
    expect(values.sort()).toEqual(['before', 'first', 'second']);
  } finally {
    await producer.stop();
    await world.close();
  }
}, 120_000);

type ClusterCase = Pick<FaultCase, 'fault' | 'what' | 'todo' | 'inject'> & Partial<Pick<FaultCase, 'shows' | 'fired'>>;

/** A fault of the cluster, under a load that is sent as it is worked off, so that it lasts as long as the fault. */
function clusterCase({ inject, ...rest }: ClusterCase): void {
  faultCase(stack, {
    shows: RIDES_OUT,
    fired: stillWorks,
    ...rest,
    load: { messages: 20_000, firstShare: 0.06 },
    sendsRest: true,
    inject: (around) => underLoad(around, () => inject(around)),
  });
}

/** Keeps messages waiting for as long as `work` takes; the rest of the load is worked off afterwards. */
async function underLoad({ world, load }: Around, work: () => Promise<void>): Promise<void> {
  const state = { over: false };
  await Promise.all([load.sendUntil(() => state.over, ALWAYS_WAITING), work().finally(() => (state.over = true))]);
  expect(world.worker().exit).toBeUndefined();
}

/** Kills a broker, looks at the others, starts the broker again, and waits until the cluster is whole. */
async function withoutBroker(
  { world, stack: cluster }: Around,
  nodeId: number,
  look: () => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  await killed(world, cluster, nodeId);
  await look();
  await brokerOf(cluster, nodeId).start();
  await wholeAgain(world, cluster);
}

/** A topic has one replica, whose broker is away while `work` is done. It is not the broker that coordinates the groups. */
async function whileNobodyLeads(
  topic: string,
  { world, stack: cluster }: Omit<Around, 'load'>,
  work: () => Promise<void>,
  isOfIt?: (partition: number) => boolean,
): Promise<void> {
  const coordinator = await coordinatorOf(world);
  const { nodeId } = cluster.brokers.find((broker) => broker.nodeId !== coordinator) ?? cluster.brokers[0]!;
  await downWithAllReplicas(world, cluster, nodeId, topic, isOfIt);
  await work();
  await brokerOf(cluster, nodeId).start();
  await reassigned(world, topic, () => cluster.brokers.map((broker) => broker.nodeId));
  await wholeAgain(world, cluster);
}

/** In all partitions, and one behind the other, so that leaders are looked up meanwhile. */
async function tenantsAreCreated(world: World): Promise<void> {
  for (let i = 0; i < 20; i += 1) {
    const one = createTenant();
    await world.send([one]);
    await world.answers(String(one.envelope.id));
  }
}

function linesOf(world: World, text: string): readonly string[] {
  return world.workers.flatMap(({ log }) => log.split('\n')).filter((line) => line.includes(text));
}

function stillWorks({ world }: { readonly world: World }): void {
  expect(world.worker().exit).toBeUndefined();
}

async function minInSync({ admin }: World, topic: string, replicas: number): Promise<void> {
  await admin.alterConfigs({
    validateOnly: false,
    resources: [
      {
        type: ConfigResourceTypes.TOPIC,
        name: topic,
        configEntries: [{ name: 'min.insync.replicas', value: String(replicas) }],
      },
    ],
  });
}

interface Led {
  readonly key: string;
  readonly partition: number;
  readonly leader: number;
}

/** Keys of two partitions that different nodes lead. */
function keysOfTwoLeaders(leaders: readonly number[]): readonly [Led, Led] {
  const of = (partition: number): Led => {
    for (let i = 0; ; i += 1) {
      const key = `key ${i}`;
      if (hashOfKey(Buffer.from(key)) % leaders.length === partition) {
        return { key, partition, leader: leaders[partition] ?? -1 };
      }
    }
  };
  const other = leaders.findIndex((leader) => leader !== leaders[0]);
  if (other === -1) throw new Error(`one node leads everything: ${leaders.join()}`);
  return [of(0), of(other)];
}

const isFirst = (partition: number): boolean => partition === 0;

function partitionOf({ partitions }: World, key: string): number {
  return hashOfKey(Buffer.from(key)) % partitions;
}

const isDeleted = (row: Data): boolean => row['deleted'] === true;

/** Of how many of these subdivisions the last change is not published. */
async function untold({ db }: World, ids: readonly LicenseIds[]): Promise<number> {
  const subdivisions = ids.map(({ subdivisionId }) => subdivisionId);
  const rows = await db('entitlements').where({ is_repetition: false }).whereIn('subdivision_id', subdivisions);
  return rows.length;
}

function outgoing(topic: string, key: string, value: string) {
  return { topic, key: Buffer.from(key), value: Buffer.from(value), headers: encodeHeaders([]) };
}
