import { header, type WireRecord } from '../support/collect.ts';

/**
 * The order in which messages about one aggregate took effect, by the versions in their answers; refused ones come last. The model then
 * tells whether each message did at its place what it had to do.
 */
export function orderOf(events: readonly WireRecord[], rejections: readonly WireRecord[]): ReadonlyMap<string, number> {
  const order = new Map<string, number>();
  const put = (record: WireRecord, rank: number): void => {
    const cause = header(record, 'ce_causationid') ?? '';
    order.set(cause, Math.max(rank, order.get(cause) ?? 0));
  };
  for (const record of events) put(record, Number(record.decoded?.data['version']));
  for (const record of rejections) put(record, Number.MAX_SAFE_INTEGER);
  return order;
}
