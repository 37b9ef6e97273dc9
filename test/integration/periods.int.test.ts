import { periodBoundary, periodHolding, type Period } from '../../src/domain/terms.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

const DAY = 86_400_000;
const FIRST_ANCHOR = Date.UTC(2027, 0, 1);
/** Four years, one of them a leap year; each day another time of the day. */
const ANCHORS = Array.from({ length: 4 * 365 + 1 }, (_, day) => FIRST_ANCHOR + day * DAY + ((day * 12_345_677) % DAY));

let test: TestDatabase;
beforeAll(async () => {
  test = await createTestDatabase({ empty: true });
});
afterAll(async () => {
  await test.drop();
});

/** The boundaries of every anchor by PostgreSQL's own calendar, in the order of anchors and numbers. Milliseconds since the epoch, UTC. */
async function byPostgres(period: Period, from: number, to: number): Promise<readonly number[]> {
  // Without a time zone, so that no day is longer than another.
  const sql = `
    SELECT array_agg((extract(epoch FROM anchor + n * interval '1 ${period}') * 1000)::bigint::text ORDER BY anchor, n) AS boundaries
    FROM (SELECT timestamp 'epoch' + ms * interval '1 millisecond' AS anchor FROM unnest(?::bigint[]) AS ms) AS anchors,
      generate_series(?::int, ?::int) AS n`;
  const { rows } = await test.db.raw<{ rows: { boundaries: string[] }[] }>(sql, [ANCHORS, from, to]);
  return rows[0]?.boundaries.map(Number) ?? [];
}

// Years past 2100, which is no leap year.
it.each<[Period, number, number]>([
  ['day', -40, 400],
  ['week', -10, 110],
  ['month', -14, 60],
  ['year', -5, 80],
])('each boundary of a %s, from every day of four years, is where PostgreSQL has it', async (period, from, to) => {
  const numbers = Array.from({ length: to - from + 1 }, (_, index) => from + index);
  const boundaries = await byPostgres(period, from, to);
  expect(boundaries).toHaveLength(ANCHORS.length * numbers.length);
  const wrong = ANCHORS.flatMap((anchor, index) => {
    const own = boundaries.slice(index * numbers.length, (index + 1) * numbers.length);
    return numbers
      .filter((number, place) => !isRight(period, anchor, number, own[place], own[place + 1]))
      .map((number) => ({ anchor: new Date(anchor).toISOString(), number }));
  });
  expect(wrong).toEqual([]);
});

/** @param endsAt undefined: not asked for */
function isRight(
  period: Period,
  anchor: number,
  number: number,
  startsAt: number | undefined,
  endsAt: number | undefined,
): boolean {
  if (startsAt === undefined || periodBoundary(period, anchor, number) !== startsAt) return false;
  if (endsAt === undefined) return true;
  return [startsAt, endsAt - 1].every((at) => {
    const held = periodHolding(period, anchor, at);
    return held.startsAt === startsAt && held.endsAt === endsAt;
  });
}
