import { entitlementOf } from '../domain/entitlement.ts';
import type { CloudEvents } from '../ports/cloud-events.ts';
import type { Claimable, ClaimedState, ClaimLimits, Entitlements, Repetition } from '../ports/entitlements.ts';
import { ConfigurationError, PublicationFailed } from '../ports/errors.ts';
import { LEVEL } from '../ports/levels.ts';
import type { OutgoingMessage } from '../ports/messages.ts';
import type { PromptProducer } from '../ports/producer.ts';
import type { SubdivisionKey } from '../ports/repositories.ts';
import type { Telemetry } from '../ports/telemetry.ts';
import type { Topics } from '../ports/topics.ts';
import { asError } from './as-error.ts';
import { Backoff } from './backoff.ts';
import { Filling } from './filling.ts';
import type { LevelGate } from './level-gate.ts';
import { inRounds, rest } from './rounds.ts';

export interface EntitlementSettings extends ClaimLimits, Repetition {
  /** From one look at what is owed to the next, and while more is owed than one takes. Milliseconds. */
  readonly interval: number;
  readonly pause: number;
  /** From one look at what others and failed sends have left over to the next. Milliseconds. */
  readonly leftEvery: number;
  /** How many subdivisions are looked at between two sends, until those are found that an older worker has created. */
  readonly fillStep: number;
  /** For how long a change may be owed before it is told, and from one time to the next. Milliseconds. */
  readonly tellEvery: number;
}

interface Dependencies {
  readonly entitlements: Entitlements;
  readonly promptProducer: PromptProducer;
  readonly cloudEvents: Pick<CloudEvents, 'write' | 'encodeHeaders'>;
  readonly topics: Topics;
  readonly levelGate: Pick<LevelGate, 'mayWrite' | 'falls'>;
  readonly telemetry: Telemetry;
  readonly newId: () => string;
  /** Told of a failure that no waiting mends: the process has to end. */
  readonly failed: (error: Error) => void;
}

/**
 * Publishes what subdivisions are entitled to. Every worker does so; each claims a part of what is owed, and sends the present state of that.
 * In a compacted topic the last record stays for ever, so an old one must not come late. Nothing is sent behind the end of a claim, and what
 * was sent is sent once more when nothing older can be under way any more. What could not be sent is tried again after all that is new, or a
 * partition that takes nothing would hold back the others.
 */
export class EntitlementPublisher {
  private readonly settings: EntitlementSettings;
  private readonly d: Dependencies;
  private readonly filling: Filling;
  private readonly now: () => number;
  private toldAt: number;
  private nextLeftAt = -Infinity;
  /** Of what is left over; undefined: none fails. */
  private tries: Backoff | undefined;

  /** @param now a clock that only goes forward, in milliseconds; the producer's, too */
  constructor(settings: EntitlementSettings, dependencies: Dependencies, now: () => number = () => performance.now()) {
    this.settings = settings;
    this.d = dependencies;
    this.filling = new Filling(settings.fillStep, {
      levelGate: dependencies.levelGate,
      addMissing: (...page) => dependencies.entitlements.addMissing(...page),
    });
    this.now = now;
    this.toldAt = now();
  }

  /** Runs until the signal aborts, and ends after the send under way. */
  async run(signal: AbortSignal): Promise<void> {
    const { interval } = this.settings;
    await inRounds({ name: 'entitlements', interval, ...this.d }, () => this.round(signal), signal);
  }

  private async round(signal: AbortSignal): Promise<void> {
    const { levelGate } = this.d;
    if (levelGate.mayWrite(LEVEL)) this.filling.begin();
    let goesOn = true;
    while (goesOn && !signal.aborted) {
      const isFull = await this.publishOwed('new');
      const isMoreLeft = await this.publishLeft();
      goesOn = (await this.filling.step()) || isFull || isMoreLeft;
      if (goesOn) await rest(this.settings.pause, signal);
    }
  }

  /** @returns whether more may be left over that can be published now */
  private async publishLeft(): Promise<boolean> {
    if (this.now() < this.nextLeftAt) return false;
    this.nextLeftAt = this.now() + this.settings.leftEvery;
    const isMore = await this.publishOwed('left');
    if (isMore) this.nextLeftAt = this.now();
    return isMore;
  }

