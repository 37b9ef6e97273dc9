import { keepMembership, type ConsumerGroup } from '../../../src/adapters/kafkajs/group-membership.ts';
import { until } from './given.ts';

const INTERVAL = { interval: 1 };

describe('a heartbeat', () => {
  it('that a dead coordinator does not answer has the new one looked for, and goes there the next time', async () => {
    const { group, dies } = given();
    dies('A', 'B');
    await group.heartbeat(INTERVAL);
    await until(() => group.coordinator === 'B');
    expect(group.offsetManager.coordinator).toBe('B');
    await group.heartbeat(INTERVAL);
    expect(group.beats).toEqual(['A', 'B']);
  });

  it('is not sent while the new coordinator is looked for', async () => {
    const { group, dies } = given();
    dies('A', undefined);
    await group.heartbeat(INTERVAL);
    await group.heartbeat(INTERVAL);
    expect(group.beats).toEqual(['A']);
    dies('A', 'B');
    await until(() => group.coordinator === 'B');
  });

  it('that many wait for has the new coordinator looked for once', async () => {
    const { group, dies, searches } = given();
    dies('A', undefined);
    await Promise.all(Array.from({ length: 5 }, () => group.heartbeat(INTERVAL)));
    expect(searches()).toBe(1);
    dies('A', 'B');
    await until(() => group.coordinator === 'B');
  });

  it('passes on what a coordinator answers', async () => {
    const { group, refuses } = given();
    refuses('A', named('KafkaJSProtocolError', 'REBALANCE_IN_PROGRESS'));
    await expect(group.heartbeat(INTERVAL)).rejects.toMatchObject({ type: 'REBALANCE_IN_PROGRESS' });
  });
});

describe('a member', () => {
  it('that begins anew after a crash joins under the id that it had', async () => {
    const { group, next } = given();
    await group.joinAndSync();
    const later = next();
    await later.joinAndSync();
    expect(later.joins).toEqual([group.memberId]);
  });

  it('that has left joins as a new one', async () => {
    const { group, next } = given();
    await group.joinAndSync();
    await group.leave();
    const later = next();
    await later.joinAndSync();
    expect(later.joins).toEqual([null]);
  });

  it('whose id the coordinator does not know any more joins as a new one', async () => {
    const { group } = given();
    await group.joinAndSync();
    group.memberId = null; // as kafkajs does when it is told so
    await group.joinAndSync();
    expect(group.joins).toEqual([null, null]);
  });

  it('joins as soon as a coordinator is named', async () => {
    const { group, refuses } = given();
    refuses('A', named('KafkaJSGroupCoordinatorNotFound'));
    await group.joinAndSync();
    expect(group.joins).toHaveLength(2);
  });

  it('that is refused for what no waiting mends is told at once', async () => {
    const { group, refuses } = given();
    refuses('A', named('KafkaJSProtocolError', 'GROUP_AUTHORIZATION_FAILED'));
    await expect(group.joinAndSync()).rejects.toMatchObject({ type: 'GROUP_AUTHORIZATION_FAILED' });
  });
});

describe('a fetch', () => {
  it('from a broker that leads no more looks up who does, and nobody joins anew', async () => {
    const { group } = given();
    await group.recoverFromFetch(named('KafkaJSProtocolError', 'NOT_LEADER_FOR_PARTITION'));
    expect(group.looks).toBe(1);
    expect(group.recovered).toEqual([]);
  });

  it('of a topic that is gone is left to kafkajs', async () => {
    const { group } = given();
    const gone = named('KafkaJSProtocolError', 'UNKNOWN_TOPIC_OR_PARTITION');
    await group.recoverFromFetch(gone);
    expect(group.recovered).toEqual([gone]);
  });
});

interface World {
  readonly dead: Set<string>;
  readonly refusals: Map<string, Error>;
  coordinator: string | undefined;
  members: number;
  looks: number;
}

/** As much of kafkajs' group as matters here; its coordinators are called A and B. */
class Group implements ConsumerGroup {
  readonly groupId = 'g';
  readonly cluster: ConsumerGroup['cluster'];
  readonly offsetManager: { coordinator: string } = { coordinator: 'A' };
  coordinator = 'A';
  memberId: string | null = null;
  lastRequest = 0;
  readonly beats: string[] = [];
  readonly joins: (string | null)[] = [];
  readonly recovered: Error[] = [];
  private readonly world: World;

  constructor(world: World, cluster: ConsumerGroup['cluster']) {
    this.world = world;
    this.cluster = cluster;
  }

  get looks(): number {
    return this.world.looks;
  }

  async heartbeat(_: { readonly interval: number }): Promise<void> {
    this.beats.push(this.coordinator);
    this.answers();
    this.lastRequest += 1;
    return Promise.resolve();
  }

  async joinAndSync(): Promise<void> {
    this.joins.push(this.memberId);
    this.answers();
    this.memberId ??= `member ${(this.world.members += 1)}`;
    return Promise.resolve();
  }

  async leave(): Promise<void> {
    this.memberId = null;
    return Promise.resolve();
  }

  async recoverFromFetch(error: Error): Promise<void> {
    this.recovered.push(error);
    return Promise.resolve();
  }

  private answers(): void {
    const { dead, refusals } = this.world;
    const refusal = refusals.get(this.coordinator);
    refusals.delete(this.coordinator);
    if (refusal !== undefined) throw refusal;
    if (dead.has(this.coordinator)) throw named('KafkaJSConnectionError');
  }
}

function given() {
  const world: World = { dead: new Set(), refusals: new Map(), coordinator: 'A', members: 0, looks: 0 };
  let searches = 0;
  const cluster = {
    findGroupCoordinator: async () => {
      searches += 1;
      if (world.coordinator === undefined) throw named('KafkaJSGroupCoordinatorNotFound');
      return Promise.resolve(world.coordinator);
    },
    refreshMetadata: async () => {
      world.looks += 1;
      return Promise.resolve();
    },
    removeBroker: () => undefined,
  };
  class Mended extends Group {}
  keepMembership(Mended);
  const next = (): Group => new Mended(world, cluster);
  return {
    group: next(),
    next,
    searches: () => searches,
    dies: (name: string, successor: string | undefined) => {
      world.dead.add(name);
      world.coordinator = successor;
    },
    refuses: (name: string, error: Error) => world.refusals.set(name, error),
  };
}

function named(name: string, type?: string): Error {
  return Object.assign(new Error(type ?? name), { name, ...(type !== undefined && { type }) });
}
