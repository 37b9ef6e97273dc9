import { eventKey, eventSubject, type DomainEvent } from '../../domain/events.ts';
import type { CloudEvents } from '../../ports/cloud-events.ts';
import type { Cause, EventHandler } from '../../ports/handlers.ts';
import type { Topics } from '../../ports/topics.ts';
import type { OutboxUnitOfWork } from '../../ports/unit-of-work.ts';

/** Puts every domain event into the outbox. Register another in its place, and events go elsewhere. */
export class ExternalMessageBusSender implements EventHandler<DomainEvent> {
  private readonly cloudEvents: CloudEvents;
  private readonly topics: Topics;

  constructor({ cloudEvents, topics }: { readonly cloudEvents: CloudEvents; readonly topics: Topics }) {
    this.cloudEvents = cloudEvents;
    this.topics = topics;
  }

  handle(event: DomainEvent, { outbox }: OutboxUnitOfWork, { context, eventId, index, count }: Cause): void {
    outbox.add(
      this.cloudEvents.write({
        topic: this.topics.events,
        key: eventKey(event),
        type: event.type,
        data: event.data,
        id: eventId,
        time: event.data.occurredAt,
        subject: eventSubject(event),
        causationId: context.causationId,
        answer: { causationSource: context.identity.source, index, count },
        correlationId: context.correlationId ?? context.identity.id,
        traceparent: context.traceparent,
      }),
    );
  }
}
