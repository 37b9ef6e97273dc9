import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider, type ReadableSpan } from '@opentelemetry/sdk-trace';
import { ChunkSpans } from '../../../src/adapters/opentelemetry/chunk-spans.ts';
import { GivenIds } from '../../../src/adapters/opentelemetry/given-ids.ts';
import type { ChunkRecord, TracedMessage, TransactionRecord } from '../../../src/ports/chunk-record.ts';
import * as a from '../../support/builders.ts';
import { contextOf } from '../../support/tasks.ts';
import { givenLogger } from './given.ts';

const COMMANDS = 'licensing.commands.v1';
const TRANSACTION = transaction({ committed: true });

describe('the spans of a chunk', () => {
  it('are one with a child for each step, and one of each traced message below the span that has sent it', () => {
    const spans = spansOf(aRecord({ traced: [traced(1), traced(2, { parentId: undefined, outcome: 'rejected' })] }));
    const chunk = spans.get(`chunk ${COMMANDS}`);
    expect(chunk?.parentSpanContext).toBeUndefined();
    expect(chunk?.kind).toBe(SpanKind.CONSUMER);
    expect(chunk?.attributes).toMatchObject({
      ...{ 'messaging.system': 'kafka', 'messaging.batch.message_count': 7, 'messaging.consumer.group.name': 'g' },
      ...{ 'messaging.destination.name': COMMANDS, 'licensing.lane': 'lane 1' },
    });
    expect(chunk?.links).toMatchObject([{ context: { traceId: idOf(1, 32), spanId: idOf(101, 16), isRemote: true } }]);
    const below = (parent: string) =>
      spans.all.filter((span) => span.parentSpanContext?.spanId === spans.get(parent)?.spanContext().spanId);
    expect(below(`chunk ${COMMANDS}`).map(({ name }) => name)).toEqual(['read', 'transaction', 'send']);
    expect(below('transaction').map(({ name }) => name)).toEqual(['begin', 'decide', 'flush', 'commit']);

    const [first, second] = spans.all.filter(({ name }) => name === `process ${COMMANDS}`);
    expect(first?.spanContext()).toMatchObject({ traceId: idOf(1, 32), spanId: idOf(201, 16), traceFlags: 1 });
    expect(first?.parentSpanContext).toMatchObject({ spanId: idOf(101, 16), isRemote: true });
    expect(first?.links.map(({ context }) => context.spanId)).toEqual([chunk?.spanContext().spanId]);
    expect(first?.events.map(({ name }) => name)).toEqual(['decided', 'committed', 'published']);
    expect(first?.attributes).toMatchObject({
      ...{ 'messaging.message.id': 'message-1', 'messaging.kafka.offset': 1, 'cloudevents.event_source': 'test' },
      ...{ 'messaging.destination.partition.id': '0', 'cloudevents.event_type': 'T', 'licensing.outcome': 'accepted' },
    });
    expect(second?.spanContext()).toMatchObject({ traceId: idOf(2, 32), spanId: idOf(202, 16) });
    expect(second?.parentSpanContext).toBeUndefined();
    expect(second?.attributes).toMatchObject({ 'licensing.outcome': 'rejected' });
    expect(second?.status.code).toBe(SpanStatusCode.UNSET);
  });

  it('are none when no message of it is traced', () => {
    expect(spansOf(aRecord({ traced: [] })).all).toEqual([]);
  });

  it('tell each transaction that has failed, and why', () => {
    const failed = transaction({ committed: false, failure: new TypeError('away') });
    const presumed = transaction({ committed: false });
    const { all } = spansOf(aRecord({ transactions: [failed, presumed, TRANSACTION], traced: [traced(1)] }));
    const told = all.filter(({ name }) => name === 'transaction');
    expect(told.map(({ status, attributes }) => [status.code, attributes['licensing.committed']])).toEqual([
      [SpanStatusCode.ERROR, false],
      [SpanStatusCode.UNSET, false],
      [SpanStatusCode.UNSET, true],
    ]);
    expect(told[0]?.attributes['error.type']).toBe('TypeError');
  });

  it('of one that was dropped tell why, and leave its messages to whoever gets them next', () => {
    const dropped = { failure: new RangeError('assigned anew'), publication: undefined };
    const spans = spansOf(aRecord({ ...dropped, traced: [traced(1), traced(2, { ending: undefined })] }));
    expect(spans.get(`chunk ${COMMANDS}`)?.status).toEqual({ code: SpanStatusCode.ERROR, message: 'assigned anew' });
    expect(spans.get(`process ${COMMANDS}`)).toBeUndefined();
  });

  it('call a dead letter an error, by its reason', () => {
    const letter = traced(1, { outcome: 'dead', reason: 'HandlerFailed' });
    const span = spansOf(aRecord({ traced: [letter] })).get(`process ${COMMANDS}`);
    expect(span?.status.code).toBe(SpanStatusCode.ERROR);
    expect(span?.attributes).toMatchObject({ 'licensing.outcome': 'dead', 'error.type': 'HandlerFailed' });
  });

  it('link no more producers than the SDK keeps', () => {
    const many = Array.from({ length: 300 }, (_, i) => traced(i + 1));
    const { all, lines } = spansOf(aRecord({ traced: many }));
    const [chunk] = all.filter(({ name }) => name.startsWith('chunk'));
    expect(chunk?.links).toHaveLength(128);
    expect(chunk?.droppedLinksCount).toBe(0);
    expect(all.filter(({ name }) => name.startsWith('process'))).toHaveLength(300);
    expect(lines).toEqual([]);
  });

  it('that can not be told are an error in the log, once, and of nobody else', () => {
    const record = aRecord({ traced: [traced(1)] });
    const { logger, lines } = givenLogger('info');
    const tracer = {
      startSpan: (): never => {
        throw new Error('a bug');
      },
      startActiveSpan: (): never => {
        throw new Error('a bug');
      },
    };
    const spans = new ChunkSpans({ tracer, ids: new GivenIds(), group: 'g', logger });
    for (let i = 0; i < 3; i += 1) spans.chunk(record);
    expect(lines).toHaveLength(1);
  });
});

