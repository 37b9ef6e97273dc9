import { parseArgs } from 'node:util';
import { VERBS } from '../../src/cli/run.ts';
import { examplesOf } from '../support/help-examples.ts';

test.each(Object.keys(VERBS))('the examples in the help of %s name options that there are', async (name) => {
  const { options } = (await VERBS[name]?.load()) ?? {};
  for (const [verb, ...args] of await examplesOf(name)) {
    expect(verb).toBe(name);
    expect(() => parseArgs({ args, allowPositionals: true, options: options ?? {} })).not.toThrow();
  }
});

test('there are examples', async () => {
  expect((await examplesOf('explain')).length).toBeGreaterThan(0);
  expect((await examplesOf('show')).length).toBeGreaterThan(0);
});
