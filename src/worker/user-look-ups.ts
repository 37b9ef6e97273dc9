import type { ReceivedMessage } from '../ports/messages.ts';
import { aboutOf, type Telemetry } from '../ports/telemetry.ts';
import { MalformedAnswer, type UserDomainClient } from '../ports/user-domain-client.ts';
import type { Planner } from './planner.ts';
import { Task } from './task.ts';

/** Asks the user domain for the users that look-up messages name, outside any transaction, a few at a time. */
export class UserLookUps {
  private readonly planner: Planner;
  private readonly client: UserDomainClient | undefined;
  private readonly telemetry: Telemetry;
  private readonly concurrency: number;

  constructor(planner: Planner, client: UserDomainClient | undefined, telemetry: Telemetry, concurrency: number) {
    this.planner = planner;
    this.client = client;
    this.telemetry = telemetry;
    this.concurrency = concurrency;
  }

  /** Waits for all answers, also through an outage of the user domain. Only the lane of look-ups waits with it. */
  async plan(messages: readonly ReceivedMessage[], signal: AbortSignal): Promise<readonly Task[]> {
    const tasks: (Task | undefined)[] = messages.map(() => undefined);
    const rest = messages.entries();
    const one = async (): Promise<void> => {
      for (const [i, received] of rest) tasks[i] = await this.lookUp(received, signal);
    };
    await Promise.all(Array.from({ length: this.concurrency }, one));
    return tasks.filter((task) => task !== undefined);
  }

  private async lookUp(received: ReceivedMessage, signal: AbortSignal): Promise<Task | undefined> {
    const asked = await this.planner.lookUpIn(received, signal);
    if (asked instanceof Task) return asked;
    if (this.client === undefined) {
      // The look-up was queued when USER_DOMAIN_URL was set. It stays in its table, and a start with the setting queues it again.
      this.telemetry.ended({ outcome: 'skipped', type: 'licensing.internal.LookUpUser', messages: 1 });
      return undefined;
    }
    try {
      const profile = await this.client.lookUp(asked.userId, signal);
      const task = this.planner.answered(received, asked.userId, profile);
      if (profile === undefined) this.telemetry.userUnknown(asked.userId, aboutOf(task.context));
      return task;
    } catch (error) {
      if (!(error instanceof MalformedAnswer)) throw error;
      return this.planner.misanswered(received, asked.userId, error);
    }
  }
}
