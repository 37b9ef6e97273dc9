import { Bursts, MESSAGES_A_BURST, sharesOf } from '../../oracle/bursts.ts';
import { generate } from '../../oracle/generate.ts';
import { Random } from '../../oracle/random.ts';
import { isRaw, keyOf } from '../../support/load.ts';

const NOW = Date.UTC(2026, 10, 30);
const SECOND = 1_000;

describe('the customers of a load', () => {
  it.each([100, 200, 1_000, 10_000])('have shares of which the first hundredth is 17 %%: %i of them', (customers) => {
    const shares = sharesOf(customers);
    expect(sum(shares)).toBeCloseTo(1, 6);
    expect(shares).toEqual(shares.toSorted((a, b) => b - a));
    expect(sum(shares.slice(0, customers / 100))).toBeCloseTo(0.17, 3);
  });

  it('have shares whose logarithms are normally distributed: as many are half the median as twice the median', () => {
    const shares = sharesOf(10_000);
    const median = shares[5_000] ?? 0;
    const small = shares.filter((share) => share < median / 2).length;
    const large = shares.filter((share) => share > median * 2).length;
    expect(small / large).toBeCloseTo(1, 1);
  });

  it('send by their shares, in bursts', () => {
    const bursts = new Bursts(
      new Random(1),
      Array.from({ length: 1_000 }, (_, i) => i),
    );
    const sent = Array.from({ length: 300_000 }, () => bursts.next());
    const first = sent.filter(({ customer }) => customer < 10).length;
    expect(first / sent.length).toBeCloseTo(0.17, 1.3);
    const begun = sent.filter(({ isFirst }) => isFirst).length;
    expect(sent.length / begun).toBeCloseTo(MESSAGES_A_BURST, 0);
  });
});

describe('a load', () => {
  const made = (seed: number): ReturnType<typeof generate> =>
    generate({ seed, messages: 3_000, partitions: 4, now: NOW });

  it('follows from its seed', () => {
    expect(made(1)).toEqual(made(1));
    expect(made(2)).not.toEqual(made(1));
  });

  it('has tenants that are silent nearly all of the time', () => {
    const commands = made(3).load.flatMap((message) => (isRaw(message) ? [] : message));
    const byTenant = Map.groupBy(commands, keyOf);
    const secondsOf = (messages: typeof commands): ReadonlySet<number> =>
      new Set(messages.flatMap(({ envelope: { timestamp } }) => (timestamp === undefined ? [] : secondOf(timestamp))));
    const all = [...secondsOf(commands)];
    const length = Math.max(...all) - Math.min(...all);
    const busy = [...byTenant.values()].filter((messages) => messages.length > 20).map((some) => secondsOf(some).size);
    expect(busy.length).toBeGreaterThan(15);
    expect(Math.max(...busy) / length).toBeLessThan(0.2);
    expect((busy.toSorted((a, b) => a - b)[busy.length >> 1] ?? length) / length).toBeLessThan(0.05);
  });
});

function secondOf(timestamp: string): number {
  return Math.floor(Number(timestamp) / SECOND);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, one) => all + one, 0);
}
