import type { Batch, BatchFlow, Consumer, ConsumerListener, Reset, TopicPartition } from '../../ports/consumer.ts';
import type { DecidedOffsets } from '../../ports/decided-offsets.ts';
import type { LaneStatement } from '../../ports/levels.ts';
import type { Placement } from '../../ports/placement.ts';
import type { CloudEvents } from '../../ports/cloud-events.ts';
import type { Telemetry } from '../../ports/telemetry.ts';
import type { Entitlements } from '../../ports/entitlements.ts';
import type { PromptProducer } from '../../ports/producer.ts';
import type { Timers } from '../../ports/timers.ts';
import type { Topics } from '../../ports/topics.ts';
import { EntitlementPublisher, type EntitlementSettings } from '../entitlements.ts';
import { asError } from '../as-error.ts';
import { Backoff, untilUp } from '../backoff.ts';
import { inRounds } from '../rounds.ts';
import { Cleaner, type CleanerSettings } from '../cleaner.ts';
import type { LevelGate } from '../level-gate.ts';
import { Lane, type LaneDependencies, type LanePhase, type LaneSettings } from '../lane.ts';
import type { Queued } from './lane-queue.ts';
import type { LaneOutbox } from '../outbox/lane-outbox.ts';
import { Offsets } from './offsets.ts';
import { BeginningsUnknown, hasLost, Opening, type Before, type Opened } from './opening.ts';
import { OpenTransactions } from './open-transactions.ts';
import { idOf } from '../partition-id.ts';
import { OutboxRelay, type RelaySettings } from '../outbox/relay.ts';
import { SignsOfLife } from '../outbox/signs-of-life.ts';
import type { Planner } from '../planner.ts';
import { TimerSweeper, type TimerSettings } from '../timers.ts';
import type { UserLookUps } from '../user-look-ups.ts';

export interface WorkerSettings {
  /** The consumer group. */
  readonly group: string;
  readonly lanes: number;
  readonly chunkMaxMessages: number;
  readonly queueMaxMessages: number;
  readonly queueMaxBytes: number;
  /** The same two for the lane of look-ups, whose queue holds as many bytes as the others. */
  readonly lookUpsMaxMessages: number;
  readonly lookUpsQueueMaxMessages: number;
  /** Milliseconds. */
  readonly commitInterval: number;
  readonly heartbeatInterval: number;
  /** From one look at what the database has decided to the next. */
  readonly lookInterval: number;
  /** How long no broker may answer before it is told. Milliseconds, a few heartbeats. */
  readonly brokerSilence: number;
  /** For how long a lane may stand still before a partition is paused for it. */
  readonly patience: number;
  readonly relay: RelaySettings;
  readonly cleaner: CleanerSettings;
  readonly timers: TimerSettings;
  readonly entitlements: EntitlementSettings;
}

export interface WorkerDependencies extends Omit<
  LaneDependencies,
  'plan' | 'finished' | 'historyLost' | 'failed' | 'outboxes' | 'levels'
> {
  readonly consumer: Consumer;
  readonly decidedOffsets: DecidedOffsets;
  readonly timers: Timers;
  readonly entitlements: Entitlements;
  readonly promptProducer: PromptProducer;
  readonly cloudEvents: Pick<CloudEvents, 'write' | 'encodeHeaders'>;
  /** What this worker can read. */
  readonly level: number;
  readonly levelGate: LevelGate;
  readonly planner: Planner;
  readonly userLookUps: UserLookUps;
  readonly placement: Placement;
  readonly topics: Topics;
  readonly telemetry: Telemetry;
}

/** What can be seen of a worker from outside. */
export interface Membership {
  readonly joined: boolean;
  /** How many partitions are assigned; 0 where there are more workers than partitions. */
  readonly partitions: number;
  /** For how long no broker has answered, in milliseconds; undefined before the first time that it has joined. */
  readonly brokerSilentFor: number | undefined;
}

