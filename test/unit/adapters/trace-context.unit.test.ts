import { isTraceparent, traceIdOf } from '../../../src/adapters/trace-context.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';

test.each([
  ['sampled', `00-${TRACE}-${SPAN}-01`],
  ['not sampled', `00-${TRACE}-${SPAN}-00`],
  ['of a trace id that is random', `00-${TRACE}-${SPAN}-03`],
  ['of a version to come', `01-${TRACE}-${SPAN}-01`],
  ['of a version to come that says more', `cc-${TRACE}-${SPAN}-01-what the future will be like`],
])('a traceparent is well-formed: %s', (_, text) => {
  expect(isTraceparent(text)).toBe(true);
  expect(traceIdOf(text)).toBe(TRACE);
});

test.each([
  ['is empty', ''],
  ['is another text', 'yes'],
  ['has no trace', `00-${'0'.repeat(32)}-${SPAN}-01`],
  ['has no span', `00-${TRACE}-${'0'.repeat(16)}-01`],
  ['is in capitals', `00-${TRACE.toUpperCase()}-${SPAN}-01`],
  ['has no hex digits', `00-${TRACE.slice(1)}g-${SPAN}-01`],
  ['is too short', `00-${TRACE.slice(1)}-${SPAN}-01`],
  ['has no flags', `00-${TRACE}-${SPAN}`],
  ['has half of its flags', `00-${TRACE}-${SPAN}-0`],
  ['is of the version that means none', `ff-${TRACE}-${SPAN}-01`],
  ['says more than its version may', `00-${TRACE}-${SPAN}-01-more`],
  ['says more without a dash', `01-${TRACE}-${SPAN}-01more`],
  ['has blanks around it', ` 00-${TRACE}-${SPAN}-01 `],
  ['ends a line', `00-${TRACE}-${SPAN}-01\n`],
  ['has other dashes', `00_${TRACE}_${SPAN}_01`],
])('a traceparent is malformed that %s', (_, text) => {
  expect(isTraceparent(text)).toBe(false);
});
