import type { CloudEvents } from '../ports/cloud-events.ts';
import { CommitOutcomeUnknown } from '../ports/errors.ts';
import { TIMERS } from '../ports/levels.ts';
import type { OutgoingMessage } from '../ports/messages.ts';
import type { SubdivisionKey } from '../ports/repositories.ts';
import type { Swept, SweepLimits, Timers } from '../ports/timers.ts';
import type { Topics } from '../ports/topics.ts';
import { Filling } from './filling.ts';
import type { LevelGate } from './level-gate.ts';
import { LanePublisher, type PublisherDependencies } from './outbox/lane-publisher.ts';
import { inRounds, rest } from './rounds.ts';

export interface TimerSettings extends SweepLimits {
  /** From one sweep to the next, and while more is due than one may take. Milliseconds. */
  readonly interval: number;
  readonly pause: number;
  /** How many active licenses are looked at between two sweeps, until all have the timers that an older worker has not written. */
  readonly fillStep: number;
  /** For how long what is due may wait before it is told, and from one time to the next. Milliseconds. */
  readonly tellEvery: number;
}

interface Dependencies extends Omit<PublisherDependencies, 'outboxes' | 'levels'> {
  readonly timers: Timers;
  readonly cloudEvents: Pick<CloudEvents, 'write'>;
  readonly topics: Topics;
  readonly levelGate: Pick<LevelGate, 'mayWrite' | 'lacks' | 'falls'>;
  readonly failed: (error: Error) => void;
}

/**
 * Sends for what is due in subdivisions to which no other message comes. Every worker does so, one at a time. What it sends lies in the outbox
 * under a lane id of its own, and is published at once.
 */
export class TimerSweeper {
  private readonly settings: TimerSettings;
  private readonly d: Dependencies;
  private readonly publisher: LanePublisher;
  private readonly filling: Filling;
  private toldAt: number;
  private readonly now: () => number;

  /** @param now a clock that only goes forward, in milliseconds */
  constructor(settings: TimerSettings, dependencies: Dependencies, now: () => number = () => performance.now()) {
    this.settings = settings;
    this.d = dependencies;
    this.publisher = new LanePublisher({ ...dependencies, outboxes: new Map(), levels: dependencies.levelGate });
    this.filling = new Filling(settings.fillStep, {
      levelGate: dependencies.levelGate,
      addMissing: (...page) => dependencies.timers.addMissing(...page),
    });
    this.now = now;
    this.toldAt = now();
  }

  /** The id of the outbox that this writes to, and answers for. */
  get livingOutbox(): string {
    return this.publisher.outbox.id;
  }

  /** Writes under a new id from now on. What an older copy of the database has under the one before, as owed still, is a relay's then. */
  reset(): void {
    this.publisher.giveUp();
  }

  /** Runs until the signal aborts, and ends after the sweep under way. What it could not publish by then is a relay's. */
  async run(signal: AbortSignal): Promise<void> {
    await inRounds({ name: 'timers', interval: this.settings.interval, ...this.d }, () => this.round(signal), signal);
    await this.publisher.deletePublished().catch(() => undefined);
  }

  private async round(signal: AbortSignal): Promise<void> {
    const { levelGate } = this.d;
    if (!levelGate.mayWrite(TIMERS)) return this.tellWhatBlocks();
    this.filling.begin();
    let goesOn = true;
    while (goesOn && !signal.aborted && !this.filling.gateHasFallen) {
      const isFull = await this.sweep(signal);
      goesOn = (await this.filling.step()) || isFull;
      if (goesOn) await rest(this.settings.pause, signal);
    }
    if (!signal.aborted) await this.publisher.deletePublished();
  }

  /** @returns whether more may be due than was taken */
  private async sweep(signal: AbortSignal): Promise<boolean> {
    const { outbox } = this.publisher;
    const swept = await this.swept();
    if (swept === undefined) return false;
    this.tell(swept);
    const owed = this.publisher.committed(outbox, swept);
    try {
      await this.publisher.publish([owed], signal, () => undefined);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
    return swept.isFull;
  }

  private async swept(): Promise<Swept | undefined> {
    const { timers } = this.d;
    try {
      return await timers.sweep(this.settings, (timer, upTo) => this.messageOf(timer, upTo), this.publisher.outbox);
    } catch (error) {
      // The rows may be written or not: a relay publishes them then. What was not marked is swept again.
      if (error instanceof CommitOutcomeUnknown) this.publisher.giveUp();
      throw error;
    }
  }

  private messageOf({ tenantId, subdivisionId }: SubdivisionKey, upTo: number): OutgoingMessage {
    const id = `${tenantId}/${subdivisionId}/${upTo}`;
    return this.d.cloudEvents.write({
      topic: this.d.topics.commands,
      key: tenantId,
      type: 'licensing.internal.AdvanceSubdivision',
      data: { tenantId, subdivisionId, upTo },
      id,
      sourceSuffix: '/timers',
      time: upTo,
      subject: subdivisionId,
      causationId: id,
      correlationId: id,
      traceparent: null,
    });
  }

  private tell({ firstSends, resends, unanswered, oldestMs }: Swept): void {
    const { telemetry } = this.d;
    if (firstSends > 0) telemetry.count('queued', 'timers', firstSends);
    if (resends > 0) telemetry.count('queued again', 'timers', resends);
    if (oldestMs < this.settings.tellEvery || !this.isTimeToTell()) return;
    telemetry.timersLate({ oldestMs, unanswered });
  }

  private async tellWhatBlocks(): Promise<void> {
    const { timers, telemetry, levelGate } = this.d;
    if (!this.isTimeToTell()) return;
    const due = await timers.due();
    if (due !== undefined) telemetry.timersBlocked({ ...due, why: levelGate.lacks(TIMERS) });
  }

  private isTimeToTell(): boolean {
    const now = this.now();
    if (now - this.toldAt < this.settings.tellEvery) return false;
    this.toldAt = now;
    return true;
  }
}
