import { header, type WireRecord } from '../support/collect.ts';
import { at, compareFields, firstOccurrences, show, textHeaders, withoutNulls, type Differ } from './compare.ts';
import { partitionOf } from './identity.ts';
import type { ExpectedEvent, ExpectedRejection, Model } from './model.ts';

/** @returns how many events came more than once */
export function checkEvents(model: Model, records: readonly WireRecord[], partitions: number, differ: Differ): number {
  const { first, repetitions } = firstOccurrences(records, idOf, differ);
  const expected = new Map(model.events.map((event) => [event.id, event]));
  for (const event of model.events) {
    const record = first.get(event.id);
    if (record === undefined) differ(`event ${event.type} ${event.id} of ${at(event.cause.record)} is missing`);
    else checkEvent(event, record, partitions, differ);
  }
  for (const [id, record] of first) {
    if (!expected.has(id))
      differ(`${at(record)} holds event ${record.decoded?.type} ${id}, which nothing brings about`);
  }
  checkOrder(model.events, [...first.values()], differ);
  checkVersions([...first.values()], differ);
  return repetitions;
}

function checkEvent(event: ExpectedEvent, record: WireRecord, partitions: number, differ: Differ): void {
  const what = `event ${event.type} ${event.id} (${at(record)}) of ${at(event.cause.record)}`;
  const occurredAt = Number(event.data['occurredAt']);
  compareFields(what, withoutNulls(event.data), withoutNulls(record.decoded?.data ?? {}), differ);
  compareFields(
    `${what}, as it is sent`,
    { key: event.key, partition: partitionOf(event.key, partitions), ...headersOf(event, event.type, occurredAt) },
    { key: record.key?.toString(), partition: record.partition, ...textHeaders(record) },
    differ,
  );
}

/** @returns how many rejections came more than once */
export function checkRejections(model: Model, records: readonly WireRecord[], differ: Differ): number {
  const { first, repetitions } = firstOccurrences(records, idOf, differ);
  const expected = new Map(model.rejections.map((rejection) => [rejection.id, rejection]));
  for (const rejection of model.rejections) {
    const { id, cause, data } = rejection;
    const what = `rejection ${data['code']} ${id} of ${at(cause.record)}`;
    const record = first.get(id);
    if (record === undefined) {
      differ(`${what} is missing`);
      continue;
    }
    const { message, ...rest } = record.decoded?.data ?? {};
    compareFields(what, data, rest, differ);
    compareFields(
      `${what}, as it is sent`,
      {
        key: cause.record.key?.toString(),
        ...headersOf(rejection, 'licensing.rejections.CommandRejected', Number(data['rejectedAt'])),
      },
      { key: record.key?.toString(), ...textHeaders(record) },
      differ,
    );
    if (typeof message !== 'string' || !/^[A-Z].*\.$/s.test(message))
      differ(`${what}: ${show(message)} is no sentence`);
  }
  for (const [id, record] of first) {
    if (!expected.has(id))
      differ(`${at(record)} is a rejection that nothing brings about: ${show(record.decoded?.data)}`);
  }
  return repetitions;
}

function headersOf(
  { id, subject, cause, answer }: Pick<ExpectedEvent | ExpectedRejection, 'id' | 'subject' | 'cause' | 'answer'>,
  type: string,
  time: number,
): Record<string, string> {
  return {
    ce_specversion: '1.0',
    ce_id: id,
    ce_type: type,
    ce_source: 'licensing',
    ce_time: Number.isFinite(time) ? new Date(time).toISOString() : 'unknown',
    ce_subject: subject,
    ce_correlationid: cause.correlationId ?? cause.id,
    ce_causationid: cause.id,
    ...(answer !== undefined && {
      ce_causationsource: cause.source,
      ce_answerindex: String(answer.index),
      ce_answercount: String(answer.count),
    }),
    'content-type': 'application/avro',
    ...(cause.traceparent !== null && { traceparent: cause.traceparent }),
  };
}

/** Under one key, first occurrences come in the model's order, also across the aggregates of a tenant. */
function checkOrder(expected: readonly ExpectedEvent[], first: readonly WireRecord[], differ: Differ): void {
  const known = new Set(expected.map(({ id }) => id));
  const came = Map.groupBy(
    first.filter((record) => known.has(idOf(record))),
    ({ key }) => key?.toString() ?? '',
  );
  const there = new Set(first.map(idOf));
  for (const [key, events] of Map.groupBy(expected, (event) => event.key)) {
    const wanted = events.filter(({ id }) => there.has(id));
    const actual = came.get(key) ?? [];
    const wrong = wanted.findIndex(({ id }, i) => actual[i] !== undefined && idOf(actual[i]) !== id);
    const instead = actual[wrong];
    if (wrong === -1 || instead === undefined) continue;
    differ(
      `under key ${key}, place ${wrong}: ${at(instead)} is ${instead.decoded?.type}, expected ${wanted[wrong]?.type}`,
    );
  }
}

/** Per aggregate: 1..n in order of first occurrences; events of one message share their version. */
function checkVersions(first: readonly WireRecord[], differ: Differ): void {
  for (const [subject, records] of Map.groupBy(first, (record) => header(record, 'ce_subject') ?? '')) {
    let [version, cause] = [0, ''];
    for (const record of records) {
      const next = Number(record.decoded?.data['version']);
      const of = header(record, 'ce_causationid') ?? '';
      const follows = next === version + 1 || (next === version && of === cause);
      if (!follows) {
        differ(
          `aggregate ${subject}: version ${next} (${at(record)}, ${record.decoded?.type}) follows version ${version}`,
        );
        break;
      }
      [version, cause] = [next, of];
    }
  }
}

function idOf(record: WireRecord): string {
  return header(record, 'ce_id') ?? at(record);
}
