import type { Batch, BatchFlow, Consumer, ConsumerListener, Reset, TopicPartition } from '../../ports/consumer.ts';
import type { Placement } from '../../ports/placement.ts';
import type { Telemetry } from '../../ports/telemetry.ts';
import type { Topics } from '../../ports/topics.ts';
import { asError } from '../as-error.ts';
import { Backoff, untilUp } from '../backoff.ts';
import { Cleaner, type CleanerSettings } from '../cleaner.ts';
import { Lane, type LaneDependencies, type LanePhase, type LaneSettings } from '../lane.ts';
import type { Queued } from './lane-queue.ts';
import type { LaneOutbox } from '../outbox/lane-outbox.ts';
import { Offsets } from './offsets.ts';
import { OpenTransactions } from './open-transactions.ts';
import { idOf } from './partition-id.ts';
import { OutboxRelay, type RelaySettings } from '../outbox/relay.ts';
import type { Planner } from '../planner.ts';
import type { UserLookUps } from '../user-look-ups.ts';

export interface WorkerSettings {
  readonly lanes: number;
  readonly chunkMaxMessages: number;
  readonly queueMaxMessages: number;
  readonly queueMaxBytes: number;
  /** Of the look-ups: those in a chunk, and those that may wait. The bytes are the same. */
  readonly lookUpsMaxMessages: number;
  readonly lookUpsQueueMaxMessages: number;
  /** Milliseconds. */
  readonly commitInterval: number;
  readonly heartbeatInterval: number;
  readonly relay: RelaySettings;
  readonly cleaner: CleanerSettings;
}

export interface WorkerDependencies extends Omit<LaneDependencies, 'plan' | 'finished' | 'failed' | 'outboxes'> {
  readonly consumer: Consumer;
  readonly planner: Planner;
  readonly userLookUps: UserLookUps;
  readonly placement: Placement;
  readonly topics: Topics;
  readonly telemetry: Telemetry;
}

/** The whole of it: a consumer that hands over, lanes that work, offsets that follow, a relay for what others left behind, a cleaner. */
export class Worker implements ConsumerListener {
  private readonly settings: WorkerSettings;
  private readonly d: WorkerDependencies;
  private readonly offsets: Offsets;
  private readonly openTransactions: OpenTransactions;
  private readonly lanes: readonly Lane[];
  private readonly lookUpLane: Lane;
  private readonly relay: OutboxRelay;
  private readonly cleaner: Cleaner;
  /** Dealt out in turn over what this worker was assigned: by the partition's number, two workers would use half of their lanes. */
  private readonly lanesOfPartitions = new Map<string, Lane>();
  private assignment: readonly TopicPartition[] = [];
  /** Waits before joining the group after a crash; they begin anew once it has been joined. */
  private joins = new Backoff();
  private readonly outboxes = new Map<string, LaneOutbox>();
  private readonly stopping = new AbortController();
  private running: Promise<unknown> = Promise.resolve();
  private end: (error: Error | undefined) => void = () => undefined;
  /** Resolves when the worker has to end because of something that waiting does not mend. */
  readonly failure: Promise<Error | undefined>;

  constructor(settings: WorkerSettings, dependencies: WorkerDependencies) {
    this.settings = settings;
    this.d = dependencies;
    this.failure = new Promise((resolve) => (this.end = resolve));
    this.offsets = new Offsets(dependencies.consumer, dependencies.telemetry);
    this.openTransactions = new OpenTransactions(dependencies.telemetry);
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
    this.relay = new OutboxRelay(settings.relay, {
      ...dependencies,
      livingLanes: () => [...this.lanes, this.lookUpLane].map(({ livingOutbox }) => livingOutbox),
      failed: (error) => this.end(error),
    });
    this.cleaner = new Cleaner(settings.cleaner, { ...dependencies, failed: (error) => this.end(error) });
  }

  /** What each lane is at, by its name. */
  get lanePhases(): Readonly<Record<string, LanePhase['name']>> {
    return Object.fromEntries([...this.lanes, this.lookUpLane].map(({ name, phase }) => [name, phase]));
  }

