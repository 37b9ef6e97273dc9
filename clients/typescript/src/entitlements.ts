import { setTimeout as sleep } from 'node:timers/promises';
import { decide, type Decision, type Entitlement } from './entitlement.ts';
import { EntitlementTable } from './entitlement-table.ts';
import { Closed, UnreadableRecord } from './errors.ts';
import { Follower, since, type FollowedRecord, type Moment } from './follower.ts';
import { Frames } from './frames.ts';
import { kafkaOf, type ConnectionOptions } from './options.ts';
import { Registry } from './registry.ts';

export interface EntitlementsOptions extends ConnectionOptions {
  /**
   * How long to go on with what is known while the topic can't be followed, in milliseconds. Longer: an outage of Kafka stops nobody. Shorter:
   * what is taken away meanwhile takes effect sooner. At least a few times `probeIntervalMs`.
   */
  readonly offlineGraceMs: number;
  /** Where the worker was given a name of its own. */
  readonly topic?: string;
  /** How often to ask the brokers whether there is more, in milliseconds; default 1,000. */
  readonly probeIntervalMs?: number;
}

export interface EntitlementChange {
  readonly tenantId: string;
  readonly subdivisionId: string;
  /** undefined: the subdivision was deleted. */
  readonly entitlement: Entitlement | undefined;
  readonly before: Entitlement | undefined;
}

const PAUSE_MS = 1_000;

/** Follows who may do what, and tells it without asking anybody. One for a whole service. */
export class Entitlements {
  /** Resolves once everything that stood in the topic at the start is known. Rejected only by `close`. */
  readonly ready: Promise<void>;
  readonly #options: EntitlementsOptions;
  readonly #frames: Frames;
  readonly #follower: Follower;
  readonly #listeners = new Set<(change: EntitlementChange) => void>();
  readonly #closing = new AbortController();
  readonly #started: Promise<void>;
  readonly #ready = Promise.withResolvers<undefined>();
  /** What is answered from. */
  #table = new EntitlementTable();
  /** What is being read from the beginning, until it is whole. The other table answers until then. */
  #filling: EntitlementTable | undefined = new EntitlementTable();
  #caughtUp: Moment | undefined;

  constructor(options: EntitlementsOptions) {
    const { topicPrefix = '', topic = `${topicPrefix}licensing.entitlements.v1`, onProblem } = options;
    this.#options = options;
    this.ready = this.#ready.promise.then(() => undefined);
    this.ready.catch(() => undefined); // nobody may be waiting
    this.#frames = new Frames(new Registry(options.registry));
    this.#follower = new Follower(kafkaOf(options), {
      topics: [topic],
      from: 'beginning',
      groupPrefix: options.groupPrefix ?? 'licensing-entitlements-',
      probeIntervalMs: options.probeIntervalMs ?? 1_000,
      onRecord: (record) => this.#take(record),
      onCaughtUp: (asked) => this.#isCaughtUp(asked),
      onAnew: () => (this.#filling = new EntitlementTable()),
      onProblem: (problem) => onProblem?.(problem),
    });
    this.#started = this.#start();
  }

  /** How many subdivisions are known. */
  get size(): number {
    return this.#table.size;
  }

  /** How long ago, in milliseconds, this knew everything that stood in the topic; Infinity before `ready`. */
  get age(): number {
    return this.#caughtUp === undefined ? Infinity : since(this.#caughtUp);
  }

  /**
   * Whether a subdivision may be served, without asking anybody.
   * @param at milliseconds since the epoch; default: now. What is known is today's: a past time does not bring back what held then
   */
  check(tenantId: string, subdivisionId: string, at = Date.now()): Decision {
    if (this.age > this.#options.offlineGraceMs) return { allowed: false, reason: 'stale' };
    return decide(this.#table.terms(keyOf(tenantId, subdivisionId)), at);
  }

  /** All that is known of a subdivision, however old. */
  get(tenantId: string, subdivisionId: string): Entitlement | undefined {
    return this.#table.get(keyOf(tenantId, subdivisionId));
  }

  /**
   * Calls the listener for each change after `ready`. What time alone changes, such as `validUntil` going by, is no change.
   * @returns what ends that
   */
  onChange(listener: (change: EntitlementChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#ready.reject(new Closed('closed before everything was known'));
    await this.#started;
    await this.#follower.close();
  }

  async #start(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      try {
        await this.#follower.start();
        return;
      } catch (problem) {
        this.#options.onProblem?.(problem);
        await sleep(PAUSE_MS, undefined, { signal }).catch(() => undefined); // aborted
      }
    }
  }

  #take(record: FollowedRecord): void | Promise<void> {
    const { value } = record;
    if (value !== null && !this.#frames.isPrepared(value)) return this.#applyLater(record, value);
    this.#apply(record);
  }

  async #applyLater(record: FollowedRecord, value: Buffer): Promise<void> {
    await this.#frames.prepare(value);
    this.#apply(record);
  }

  #apply({ key, value }: FollowedRecord): void {
    const name = key?.toString() ?? '';
    const table = this.#filling ?? this.#table;
    const before = this.#hears ? table.get(name) : undefined;
    try {
      if (value === null) table.delete(name);
      else if (!table.put(name, this.#frames.read(value, 'licensing.entitlements.Entitlement'))) return;
    } catch (problem) {
      // What was known of it goes on.
      this.#options.onProblem?.(new UnreadableRecord(`the entitlement of ${name} can't be read`, { cause: problem }));
      return;
    }
    if (this.#hears) this.#tell(name, before, table.get(name));
  }

  get #hears(): boolean {
    return this.#filling === undefined && this.#listeners.size > 0;
  }

  #isCaughtUp(asked: Moment): void {
    const isFirst = this.#caughtUp === undefined;
    const [before, now] = [this.#table, this.#filling];
    this.#caughtUp = asked;
    this.#filling = undefined;
    if (now !== undefined) this.#table = now;
    if (isFirst) this.#ready.resolve(undefined);
    else if (now !== undefined && this.#hears) {
      for (const name of new Set([...before.keys(), ...now.keys()])) this.#tell(name, before.get(name), now.get(name));
    }
  }

  #tell(name: string, before: Entitlement | undefined, entitlement: Entitlement | undefined): void {
    if (isSame(before, entitlement)) return;
    const [tenantId = '', subdivisionId = ''] = name.split('/');
    for (const listener of this.#listeners) {
      try {
        listener({ tenantId, subdivisionId, entitlement, before });
      } catch (problem) {
        this.#options.onProblem?.(problem);
      }
    }
  }
}

function keyOf(tenantId: string, subdivisionId: string): string {
  return `${tenantId}/${subdivisionId}`.toLowerCase();
}

/** Whether they differ in nothing but in when they were published. */
function isSame(one: Entitlement | undefined, other: Entitlement | undefined): boolean {
  if (one === undefined || other === undefined) return one === other;
  return JSON.stringify({ ...one, issuedAt: 0 }) === JSON.stringify({ ...other, issuedAt: 0 });
}