/** Puts the parts together: the consumer hands batches to the lanes, offsets follow the lanes, and signs of life, a relay, a cleaner, a sweeper and a publisher of entitlements run beside them. */
export class Worker implements ConsumerListener {
  private readonly settings: WorkerSettings;
  private readonly d: WorkerDependencies;
  private readonly offsets: Offsets;
  private readonly openTransactions: OpenTransactions;
  private readonly lanes: readonly Lane[];
  private readonly lookUpLane: Lane;
  private readonly allLanes: readonly Lane[];
  private readonly signsOfLife: SignsOfLife;
  private readonly relay: OutboxRelay;
  private readonly cleaner: Cleaner;
  private readonly sweeper: TimerSweeper;
  private readonly publisher: EntitlementPublisher;
  /** Assigned partitions are dealt out to the lanes in turn. By the partition's number, each of two workers would use half of its lanes. */
  private readonly lanesOfPartitions = new Map<string, Lane>();
  private assignment: readonly TopicPartition[] = [];
  private readonly opening: Opening;
  /** Undefined until the present assignment is opened: what is fetched before waits. */
  private opened: Opened | undefined;
  /** Ends the opening under way, when another one begins. */
  private superseded = new AbortController();
  /** Resolves when the opening under way has ended, in whichever way. */
  private untilOpened: Promise<void> = Promise.resolve();
  /** Partitions that end before where they were read to, by their ids: where each begins. The next opening takes them up. */
  private readonly cutOff = new Map<string, number>();
  /** Partitions that are not fetched from, since they are not opened yet, by their ids. */
  private readonly held = new Map<string, TopicPartition>();
  /** Waits between openings that follow each other; a look that finds all in order resets them. */
  private reopenings = new Backoff();
  private joined = false;
  private reachedAt: number | undefined;
  /** Waits between attempts to join the group after crashes; a join that succeeds resets them. */
  private joins = new Backoff();
  private readonly outboxes = new Map<string, LaneOutbox>();
  private readonly stopping = new AbortController();
  private running: Promise<unknown> = Promise.resolve();
  private end: (error: Error | undefined) => void = () => undefined;
  /** Resolves when the worker has to end: with the error that no waiting mends, or with undefined after `stop`. */
  readonly failure: Promise<Error | undefined>;

  constructor(settings: WorkerSettings, dependencies: WorkerDependencies) {
    this.settings = settings;
    this.d = dependencies;
    this.failure = new Promise((resolve) => (this.end = resolve));
    this.offsets = new Offsets(dependencies.consumer, dependencies.telemetry);
    this.openTransactions = new OpenTransactions(dependencies.telemetry);
    this.opening = new Opening(settings.group, dependencies);
    const { planner, userLookUps } = dependencies;
    this.lanes = Array.from({ length: settings.lanes }, (_, i) =>
      this.lane({ ...settings, name: `lane ${i + 1}` }, (messages, signal) => planner.plan(messages, signal)),
    );
    this.lookUpLane = this.lane(
      {
        name: 'look-ups',
        chunkMaxMessages: settings.lookUpsMaxMessages,
        queueMaxMessages: settings.lookUpsQueueMaxMessages,
        queueMaxBytes: settings.queueMaxBytes,
      },
      (messages, signal) => userLookUps.plan(messages, signal),
    );
    this.allLanes = [...this.lanes, this.lookUpLane];
    this.signsOfLife = new SignsOfLife(settings.relay, {
      ...dependencies,
      livingLanes: () => this.statements(),
      failed: (error) => this.end(error),
    });
    this.relay = new OutboxRelay(settings.relay, {
      ...dependencies,
      signsOfLife: this.signsOfLife,
      failed: (error) => this.end(error),
    });
    this.cleaner = new Cleaner(settings.cleaner, { ...dependencies, failed: (error) => this.end(error) });
    this.sweeper = new TimerSweeper(settings.timers, { ...dependencies, failed: (error) => this.end(error) });
    this.publisher = new EntitlementPublisher(settings.entitlements, {
      ...dependencies,
      failed: (error) => this.end(error),
    });
  }

  /** The phase of each lane, by the lane's name. */
  get lanePhases(): Readonly<Record<string, LanePhase['name']>> {
    return Object.fromEntries(this.allLanes.map(({ name, phase }) => [name, phase]));
  }

