import {
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  TraceFlags,
  type Attributes,
  type Context,
  type Link,
  type Span,
  type SpanContext,
  type Tracer,
} from '@opentelemetry/api';
import type { Logger } from 'pino';
import type { ChunkRecord, TracedEnding, TracedMessage, Traces, TransactionRecord } from '../../ports/chunk-record.ts';
import type { MessageSpan } from '../../ports/messages.ts';
import type { GivenIds } from './given-ids.ts';

export interface ChunkSpansOptions {
  readonly tracer: Tracer;
  readonly ids: GivenIds;
  readonly group: string;
  readonly logger: Logger;
}

/** As many links as the SDK keeps of a span. */
const MOST_LINKS = 128;
const KAFKA = { 'messaging.system': 'kafka' };

/**
 * Tells chunks in which a message is traced as spans: one of the chunk with its steps, in a trace of its own, and one of each traced message, in
 * the message's trace. They are made when the chunk has ended, so a process that dies leaves none half told.
 */
export class ChunkSpans implements Traces {
  private readonly options: ChunkSpansOptions;
  private isBroken = false;

  constructor(options: ChunkSpansOptions) {
    this.options = options;
  }

  chunk(record: ChunkRecord): void {
    if (record.traced.length === 0) return;
    try {
      this.tell(record);
    } catch (error) {
      // Nobody's work fails because it can't be traced.
      if (!this.isBroken) this.options.logger.error({ err: error }, 'a chunk can not be traced');
      this.isBroken = true;
    }
  }

  private tell(record: ChunkRecord): void {
    const sinceEpoch = Date.now() - performance.now();
    const chunk = this.chunkSpan(record, sinceEpoch);
    // What is not finished comes again, and whoever finishes it tells it.
    if (record.failure !== undefined) return;
    for (const message of record.traced) {
      if (message.ending !== undefined) this.messageSpan(message, message.ending, record, { chunk, sinceEpoch });
    }
  }

  private chunkSpan(record: ChunkRecord, sinceEpoch: number): SpanContext {
    const { tracer, group } = this.options;
    const { lane, messages, begunAt, readAt, transactions, omitted, publication, endedAt, failure } = record;
    const topics = new Set(record.traced.map(({ position }) => position.topic));
    const [topic] = topics.size === 1 ? topics : [];
    const attributes = {
      ...KAFKA,
      'messaging.operation.name': 'chunk',
      'messaging.operation.type': 'process',
      'messaging.consumer.group.name': group,
      ...(topic !== undefined && { 'messaging.destination.name': topic }),
      'messaging.batch.message_count': messages,
      'licensing.lane': lane,
      ...(omitted > 0 && { 'licensing.transactions.omitted': omitted }),
    };
    const span = tracer.startSpan(
      topic === undefined ? 'chunk' : `chunk ${topic}`,
      { kind: SpanKind.CONSUMER, startTime: sinceEpoch + begunAt, attributes, links: producersOf(record.traced) },
      ROOT_CONTEXT,
    );
    const within = trace.setSpan(ROOT_CONTEXT, span);
    const step: TellStep = (name, from, to, more = {}, parent = within) => {
      const child = tracer.startSpan(name, { startTime: sinceEpoch + from, ...more }, parent);
      if (more.failure !== undefined) fail(child, more.failure);
      child.end(sinceEpoch + to);
      return trace.setSpan(parent, child);
    };
    step('read', begunAt, readAt);
    for (const transaction of transactions) tellTransaction(transaction, step);
    if (publication !== undefined) {
      const sent = { 'messaging.operation.name': 'send', 'messaging.operation.type': 'send' };
      const batch = { 'messaging.batch.message_count': publication.messages };
      step('send', publication.begunAt, endedAt, {
        kind: SpanKind.CLIENT,
        attributes: { ...KAFKA, ...sent, ...batch },
        failure,
      });
    }
    if (failure !== undefined) fail(span, failure);
    span.end(sinceEpoch + endedAt);
    return span.spanContext();
  }

