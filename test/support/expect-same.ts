import { isDeepStrictEqual } from 'node:util';

/**
 * `expect(got).toEqual(expected)` for properties, which compare ten thousands of times: each call of `expect` makes all its matchers and
 * takes a stack trace, which is most of what such a test spends.
 */
export function expectSame(got: unknown, expected: unknown): void {
  if (!isDeepStrictEqual(got, expected)) expect(got).toEqual(expected);
}