  /** The partitions that are assigned now. */
  get partitions(): readonly TopicPartition[] {
    return this.joined ? this.assignment : [];
  }

  /** How many messages were handed over and wait for their lanes. */
  get waiting(): number {
    return this.allLanes.reduce((sum, { waiting }) => sum + waiting, 0);
  }

  get membership(): Membership {
    const { joined, assignment, reachedAt } = this;
    const brokerSilentFor = reachedAt === undefined ? undefined : performance.now() - reachedAt;
    return { joined, partitions: joined ? assignment.length : 0, brokerSilentFor };
  }

  /** Starts the lanes and what runs beside them. Messages come only after `consume`. */
  start(): void {
    const committer = setInterval(() => void this.offsets.commit(), this.settings.commitInterval);
    this.stopping.signal.addEventListener('abort', () => clearInterval(committer));
    const lanes = this.allLanes.map((lane) => lane.run());
    const { signal } = this.stopping;
    const looks = [
      this.looks('decided offsets', () => this.look()),
      this.looks('levels', () => this.d.levelGate.look()),
      this.looks('broker to answer', () => this.listen()),
    ];
    const parts = [this.signsOfLife, this.relay, this.cleaner, this.sweeper, this.publisher];
    const others = parts.map((one) => one.run(signal));
    this.running = Promise.all([...lanes, ...others, ...looks]);
  }

  /** Joins the group, as soon as there is a broker. @throws ConfigurationError, or the signal's reason */
  async consume(signal: AbortSignal): Promise<void> {
    await untilUp('broker', this.d.telemetry, signal, () => this.d.consumer.start(this));
  }

  /** Finishes the chunks under way, commits, leaves the group. */
  async stop(): Promise<void> {
    this.stopping.abort(new Error('the worker stops'));
    this.fetchNothing();
    this.superseded.abort(new Error('the worker stops'));
    for (const lane of this.allLanes) lane.stop();
    await this.running;
    await this.offsets.commit();
    await this.d.consumer.stop();
    this.end(undefined);
  }

  assigned(partitions: readonly TopicPartition[]): void {
    this.joins = new Backoff();
    this.d.telemetry.waitEnded('broker', this);
    this.openTransactions.assigned(partitions);
    this.lanesOfPartitions.clear();
    for (const [i, partition] of partitions.entries()) {
      const lane = partition.topic === this.d.topics.userLookUps ? this.lookUpLane : this.lanes[i % this.lanes.length];
      if (lane) this.lanesOfPartitions.set(idOf(partition), lane);
    }
    this.assignment = partitions;
    this.joined = true;
    this.reached();
    this.cutOff.clear();
    this.held.clear();
    if (this.stopping.signal.aborted) this.fetchNothing();
    this.d.levelGate.assigned();
    this.open(undefined);
  }

  reached(): void {
    this.reachedAt = performance.now();
  }

  async batch(batch: Batch, flow: BatchFlow): Promise<void> {
    const epoch = this.offsets.currentEpoch;
    const lane = this.laneOf(batch);
    if (lane === undefined) return; // its assignment is over: the batch goes to the worker that has the partition now
    if (this.opened === undefined && !(await this.goesOnAt(batch, flow))) return;
    if (this.opened?.waiting.has(idOf(batch)) === true) {
      this.hold(batch);
      return;
    }
    this.openTransactions.fetched(batch);
    if (batch.messages.length === 0) {
      if (this.isOver(epoch)) return;
      this.offsets.pass(batch);
      flow.taken();
      return;
    }
    const { heartbeatInterval, patience } = this.settings;
    let left = lane === this.lookUpLane ? 0 : patience;
    while (!lane.hasRoom && !this.isOver(epoch)) {
      if (left <= 0) {
        this.pause(batch, lane);
        return;
      }
      left = (await lane.room(heartbeatInterval)) ? patience : left - heartbeatInterval;
      await flow.heartbeat();
    }
    if (this.isOver(epoch)) return;
    lane.push(queued(batch, epoch));
    this.d.telemetry.fetched({ topic: batch.topic, partition: batch.partition, messages: batch.messages.length });
    if (batch.topic === this.d.topics.commands) this.d.placement.check(batch.messages);
    this.offsets.take(batch);
    flow.taken();
  }

