import type { MessageName } from '../generated/messages.ts';
import { ConfigurationError, DatabaseRefuses } from '../ports/errors.ts';
import type { UserLookUp } from '../ports/repositories.ts';
import type { Telemetry } from '../ports/telemetry.ts';
import type { TopicCheck } from '../ports/topics.ts';
import type { OutboxWriter, UnitOfWork } from '../ports/unit-of-work.ts';
import { asError } from './as-error.ts';
import { untilUp } from './backoff.ts';

/** A type that the worker writes to a topic. */
interface Written {
  readonly topic: string;
  readonly type: MessageName;
}

interface Codec {
  /** Looks up the schemas to write with; waits for the registry by itself. @throws ConfigurationError */
  prepareWriters(written: readonly Written[], signal: AbortSignal): Promise<void>;
}

/** Of each server the setting that says where it is, and what may be told of its value. */
interface Places {
  readonly database: string;
  readonly broker: string;
}

interface Dependencies {
  readonly places: Places;
  /** Whether the server is one that the worker can work with, and the schema that of this version. @throws ConfigurationError */
  readonly databaseServer: { check(): Promise<void> };
  readonly migrations: { check(): Promise<void> };
  readonly topicCheck: TopicCheck;
  readonly codec: Codec;
  readonly writtenSubjects: readonly Written[];
  readonly userDomainKnown: boolean;
  readonly unitOfWork: Pick<UnitOfWork, 'run'>;
  readonly userLookUpQueuer: { queue(lookUp: UserLookUp, outbox: OutboxWriter): void };
  /** @returns why the topic of entitlements can't be gone on with; undefined: it can */
  readonly entitlementTopic: { check(): Promise<string | undefined> };
  readonly telemetry: Telemetry;
}

/** Finds out at the start what would fail later, so that a wrong setting ends the process before it has taken a message. */
export class Boot {
  private readonly d: Dependencies;

  constructor(dependencies: Dependencies) {
    this.d = dependencies;
  }

  /**
   * Waits for what is out of reach.
   * @returns how many look-ups were queued again; undefined without a user domain
   * @throws ConfigurationError, or the signal's reason
   */
  async run(signal: AbortSignal): Promise<number | undefined> {
    const { telemetry, codec, writtenSubjects, places } = this.d;
    // What ends one check ends the others, too: nobody waits for a server any more while the process ends.
    const ended = new AbortController();
    const either = AbortSignal.any([signal, ended.signal]);
    await Promise.all([
      untilUp('database', telemetry, either, () => at(places.database, this.checkDatabase())),
      untilUp('broker', telemetry, either, () => at(places.broker, this.checkTopics())),
      codec.prepareWriters(writtenSubjects, either),
    ]).catch((error: unknown) => {
      ended.abort(asError(error));
      throw error;
    });
    const fault = await untilUp('database', telemetry, signal, () => this.d.entitlementTopic.check());
    if (fault !== undefined) throw new ConfigurationError(fault);
    return this.d.userDomainKnown ? untilUp('database', telemetry, signal, () => this.queueLookUps()) : undefined;
  }

  private async checkDatabase(): Promise<void> {
    try {
      await this.d.databaseServer.check();
      await this.d.migrations.check();
    } catch (error) {
      throw error instanceof DatabaseRefuses ? new ConfigurationError(error.message, { cause: error }) : error;
    }
  }

  private async checkTopics(): Promise<void> {
    const { topicCheck } = this.d;
    const report = await topicCheck.check();
    // Of a topic that is not there nobody has rights: that it is missing is what has to be told.
    const faults = report.faults.length > 0 ? report.faults : await topicCheck.lackingRights();
    if (faults.length > 0) throw new ConfigurationError(faults);
  }

  /** Queues all look-ups that wait for an answer. One that is in the topic already is asked twice, and takes effect once. */
  private async queueLookUps(): Promise<number> {
    const { unitOfWork, userLookUpQueuer } = this.d;
    let queued = 0;
    let last: UserLookUp | undefined;
    do {
      const page = { limit: LOOK_UPS_AT_ONCE, ...(last && { after: last.userId }) };
      const { value } = await unitOfWork.run([], async ({ userLookUps, outbox }) => {
        const waiting = await userLookUps.list(page);
        for (const lookUp of waiting) userLookUpQueuer.queue(lookUp, outbox);
        return waiting;
      });
      queued += value.length;
      last = value.length < LOOK_UPS_AT_ONCE ? undefined : value.at(-1);
    } while (last !== undefined);
    return queued;
  }
}

const LOOK_UPS_AT_ONCE = 1_000;

/** A server does not answer. At the start the setting that says where it is may be wrong, so the message names it. */
class OutOfReach extends Error {
  override readonly name = 'OutOfReach';
}

async function at(place: string, check: Promise<void>): Promise<void> {
  await check.catch((error: unknown) => {
    if (error instanceof ConfigurationError) throw error;
    const { message } = asError(error);
    throw new OutOfReach(message.includes(place) ? message : `${place}: ${message}`, { cause: error });
  });
}
