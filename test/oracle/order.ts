import { header, type WireRecord } from '../support/collect.ts';

/**
 * In which order messages about one aggregate took effect, as the versions of their answers tell; who was refused came last. The model
 * then says whether each of them did what it had to do at its place.
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
