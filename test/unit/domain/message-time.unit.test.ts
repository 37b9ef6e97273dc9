import fc from 'fast-check';
import { messageTime } from '../../../src/domain/message-time.ts';
import { DAY, NOW } from './given.ts';

const YEAR_2001 = Date.UTC(2001, 0, 1);
/** All that 64 bits can say, and what is near enough to matter. */
const anyTimestamp = fc.oneof(
  fc.integer({ min: NOW - DAY, max: NOW + DAY }),
  fc.double({ min: -(2 ** 63), max: 2 ** 63 }).map(Math.round),
);

test('is that of the record, whenever the message is handled', () => {
  fc.assert(
    fc.property(fc.integer({ min: YEAR_2001, max: NOW }), fc.nat(1e12), (timestamp, later) => {
      expect(messageTime(timestamp, NOW + later)).toBe(timestamp);
    }),
  );
});

test.each([
  ['of none', -1],
  ['of the epoch', 0],
  ['in seconds', Math.floor(NOW / 1_000)],
  ['of just before 2001', YEAR_2001 - 1],
  ['of before any calendar', -(2 ** 63)],
  ['of no number', Number.NaN],
  ['ahead by a millisecond', NOW + 1],
  ['in nanoseconds', NOW * 1e6],
  ['of after any calendar', 2 ** 63],
])('of a record %s is when its transaction began', (_, timestamp) => {
  expect(messageTime(timestamp, NOW)).toBe(NOW);
});

test('is never ahead of the transaction, and a time that every table takes', () => {
  fc.assert(
    fc.property(anyTimestamp, (timestamp) => {
      const time = messageTime(timestamp, NOW);
      expect(time).toBeGreaterThanOrEqual(YEAR_2001);
      expect(time).toBeLessThanOrEqual(NOW);
    }),
  );
});
