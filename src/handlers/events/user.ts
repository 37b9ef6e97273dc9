import type { EventOf } from '../../domain/events.ts';
import type { CloudEvents } from '../../ports/cloud-events.ts';
import type { Cause, EventHandler } from '../../ports/handlers.ts';
import type { UserLookUp } from '../../ports/repositories.ts';
import type { Topics } from '../../ports/topics.ts';
import type { OutboxWriter, UserLookUpUnitOfWork, UserUnitOfWork } from '../../ports/unit-of-work.ts';

type UserCreated = EventOf<'licensing.events.UserCreated'>;

interface Dependencies {
  readonly cloudEvents: CloudEvents;
  readonly topics: Topics;
  /** Whether there is a user domain to ask: USER_DOMAIN_URL. */
  readonly userDomainKnown: boolean;
}

/**
 * Has a new user without a profile looked up in the user domain. Without a USER_DOMAIN_URL the look-up is only stored, and a start with one
 * queues it.
 */
export class UserLookUpQueuer implements EventHandler<UserCreated> {
  private readonly dependencies: Dependencies;

  constructor(dependencies: Dependencies) {
    this.dependencies = dependencies;
  }

  async handle(
    { data: { userId, occurredAt } }: UserCreated,
    { users, userLookUps, outbox }: UserUnitOfWork & UserLookUpUnitOfWork,
    { context, eventId }: Cause,
  ): Promise<void> {
    const user = await users.get(userId);
    if (user === undefined || user.hasProfile) return;
    const { correlationId, traceparent, identity } = context;
    const lookUp = {
      userId,
      causeId: eventId,
      correlationId: correlationId ?? identity.id,
      traceparent,
      requestedAt: occurredAt,
    };
    userLookUps.put(lookUp);
    if (this.dependencies.userDomainKnown) this.queue(lookUp, outbox);
  }

  /** The message has the id of the UserCreated event it follows from, so the answer's event names that event as its cause. */
  queue({ userId, causeId, correlationId, traceparent, requestedAt }: UserLookUp, outbox: OutboxWriter): void {
    const { cloudEvents, topics } = this.dependencies;
    outbox.add(
      cloudEvents.write({
        topic: topics.userLookUps,
        key: userId,
        type: 'licensing.internal.LookUpUser',
        data: { userId },
        id: causeId,
        sourceSuffix: '/user-lookups',
        time: requestedAt,
        subject: userId,
        causationId: causeId,
        correlationId: correlationId ?? causeId,
        traceparent,
      }),
    );
  }
}