  reset(reset: Reset): void {
    this.d.telemetry.reset(reset);
    if (reset.to > reset.from) return;
    this.cutOff.set(idOf(reset), reset.to);
    this.reopen();
  }

  interrupted(error: Error): void {
    this.joined = false;
    this.d.telemetry.waiting('broker', error, this);
  }

  crashed(error: Error, final: boolean): void {
    if (final) {
      this.end(error);
      return;
    }
    this.interrupted(error);
    this.rejoin().catch((failure: unknown) => {
      if (!this.stopping.signal.aborted) this.end(asError(failure));
    });
  }

  private async rejoin(): Promise<void> {
    const { signal } = this.stopping;
    await this.joins.wait(signal);
    await this.consume(signal);
  }

  /**
   * Begins a new epoch: drops what is queued and what is not finished, and gives the lanes and the sweeper new ids. Nothing is taken until
   * it is known where each partition goes on.
   */
  private open(before: Before | undefined): void {
    const { assignment } = this;
    this.superseded.abort(new Error('it is opened anew'));
    this.superseded = new AbortController();
    this.opened = undefined;
    this.offsets.assigned();
    for (const lane of this.allLanes) lane.reset();
    this.sweeper.reset();
    if (this.stopping.signal.aborted) return;
    const { signal } = this.superseded;
    const failed = (error: unknown): void => {
      if (!signal.aborted) this.end(asError(error));
    };
    this.untilOpened = this.find(assignment, before, signal).then((opened) => {
      if (signal.aborted) return;
      this.offsets.opened(opened.histories);
      for (const lane of this.allLanes) lane.open(opened.histories);
      this.goOn(opened, opened);
      if (this.cutOff.size > 0) this.reopen();
      else if (opened.waiting.size > 0) this.openRest(opened, before, signal).catch(failed);
    }, failed);
  }

  private async find(
    assignment: readonly TopicPartition[],
    before: Before | undefined,
    signal: AbortSignal,
  ): Promise<Opened> {
    if (before !== undefined) await this.reopenings.wait(signal);
    await this.state(signal);
    return this.opening.open(assignment, before, signal);
  }

  /** Opens what could not be opened with the others, as soon as it is told where it begins. The others go on meanwhile. */
  private async openRest(opened: Opened, before: Before | undefined, signal: AbortSignal): Promise<void> {
    let { waiting } = opened;
    await untilUp('partition leaders', this.d.telemetry, signal, async () => {
      const more = await this.opening.open([...waiting.values()], before, signal);
      if (signal.aborted) return;
      if (more.server !== opened.server) {
        this.reopen();
        return;
      }
      waiting = more.waiting;
      opened.histories.add(more.histories);
      this.goOn({ ...opened, waiting }, more);
      if (waiting.size > 0) throw new BeginningsUnknown([...waiting.values()]);
    });
  }

  /** @param found what was found out just now, which may be a part of what is `opened` */
  private goOn(opened: Opened, found: Opened): void {
    for (const start of found.starts.values()) this.d.consumer.seek(start, start.offset);
    this.opened = opened;
    for (const [id, place] of this.held) {
      if (opened.waiting.has(id)) continue;
      this.held.delete(id);
      this.d.consumer.resume(place);
    }
  }

  /** Nobody can tell yet where the partition goes on, though somebody leads it again. */
  private hold(place: TopicPartition): void {
    this.held.set(idOf(place), place);
    this.d.consumer.pause(place);
  }

  /** The database is another one than it was, or a partition is: where each of them goes on has to be found out again. */
  private reopen(): void {
    const { opened } = this;
    if (opened === undefined) return; // it is being found out
    const cutOff = new Map(this.cutOff);
    this.cutOff.clear();
    this.open({ of: (place) => opened.histories.of(place) ?? opened.waiting.get(idOf(place))?.known, cutOff });
  }

