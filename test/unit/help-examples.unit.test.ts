import { parseArgs } from 'node:util';
import { VERBS } from '../../src/cli/run.ts';
import { examplesIn, wordsOf } from '../support/help-examples.ts';

/** Where each call that a help shows is run. The worker's own is what the tests of e2e start. */
const RUN_IN: Readonly<Record<string, string>> = {
  worker: 'e2e',
  send: 'e2e/cli-send',
  tail: 'e2e/cli-send',
  lag: 'e2e/cli-send',
  health: 'unit/health',
  show: 'e2e/explain',
  explain: 'e2e/explain',
  dlq: 'integration/personal-data, and replays in e2e/dead-letters',
  export: 'integration/personal-data',
  migrate: 'e2e/cli-worker',
  topics: 'e2e/cli-worker',
  schemas: 'e2e/cli-worker',
};

test('the examples of each verb are run by a test', () => {
  expect(Object.keys(RUN_IN)).toEqual(Object.keys(VERBS));
});

test.each(Object.entries(VERBS))('what the help of %s shows names options that there are', async (name, { load }) => {
  const verb = await load();
  const calls = examplesIn(verb).map(wordsOf);
  expect(calls).not.toEqual([]);
  for (const [word, ...args] of calls) {
    expect(word).toBe(name);
    expect(() => parseArgs({ args, allowPositionals: true, options: verb.options })).not.toThrow();
  }
});
