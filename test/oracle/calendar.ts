// The contract's calendar: boundary n lies n periods after the anchor, in UTC; a day that a month lacks is its last one.

const DAY = 24 * 60 * 60 * 1_000;

const LENGTHS: Readonly<Record<string, readonly [number, number]>> = {
  ...{ day: [DAY, DAY], week: [7 * DAY, 7 * DAY] },
  ...{ month: [28 * DAY, 31 * DAY], year: [365 * DAY, 366 * DAY] },
};

/** The last boundary at or before a time. Times are milliseconds since the epoch. */
export function boundaryAtOrBefore(anchor: number, period: string, time: number): number {
  return boundary(anchor, period, numberAt(anchor, period, time));
}

/** The first boundary after a time. */
export function boundaryAfter(anchor: number, period: string, time: number): number {
  return boundary(anchor, period, numberAt(anchor, period, time) + 1);
}

function numberAt(anchor: number, period: string, time: number): number {
  const [shortest, longest] = LENGTHS[period] ?? [Number.NaN, Number.NaN];
  // Never too high, on either side of the anchor.
  let n = Math.floor((time - anchor) / (time < anchor ? shortest : longest)) - 1;
  while (boundary(anchor, period, n + 1) <= time) n += 1;
  return n;
}

function boundary(anchor: number, period: string, n: number): number {
  if (period === 'day' || period === 'week') return anchor + n * (period === 'day' ? DAY : 7 * DAY);
  const date = new Date(anchor);
  const timeOfDay = anchor - Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate());
  const months = date.getUTCFullYear() * 12 + date.getUTCMonth() + n * (period === 'month' ? 1 : 12);
  const [year, month] = [Math.floor(months / 12), ((months % 12) + 12) % 12];
  const lastDay = new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
  return Date.UTC(year, month, Math.min(date.getUTCDate(), lastDay)) + timeOfDay;
}