  private async looks(name: string, look: () => Promise<void>): Promise<void> {
    const failed = (error: Error): void => this.end(error);
    const rounds = { ...this.d, name, interval: this.settings.lookInterval, failed };
    await inRounds(rounds, look, this.stopping.signal);
  }

  /** A broker may keep its connections and say nothing: no request fails for long, and nothing comes. */
  private listen(): Promise<void> {
    const { brokerSilentFor: silent = 0 } = this.membership;
    if (silent <= this.settings.brokerSilence) return Promise.resolve();
    return Promise.reject(new Error(`no broker has answered for ${Math.round(silent / 1_000)} s`));
  }

  /** Notices that the database has lost something although nothing new comes for a partition. */
  private async look(): Promise<void> {
    const { opened } = this;
    if (opened === undefined) return;
    const known = opened.histories.now;
    const { server, offsets } = await this.d.decidedOffsets.read(this.settings.group);
    if (opened !== this.opened) return;
    if (server !== opened.server || hasLost(known, offsets)) this.reopen();
    else this.reopenings = new Backoff();
  }

  /** States new lane ids before anything is written under them: one that nobody has stated is taken for an older worker's. */
  private async state(signal: AbortSignal): Promise<void> {
    await untilUp('database', this.d.telemetry, signal, () => this.signsOfLife.give());
  }

  /** What each lane can read, and which partitions it holds. */
  private statements(): readonly LaneStatement[] {
    const { level } = this.d;
    const { group } = this.settings;
    const lanes = this.allLanes.map((lane) => {
      const partitions = [...this.lanesOfPartitions].flatMap(([id, holder]) => (holder === lane ? id : []));
      return { lane: lane.livingOutbox, level, group, partitions };
    });
    return [...lanes, { lane: this.sweeper.livingOutbox, level, group, partitions: [] }];
  }

  private lane(settings: LaneSettings, plan: LaneDependencies['plan']): Lane {
    return new Lane(settings, {
      ...this.d,
      plan,
      outboxes: this.outboxes,
      levels: this.d.levelGate,
      finished: (messages) => this.offsets.finish(messages),
      historyLost: () => this.reopen(),
      failed: (error) => this.end(error),
    });
  }

  /** A partition stays with one lane for as long as the assignment lasts, so that its messages are handled in order. */
  private laneOf(batch: Batch): Lane | undefined {
    return this.lanesOfPartitions.get(idOf(batch));
  }

  /** Waits until the assignment is opened. @returns whether the batch was fetched from where its partition goes on */
  private async goesOnAt(batch: Batch, flow: BatchFlow): Promise<boolean> {
    const epoch = this.offsets.currentEpoch;
    for (;;) {
      if (this.isOver(epoch)) return false;
      const { opened } = this;
      if (opened !== undefined) return !opened.starts.has(idOf(batch));
      await within(this.settings.heartbeatInterval, this.untilOpened);
      await flow.heartbeat();
    }
  }

  private isOver(epoch: number): boolean {
    return epoch !== this.offsets.currentEpoch || this.stopping.signal.aborted;
  }

  /**
   * Fetches the partition again once its lane has room. Waiting in `batch` instead would hold back the fetches of all partitions, and a lane
   * may stand still for long: the user domain is away, say, or a topic takes no messages.
   */
  private pause(batch: Batch, lane: Lane): void {
    this.d.consumer.pause(batch);
    void lane.room().then(() => {
      if (!this.stopping.signal.aborted) this.d.consumer.resume(batch);
    });
  }

  /** A stopping worker takes no batch, so each fetch would bring the same one again. */
  private fetchNothing(): void {
    for (const partition of this.assignment) this.d.consumer.pause(partition);
  }
}

function queued({ messages, nextOffset }: Batch, epoch: number): Queued[] {
  return messages.map((received, i) => ({ received, nextOffset: messages[i + 1]?.offset ?? nextOffset, epoch }));
}

/** Resolves with `done`, or after so many milliseconds. */
async function within(milliseconds: number, done: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  await Promise.race([done, new Promise((resolve) => (timer = setTimeout(resolve, milliseconds)))]);
  clearTimeout(timer);
}
