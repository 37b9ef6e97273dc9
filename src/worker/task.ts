import type { MessageContext, MessageIdentity, ReceivedMessage } from '../ports/messages.ts';
import type { Rejection } from '../domain/rejection.ts';
import type { DeadLetterReason } from '../ports/dead-letters.ts';
import type { MessageHandler } from '../ports/handlers.ts';
import type { Loads, UnitMessage } from '../ports/unit-of-work.ts';

export type AnyHandler = MessageHandler<unknown, unknown>;

/** What to do with a message, as far as the message alone decides it: handle it, reject it, or bury it as a dead letter. */
export type Plan =
  | { readonly kind: 'handle'; readonly handler: AnyHandler; readonly message: unknown }
  | { readonly kind: 'reject'; readonly rejection: Rejection }
  | { readonly kind: 'bury'; readonly reason: DeadLetterReason; readonly error: Error };

/** A received message on its way through a chunk. */
export class Task implements UnitMessage {
  readonly received: ReceivedMessage;
  readonly context: MessageContext;
  readonly digest: string;
  /** The full name of the message's type; null when the message can't be read. */
  readonly type: string | null;
  /** The ids in the message: its events may have them for a key, and its rejection tells them. */
  readonly names: Names;
  readonly plan: Plan;

  constructor(
    received: ReceivedMessage,
    context: MessageContext,
    digest: string,
    type: string | null,
    names: Names,
    plan: Plan,
  ) {
    this.received = received;
    this.context = context;
    this.digest = digest;
    this.type = type;
    this.names = names;
    this.plan = plan;
  }

  /** The same message, to be buried: it loads nothing and is not handled. */
  givenUp(reason: DeadLetterReason, error: Error): Task {
    return new Task(this.received, this.context, this.digest, this.type, this.names, { kind: 'bury', reason, error });
  }

  /** The same message under the identity that its letter has kept. */
  replaying(identity: MessageIdentity): Task {
    const context = { ...this.context, identity, causationId: identity.id };
    return new Task(this.received, context, this.digest, this.type, this.names, this.plan);
  }

  get identity(): MessageContext['identity'] {
    return this.context.identity;
  }

  get keys(): readonly string[] {
    return [this.names.tenantId, this.names.userId].flatMap((key) => (key === null ? [] : [key]));
  }

  declare(loads: Loads): void {
    const { plan } = this;
    if (plan.kind === 'handle') plan.handler.declare(plan.message, loads);
  }
}

/** The ids in a message, in lower case. They are not checked and may be malformed. */
export interface Names {
  readonly tenantId: string | null;
  readonly subdivisionId: string | null;
  readonly userId: string | null;
}

export const NAMELESS: Names = { tenantId: null, subdivisionId: null, userId: null };

export function namesIn(data: unknown): Names {
  if (typeof data !== 'object' || data === null) return NAMELESS;
  const { tenantId, subdivisionId, userId }: { tenantId?: unknown; subdivisionId?: unknown; userId?: unknown } = data;
  return { tenantId: idIn(tenantId), subdivisionId: idIn(subdivisionId), userId: idIn(userId) };
}

function idIn(value: unknown): string | null {
  return typeof value === 'string' ? value.toLowerCase() : null;
}