  /** Starts the lanes, the relay and the cleaner, which find nothing to do yet. */
  start(): void {
    const committer = setInterval(() => void this.offsets.commit(), this.settings.commitInterval);
    this.stopping.signal.addEventListener('abort', () => clearInterval(committer));
    const lanes = [...this.lanes, this.lookUpLane].map((lane) => lane.run());
    const { signal } = this.stopping;
    this.running = Promise.all([...lanes, this.relay.run(signal), this.cleaner.run(signal)]);
  }

  /** Joins the group; may be called again when it fails. */
  async consume(): Promise<void> {
    await this.d.consumer.start(this);
  }

  /** Finishes the chunks under way, commits, leaves the group. */
  async stop(): Promise<void> {
    this.stopping.abort(new Error('the worker stops'));
    this.fetchNothing();
    for (const lane of [...this.lanes, this.lookUpLane]) lane.stop();
    await this.running;
    await this.offsets.commit();
    await this.d.consumer.stop();
    this.end(undefined);
  }

  assigned(partitions: readonly TopicPartition[]): void {
    this.joins = new Backoff();
    this.d.telemetry.waitEnded('broker', this);
    this.offsets.assigned();
    this.openTransactions.assigned(partitions);
    this.lanesOfPartitions.clear();
    for (const [i, partition] of partitions.entries()) {
      const lane = partition.topic === this.d.topics.userLookUps ? this.lookUpLane : this.lanes[i % this.lanes.length];
      if (lane) this.lanesOfPartitions.set(idOf(partition), lane);
    }
    for (const lane of [...this.lanes, this.lookUpLane]) lane.reset();
    this.assignment = partitions;
    if (this.stopping.signal.aborted) this.fetchNothing();
  }

  async batch(batch: Batch, flow: BatchFlow): Promise<void> {
    const epoch = this.offsets.currentEpoch;
    const lane = this.laneOf(batch);
    if (lane === undefined) return; // of an assignment that is over: it comes again to whoever has it now
    this.openTransactions.fetched(batch);
    if (batch.messages.length === 0) {
      if (this.isOver(epoch)) return;
      this.offsets.pass(batch);
      flow.taken();
      return;
    }
    let moves = lane !== this.lookUpLane;
    while (!lane.hasRoom && !this.isOver(epoch)) {
      if (!moves) {
        this.pause(batch, lane);
        return;
      }
      moves = await lane.room(this.settings.heartbeatInterval);
      await flow.heartbeat();
    }
    if (this.isOver(epoch)) return;
    lane.push(queued(batch, epoch));
    if (batch.topic === this.d.topics.commands) this.d.placement.check(batch.messages);
    this.offsets.take(batch);
    flow.taken();
  }

  reset(reset: Reset): void {
    this.d.telemetry.reset(reset);
  }

  interrupted(error: Error): void {
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
    await untilUp('broker', this.d.telemetry, signal, () => this.consume());
  }

  private lane(settings: LaneSettings, plan: LaneDependencies['plan']): Lane {
    return new Lane(settings, {
      ...this.d,
      plan,
      outboxes: this.outboxes,
      finished: (messages) => this.offsets.finish(messages),
      failed: (error) => this.end(error),
    });
  }

  /** As long as an assignment lasts, a partition is one lane's: order within it is all that Kafka and we promise. */
  private laneOf(batch: Batch): Lane | undefined {
    return this.lanesOfPartitions.get(idOf(batch));
  }

  private isOver(epoch: number): boolean {
    return epoch !== this.offsets.currentEpoch || this.stopping.signal.aborted;
  }

  /**
   * Waiting here would hold back the fetches of all partitions: the user domain's outage must not, nor a lane that stands still, for a
   * topic that takes nothing say.
   */
  private pause(batch: Batch, lane: Lane): void {
    this.d.consumer.pause(batch);
    void lane.room().then(() => {
      if (!this.stopping.signal.aborted) this.d.consumer.resume(batch);
    });
  }

  /** What a stopping worker does not take would be fetched again and again. */
  private fetchNothing(): void {
    for (const partition of this.assignment) this.d.consumer.pause(partition);
  }
}

function queued({ messages, nextOffset }: Batch, epoch: number): Queued[] {
  return messages.map((received, i) => ({ received, nextOffset: messages[i + 1]?.offset ?? nextOffset, epoch }));
}
