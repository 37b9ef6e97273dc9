import { UnknownSchemas } from '../../../src/adapters/avro/unknown-schemas.ts';
import { givenClock } from './given.ts';

/** As the codec does it: each id is waited for so long, and stays unknown. @returns whether it was */
function waitFor(unknown: UnknownSchemas, clock: ReturnType<typeof givenClock>, id: number, ms: number): boolean {
  const since = clock.now();
  const waits = unknown.isWorthWaiting(id);
  if (waits) clock.time += ms;
  unknown.add(id, since);
  return waits;
}

test('ids that turn out to be none keep a lane for so long a minute at the most, however many there are', () => {
  const clock = givenClock();
  const unknown = new UnknownSchemas(clock);
  const began = clock.time;
  for (let id = 0; id < 1_000; id += 1) waitFor(unknown, clock, id, 4_000);
  expect(clock.time - began).toBeLessThanOrEqual(20_000);
  clock.time += 60_000;
  expect(waitFor(unknown, clock, 1_000, 4_000)).toBe(true);
});

test('lanes that wait at once have waited once', () => {
  const clock = givenClock();
  const unknown = new UnknownSchemas(clock);
  const since = clock.now();
  clock.time += 4_000;
  for (let id = 0; id < 100; id += 1) unknown.add(id, since);
  expect(unknown.isWorthWaiting(100)).toBe(true);
});

test('what was waited for once is not waited for again, and may be forgotten', () => {
  const clock = givenClock();
  const unknown = new UnknownSchemas(clock);
  expect([waitFor(unknown, clock, 1, 4_000), waitFor(unknown, clock, 1, 4_000)]).toEqual([true, false]);
  expect(unknown.isBelieved(1)).toBe(true);
  unknown.delete(1);
  expect([unknown.has(1), unknown.isBelieved(1)]).toEqual([false, false]);
});

test('a hundred thousand ids are remembered, and of more the newest', () => {
  const unknown = new UnknownSchemas(givenClock());
  for (let id = 0; id <= 100_000; id += 1) unknown.add(id, 0);
  expect([unknown.has(0), unknown.has(1), unknown.has(100_000)]).toEqual([false, true, true]);
});
