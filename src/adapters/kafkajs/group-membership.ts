import { setTimeout as pause } from 'node:timers/promises';

/** For how long to look for a coordinator before kafkajs is left to crash and begin anew. A cluster names another one sooner than that. */
const AWAY_FOR_MS = 15_000;
/** The time between two looks for the coordinator, or for the leader of a partition. */
const LOOK_EVERY_MS = 500;

type Broker = unknown;

export interface Cluster {
  findGroupCoordinator(group: { readonly groupId: string }): Promise<Broker>;
  refreshMetadata(): Promise<void>;
  removeBroker(address: { readonly host: string; readonly port: number }): void;
}

/** The parts of kafkajs' consumer group that are used here. */
export interface ConsumerGroup {
  readonly cluster: Cluster;
  readonly groupId: string;
  readonly offsetManager: { coordinator: Broker } | null;
  coordinator: Broker;
  memberId: string | null;
  /** When the last heartbeat was answered, by the time of day. */
  lastRequest: number;
  heartbeat(options: { readonly interval: number }): Promise<void>;
  joinAndSync(): Promise<void>;
  leave(): Promise<void>;
  recoverFromFetch(error: Error): Promise<void>;
}

/**
 * When the broker that coordinates a group dies, another broker takes over all that it knew. kafkajs keeps asking the dead broker until it
 * crashes, forgets its member id, and then waits as a new member until the session of the old one ends: 30 s without work for a lone
 * worker. With this mend a member stays a member: it looks for the new coordinator and goes on under its id, in the same generation if nothing
 * else has changed. And when the leader of a partition moves, the member looks up the new leader, and the group is not joined anew.
 */
export function keepMembership({ prototype }: { readonly prototype: ConsumerGroup }): void {
  /** Groups that have left, or were given up. */
  const ended = new WeakSet<ConsumerGroup>();
  beatWhereTheCoordinatorIs(prototype, ended);
  joinUnderTheSameId(prototype, ended);
  fetchFromWhoLeads(prototype);
}

/** A last heartbeat that lies in the future is one from before the clock was put back: the next heartbeat is due. */
export function beatThrough({ prototype }: { readonly prototype: ConsumerGroup }): void {
  const { heartbeat } = prototype;
  prototype.heartbeat = async function beat(this: ConsumerGroup, options): Promise<void> {
    if (this.lastRequest > Date.now()) this.lastRequest = 0;
    await heartbeat.call(this, options);
  };
}

interface Coordinated {
  readonly groupId: string;
  readonly coordinatorType: number;
}

/** The parts of kafkajs' cluster that find coordinators. */
export interface CoordinatorFinder {
  findGroupCoordinatorMetadata(group: Coordinated): Promise<unknown>;
  findBroker(node: {
    readonly nodeId: string;
  }): Promise<{ findGroupCoordinator(group: Coordinated): Promise<unknown> }>;
  getNodeIds(): readonly string[];
}

/** kafkajs forgets why no broker names a coordinator. Asked once more, one tells whether the user may not know. */
export function tellWhyNoCoordinator({ prototype }: { readonly prototype: CoordinatorFinder }): void {
  const { findGroupCoordinatorMetadata } = prototype;
  prototype.findGroupCoordinatorMetadata = async function find(this: CoordinatorFinder, group): Promise<unknown> {
    try {
      return await findGroupCoordinatorMetadata.call(this, group);
    } catch (error) {
      const [nodeId] = this.getNodeIds();
      const broker = nodeId === undefined ? undefined : await this.findBroker({ nodeId }).catch(() => undefined);
      const why: unknown = await broker?.findGroupCoordinator(group).catch((reason: unknown) => reason);
      const isRefusal = why instanceof Error && 'type' in why && /_AUTHORIZATION_FAILED$/.test(String(why.type));
      throw isRefusal ? why : error;
    }
  };
}

/** Since when no coordinator has answered, by a clock that only goes forward, and whether one is being looked for. */
interface Away {
  readonly since: number;
  looking: boolean;
}

function beatWhereTheCoordinatorIs(prototype: ConsumerGroup, ended: WeakSet<ConsumerGroup>): void {
  const { heartbeat } = prototype;
  const absences = new WeakMap<ConsumerGroup, Away>();
  prototype.heartbeat = async function beat(this: ConsumerGroup, options): Promise<void> {
    if (absences.get(this)?.looking === true) return;
    const { lastRequest } = this;
    try {
      await heartbeat.call(this, options);
      if (this.lastRequest !== lastRequest) absences.delete(this); // a heartbeat was due, and was answered
    } catch (error) {
      const now = absences.get(this) ?? { since: performance.now(), looking: false };
      if (now.looking) return; // callers at the same time share one heartbeat, and one look for the coordinator
      if (isAway(error)) absences.set(this, now);
      else absences.delete(this);
      if (!isAway(error) || isOver(now.since)) throw error;
      forgetBrokerOf(error, this.cluster);
      now.looking = true;
      // Not awaited, so that fetches from other brokers go on.
      void findCoordinator(this, () => isOver(now.since) || ended.has(this)).finally(() => {
        now.looking = false;
      });
    }
  };
}

