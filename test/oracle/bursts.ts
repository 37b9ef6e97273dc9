import type { Random } from './random.ts';

/**
 * How uneven customers are: the logarithms of their shares have this standard deviation. The first hundredth of them makes 17 % then: a log-normal
 * distribution's largest part p makes Φ(σ - Φ⁻¹(1 - p)).
 */
const SIGMA = 1.372;
const MOST_AT_ONCE = 3;
const LONGEST = 24;

/**
 * Who sends next. Real customers send in bursts, and are silent for nearly all of the time: few are at it at once, each for some messages,
 * and who comes next goes by how much they send at all.
 */
export class Bursts<T> {
  private readonly random: Random;
  private readonly customers: readonly T[];
  /** The sum of the shares up to each customer. */
  private readonly upTo: readonly number[];
  private readonly underWay: { readonly customer: T; left: number }[] = [];

  constructor(random: Random, customers: readonly T[]) {
    this.random = random;
    this.customers = customers;
    let sum = 0;
    this.upTo = sharesOf(customers.length).map((share) => (sum += share));
  }

  /** `isFirst`: of its burst. */
  next(): { readonly customer: T; readonly isFirst: boolean } {
    const { random, underWay } = this;
    const isFirst = underWay.length < MOST_AT_ONCE;
    if (isFirst) underWay.push({ customer: this.pick(), left: random.int(1, LONGEST) });
    const place = isFirst ? underWay.length - 1 : random.int(0, underWay.length - 1);
    const burst = underWay[place];
    if (burst === undefined) throw new Error('a load needs customers');
    burst.left -= 1;
    if (burst.left === 0) underWay.splice(place, 1);
    return { customer: burst.customer, isFirst };
  }

  private pick(): T {
    const at = this.random.next() * (this.upTo.at(-1) ?? 0);
    const found = this.customers[this.upTo.findIndex((sum) => at < sum)];
    if (found === undefined) throw new Error('a load needs customers');
    return found;
  }
}

/** The mean number of messages of a burst. */
export const MESSAGES_A_BURST = (1 + LONGEST) / 2;

/** What share of all messages each of so many customers has, the largest first: each the mean of its part of the distribution. */
export function sharesOf(customers: number): readonly number[] {
  const largest = Array.from({ length: customers + 1 }, (_, i) => shareOfLargest(i / customers));
  return largest.slice(1).map((share, i) => share - (largest[i] ?? 0));
}

function shareOfLargest(part: number): number {
  if (part <= 0 || part >= 1) return part;
  return normal(SIGMA - quantile(1 - part));
}

/** Of the standard normal distribution, what is below x. Abramowitz and Stegun, 7.1.26: to seven digits. */
function normal(x: number): number {
  const z = Math.abs(x) / Math.SQRT2;
  const t = 1 / (1 + 0.3275911 * z);
  const series = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  const above = (series * Math.exp(-z * z)) / 2;
  return x < 0 ? above : 1 - above;
}

/** Below which x so much of it is, by halving. */
function quantile(part: number): number {
  let [low, high] = [-9, 9];
  for (let i = 0; i < 60; i += 1) {
    const middle = (low + high) / 2;
    if (normal(middle) < part) low = middle;
    else high = middle;
  }
  return low;
}
