import { readFileSync } from 'node:fs';
import * as messages from '../../../clients/typescript/src/schemas.ts';
import { SCHEMAS } from '../../../src/generated/schemas.ts';

const FOLDER = new URL('../../../clients/typescript/', import.meta.url);
const root = packageAt('../../../package.json');
const client = packageAt('../../../clients/typescript/package.json');

test('the package is built with the very messages of the worker', () => {
  expect(messages.SCHEMAS).toBe(SCHEMAS);
  const build = readFileSync(new URL('build.ts', FOLDER), 'utf8');
  for (const file of ['messages.ts', 'schemas.ts']) {
    expect(build).toContain(`'${file}'`);
    // One line of code and no more, so that nothing is lost when the build puts the generated file in its place.
    const code = readFileSync(new URL(`src/${file}`, FOLDER), 'utf8').replace(/^\/\/.*\n/gm, '');
    expect(code).toMatch(new RegExp(`^export .* from '../../../src/generated/${file}';\n$`));
  }
});

test('it needs nothing but kafkajs and avsc, in the versions that are tried here', () => {
  expect(Object.keys(client.dependencies)).toEqual(['avsc', 'kafkajs']);
  for (const [name, range] of Object.entries(client.dependencies)) {
    expect(range.replace('^', '')).toBe(root.dependencies[name]?.replace('^', ''));
  }
});

interface Package {
  readonly dependencies: Readonly<Record<string, string>>;
}

function packageAt(path: string): Package {
  return JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')) as Package;
}