  private messageSpan(
    { position, context, type }: TracedMessage,
    { outcome, reason, transaction }: TracedEnding,
    { begunAt, endedAt }: ChunkRecord,
    { chunk, sinceEpoch }: { readonly chunk: SpanContext; readonly sinceEpoch: number },
  ): void {
    const { span: own, identity, correlationId } = context;
    if (own === undefined) return;
    const { tracer, ids, group } = this.options;
    const { topic, partition, offset } = position;
    const attributes = {
      ...KAFKA,
      'messaging.operation.name': 'process',
      'messaging.operation.type': 'process',
      'messaging.consumer.group.name': group,
      'messaging.destination.name': topic,
      'messaging.destination.partition.id': String(partition),
      'messaging.kafka.offset': offset,
      'messaging.message.id': identity.id,
      ...(correlationId !== null && { 'messaging.message.conversation_id': correlationId }),
      ...(identity.source !== '' && { 'cloudevents.event_source': identity.source }),
      ...(type !== null && { 'cloudevents.event_type': type }),
      'licensing.outcome': outcome,
      ...(reason !== undefined && { 'error.type': reason }),
    };
    const startTime = sinceEpoch + begunAt;
    const links = [{ context: chunk }];
    const span = ids.for(own, () =>
      tracer.startSpan(
        `process ${topic}`,
        { kind: SpanKind.CONSUMER, startTime, attributes, links },
        senderOf(own) ?? ROOT_CONTEXT,
      ),
    );
    span.addEvent('decided', sinceEpoch + decidedAt(transaction));
    span.addEvent('committed', sinceEpoch + transaction.endedAt);
    span.addEvent('published', sinceEpoch + endedAt);
    if (reason !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: reason });
    span.end(sinceEpoch + endedAt);
  }
}

/** @returns the context of the span, for what lies within it */
type TellStep = (name: string, from: number, to: number, more?: StepOptions, parent?: Context) => Context;

interface StepOptions {
  readonly kind?: SpanKind;
  readonly attributes?: Attributes;
  readonly failure?: Error | undefined;
}

function tellTransaction({ messages, steps, endedAt, committed, failure }: TransactionRecord, step: TellStep): void {
  const [first] = steps;
  if (first === undefined) return;
  const attributes = { 'messaging.batch.message_count': messages, 'licensing.committed': committed };
  const within = step('transaction', first.begunAt, endedAt, { attributes, failure });
  steps.forEach(({ name, begunAt }, i) => step(name, begunAt, steps[i + 1]?.begunAt ?? endedAt, {}, within));
}

/** When the decisions on all messages of the transaction were made. */
function decidedAt({ steps, endedAt }: TransactionRecord): number {
  return steps.find(({ name }) => name === 'flush')?.begunAt ?? endedAt;
}

function producersOf(messages: readonly TracedMessage[]): Link[] {
  const links: Link[] = [];
  for (const { context } of messages) {
    const sender = context.span && senderContextOf(context.span);
    if (sender === undefined) continue;
    links.push({ context: sender, attributes: { 'messaging.message.id': context.identity.id } });
    if (links.length === MOST_LINKS) break;
  }
  return links;
}

function senderOf(span: MessageSpan): Context | undefined {
  const sender = senderContextOf(span);
  return sender && trace.setSpanContext(ROOT_CONTEXT, sender);
}

/** Of the span that has sent a message; undefined where the trace begins with the message. */
function senderContextOf({ traceId, parentId: spanId }: MessageSpan): SpanContext | undefined {
  return spanId === undefined ? undefined : { traceId, spanId, traceFlags: TraceFlags.SAMPLED, isRemote: true };
}

function fail(span: Span, error: Error): void {
  span.setAttribute('error.type', error.name);
  span.setStatus({ code: SpanStatusCode.ERROR, message: error.message });
}
