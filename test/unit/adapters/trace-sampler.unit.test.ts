import { randomBytes } from 'node:crypto';
import { traceSampler } from '../../../src/adapters/trace-sampler.ts';
import { SAMPLERS } from '../../../src/ports/exports.ts';

const TRACES = Array.from({ length: 20_000 }, () => randomBytes(16).toString('hex'));
const [TRACE = ''] = TRACES;
const of = (trace: string, flags: string): string => `00-${trace}-b7ad6b7169203331-${flags}`;
const [SAMPLED, NOT_SAMPLED] = [of(TRACE, '01'), of(TRACE, '00')];

test.each([
  ['always_on', [true, true, true]],
  ['always_off', [false, false, false]],
  ['parentbased_always_on', [true, true, false]],
  ['parentbased_always_off', [false, true, false]],
  ['parentbased_traceidratio', [false, true, false]],
] as const)('%s samples what has no parent, a parent that is sampled, and one that is not', (name, expected) => {
  const sampler = traceSampler(name, 0);
  expect([null, SAMPLED, NOT_SAMPLED].map((parent) => sampler.samples(parent, TRACE))).toEqual(expected);
});

test('traceidratio samples a share of the traces, whoever has begun them, and of a larger share those of the smaller', () => {
  const sampled = (ratio: number) => TRACES.filter((trace) => traceSampler('traceidratio', ratio).samples(null, trace));
  const [none, few, half, all] = [0, 0.1, 0.5, 1].map(sampled);
  expect([none?.length, all?.length]).toEqual([0, TRACES.length]);
  expect((few?.length ?? 0) / TRACES.length).toBeCloseTo(0.1, 1);
  expect((half?.length ?? 0) / TRACES.length).toBeCloseTo(0.5, 1);
  expect(few?.every((trace) => half?.includes(trace))).toBe(true);
  const withParent = traceSampler('traceidratio', 0.5);
  for (const trace of TRACES.slice(0, 100)) {
    expect(withParent.samples(of(trace, '00'), 'another')).toBe(half?.includes(trace));
  }
});

test('the flags of a parent are bits, of which the lowest counts', () => {
  const sampler = traceSampler('parentbased_always_off', 1);
  const flags = Array.from({ length: 256 }, (_, i) => i);
  const sampled = flags.filter((one) => sampler.samples(of(TRACE, one.toString(16).padStart(2, '0')), TRACE));
  expect(sampled).toEqual(flags.filter((one) => one % 2 === 1));
});

test('there is a sampler for each name', () => {
  expect(SAMPLERS.map((name) => typeof traceSampler(name, 0.5).samples(null, TRACE))).toEqual(
    SAMPLERS.map(() => 'boolean'),
  );
});