/** Gives up silently once it is in vain: the next heartbeat then fails, and kafkajs crashes and begins anew. */
async function findCoordinator(group: ConsumerGroup, isVain: () => boolean): Promise<void> {
  const { cluster, groupId, coordinator } = group;
  while (!isVain() && group.coordinator === coordinator) {
    try {
      const found = await cluster.findGroupCoordinator({ groupId });
      if (group.coordinator !== coordinator) return; // a join has found it meanwhile
      group.coordinator = found;
      if (group.offsetManager !== null) group.offsetManager.coordinator = found;
      return;
    } catch {
      // No coordinator is named yet, or no broker answers. The next look finds out.
    }
    await pause(LOOK_EVERY_MS);
  }
}

function joinUnderTheSameId(prototype: ConsumerGroup, ended: WeakSet<ConsumerGroup>): void {
  const { joinAndSync, leave } = prototype;
  /** By cluster, because each consumer has its own, which outlives a crash; the group does not. */
  const members = new WeakMap<Cluster, string>();
  const begun = new WeakSet<ConsumerGroup>();
  prototype.joinAndSync = async function join(this: ConsumerGroup): Promise<void> {
    const { cluster } = this;
    // Only for its first join. A group that loses its id later was told that the coordinator does not know it.
    if (!begun.has(this)) this.memberId ??= members.get(cluster) ?? null;
    begun.add(this);
    const since = performance.now();
    for (;;) {
      try {
        await joinAndSync.call(this);
        if (this.memberId !== null) members.set(cluster, this.memberId);
        return;
      } catch (error) {
        if (!isAway(error) || isOver(since)) throw error;
        forgetBrokerOf(error, cluster);
      }
      await pause(LOOK_EVERY_MS);
    }
  };
  prototype.leave = async function leaveAndForget(this: ConsumerGroup): Promise<void> {
    ended.add(this);
    await leave.call(this);
    members.delete(this.cluster);
  };
}

function fetchFromWhoLeads(prototype: ConsumerGroup): void {
  const { recoverFromFetch } = prototype;
  prototype.recoverFromFetch = async function recover(this: ConsumerGroup, error): Promise<void> {
    const { cluster } = this;
    if (!hasMoved(error)) {
      await recoverFromFetch.call(this, error);
      return;
    }
    forgetBrokerOf(error, cluster);
    // If no broker answers, the coordinator does not answer either, and the heartbeats fail.
    await cluster.refreshMetadata().catch(() => undefined);
    await pause(LOOK_EVERY_MS);
  };
}

/** Whether the broker that was asked leads the partition no more, or does not answer. A topic that is gone is left to kafkajs. */
function hasMoved(error: unknown): boolean {
  return isOneOf(error, /^(LEADER_NOT_AVAILABLE|NOT_LEADER_FOR_PARTITION|FENCED_LEADER_EPOCH|UNKNOWN_LEADER_EPOCH)$/);
}

/** Whether the broker that was asked is not the coordinator, or not yet, or does not answer. */
function isAway(error: unknown): boolean {
  return isOneOf(
    error,
    /^(NOT_COORDINATOR_FOR_GROUP|GROUP_COORDINATOR_NOT_AVAILABLE|GROUP_LOAD_IN_PROGRESS|KafkaJSGroupCoordinatorNotFound|KafkaJSNumberOfRetriesExceeded)$/,
  );
}

/** Whether an error has one of these names, of the protocol or of kafkajs, or says that a broker did not answer. */
function isOneOf(error: unknown, names: RegExp): boolean {
  if (!(error instanceof Error)) return false;
  if (/^KafkaJS(ConnectionError|ConnectionClosedError|RequestTimeoutError|BrokerNotFound)$/.test(error.name))
    return true;
  return names.test(error.name) || ('type' in error && names.test(String(error.type)));
}

function isOver(since: number): boolean {
  return performance.now() - since > AWAY_FOR_MS;
}

/** Forgets a broker that closed its connection, as kafkajs does itself, so that the next look asks another one. */
function forgetBrokerOf(error: unknown, cluster: Cluster): void {
  if (!(error instanceof Error) || error.name !== 'KafkaJSConnectionClosedError') return;
  if (!('host' in error) || !('port' in error)) return;
  cluster.removeBroker({ host: String(error.host), port: Number(error.port) });
}
