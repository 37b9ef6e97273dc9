import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { VERBS } from '../../src/cli/run.ts';
import { examplesOf, isPartOf, verbsAndActions, wordsOf } from '../support/help-examples.ts';

const TESTS = fileURLToPath(new URL('..', import.meta.url));

test('the examples of each verb, and of each of its actions, are run by a test', async () => {
  const runs = globSync('{unit,integration,e2e}/**/*.test.ts', { cwd: TESTS }).flatMap((file) =>
    namesAskedFor(readFileSync(`${TESTS}${file}`, 'utf8')),
  );
  const all = await verbsAndActions();
  expect(new Set(all.map((name) => name.split(' ')[0]))).toEqual(new Set(Object.keys(VERBS)));
  expect(all.filter((name) => !runs.some((one) => isPartOf(name, one)))).toEqual([]);
});

test.each(Object.entries(VERBS))('what the help of %s shows names options that there are', async (name, { load }) => {
  const { options } = await load();
  for (const [word, ...args] of (await examplesOf(name)).map(wordsOf)) {
    expect(word).toBe(name);
    expect(() => parseArgs({ args, allowPositionals: true, options })).not.toThrow();
  }
});

/** The verbs and actions whose examples a file asks for. */
function namesAskedFor(source: string): readonly string[] {
  return [...source.matchAll(/\bexamplesOf\(([^)]*)\)/g)].flatMap(([, names = '']) =>
    [...names.matchAll(/'([a-z ]+)'/g)].map(([, name = '']) => name),
  );
}