  /**
   * @returns whether more may be owed than was claimed, and can be published
   * @throws when the database does not answer, or nothing of what is new was taken: then it is no use to go on at once
   */
  private async publishOwed(which: Claimable): Promise<boolean> {
    const { entitlements, newId } = this.d;
    const claim = newId();
    const { keys, isFull, oldestMs } = await entitlements.claim(claim, this.settings, which);
    this.tell(oldestMs);
    const { failure, isAnyDone } = await this.published(claim, keys);
    if (failure === undefined) {
      if (which === 'left' && !isFull) this.noneFails();
      return isFull;
    }
    this.someFail(failure);
    await entitlements.release(claim, keys);
    if (failure instanceof ConfigurationError || (which === 'new' && !isAnyDone)) throw failure;
    return isFull && isAnyDone;
  }

  private async published(claim: string, keys: readonly SubdivisionKey[]): Promise<Ended> {
    if (keys.length === 0) return { isAnyDone: false };
    try {
      return await this.publish(claim, keys);
    } catch (error) {
      // What this can't reach any more is left over when the claim has run out.
      await this.d.entitlements.release(claim, keys).catch(() => undefined);
      throw error;
    }
  }

  /** They are tried again soon, as a leader may only have moved, and less often the more tries fail. */
  private someFail(failure: Error): void {
    this.d.telemetry.waiting('entitlements', failure, this);
    this.tries ??= new Backoff();
    this.nextLeftAt = Math.min(this.nextLeftAt, this.now() + this.tries.next());
  }

  private noneFails(): void {
    this.tries = undefined;
    this.d.telemetry.waitEnded('entitlements', this);
  }

  private async publish(claim: string, keys: readonly SubdivisionKey[]): Promise<Ended> {
    const { entitlements, promptProducer, telemetry } = this.d;
    const asked = this.now();
    const state = await entitlements.read(claim, keys);
    const published = state.subdivisions.map((one) => ({
      key: { ...one, isDeleted: one.subdivision === undefined },
      message: this.messageOf(one, state),
    }));
    if (published.length === 0) return { isAnyDone: false };
    const { failure, acknowledged } = await sent(
      promptProducer.publish(
        published.map(({ message }) => message),
        asked + state.leftMs,
      ),
    );
    const done = failure === undefined ? published : published.filter(({ message }) => acknowledged.has(message));
    const own = await entitlements.published(
      claim,
      done.map(({ key }) => key),
      state.epoch,
      this.settings,
    );
    if (own > 0) telemetry.count('published', 'entitlements', own);
    return { failure, isAnyDone: done.length > 0 };
  }

  private messageOf(
    { tenantId, subdivisionId, subdivision }: ClaimedState['subdivisions'][number],
    { epoch, at }: ClaimedState,
  ): OutgoingMessage {
    const { cloudEvents, topics } = this.d;
    const key = Buffer.from(`${tenantId}/${subdivisionId}`);
    const topic = topics.entitlements;
    if (subdivision === undefined) return { topic, key, value: null, headers: cloudEvents.encodeHeaders({}) };
    const data = { ...entitlementOf(subdivision, at), epoch };
    const id = `${subdivisionId}/${epoch}/${data.version}/${at}`;
    return cloudEvents.write({
      ...{ topic, key, type: 'licensing.entitlements.Entitlement', data },
      ...{ id, sourceSuffix: '/entitlements', time: at, subject: subdivisionId },
      ...{ causationId: id, correlationId: id, traceparent: null },
    });
  }

  private tell(oldestMs: number): void {
    const now = this.now();
    if (oldestMs < this.settings.tellEvery || now - this.toldAt < this.settings.tellEvery) return;
    this.toldAt = now;
    this.d.telemetry.entitlementsLate({ oldestMs });
  }
}

interface Ended {
  readonly failure?: Error | undefined;
  readonly isAnyDone: boolean;
}

/** How a send has ended, and what of it was acknowledged if it failed. */
async function sent(
  sending: Promise<void>,
): Promise<{ readonly failure?: Error; readonly acknowledged: ReadonlySet<OutgoingMessage> }> {
  try {
    await sending;
    return { acknowledged: new Set() };
  } catch (error) {
    const failure = asError(error);
    return { failure, acknowledged: new Set(failure instanceof PublicationFailed ? failure.acknowledged : []) };
  }
}