/** What is exported of a chunk, in the order of its beginnings. */
function spansOf(record: ChunkRecord) {
  const exporter = new InMemorySpanExporter();
  const ids = new GivenIds();
  const provider = new TracerProvider({ idGenerator: ids, spanProcessors: [new SimpleSpanProcessor({ exporter })] });
  const { logger, lines } = givenLogger('info');
  new ChunkSpans({ tracer: provider.getTracer('test'), ids, group: 'g', logger }).chunk(record);
  const all = exporter.getFinishedSpans();
  return { all, lines, get: (wanted: string): ReadableSpan | undefined => all.find(({ name }) => name === wanted) };
}

function aRecord(own: Partial<ChunkRecord>): ChunkRecord {
  return {
    ...{
      lane: 'lane 1',
      messages: 7,
      begunAt: 10,
      readAt: 11,
      endedAt: 30,
      failure: undefined,
      omitted: 0,
      traced: [],
    },
    ...{ transactions: [TRANSACTION], publication: { begunAt: 20, messages: 9 } },
    ...own,
  };
}

function transaction(own: Pick<TransactionRecord, 'committed'> & Partial<TransactionRecord>): TransactionRecord {
  const steps = (['begin', 'decide', 'flush', 'commit'] as const).map((name, i) => ({ name, begunAt: 12 + i }));
  return { messages: 7, steps, endedAt: 16, failure: undefined, ...own };
}

function traced(
  number: number,
  own: Partial<
    { parentId: string | undefined; ending: undefined } & Omit<NonNullable<TracedMessage['ending']>, 'transaction'>
  > = {},
): TracedMessage {
  const { identity, received: position } = a.aMessage(number);
  const { outcome = 'accepted', reason } = own;
  const parentId = 'parentId' in own ? own.parentId : idOf(100 + number, 16);
  const span = { traceId: idOf(number, 32), spanId: idOf(200 + number, 16), parentId };
  const ending = 'ending' in own ? undefined : { outcome, reason, transaction: TRANSACTION };
  return { position, context: { ...contextOf(identity), span }, type: 'T', ending };
}

function idOf(number: number, digits: number): string {
  return number.toString(16).padStart(digits, '0');
}
