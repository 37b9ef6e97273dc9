import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SETTINGS } from '../../src/config.ts';
import { settingsIn } from '../../src/settings.ts';
import { programVersion } from '../../src/version.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const CHART = 'deploy/helm/licensing';

function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

/** Names with which every setting begins, so that the other capitals of a template are none. */
const SETTING =
  /\b(?:KAFKA|SCHEMA_REGISTRY|DATABASE|USER_DOMAIN|TOPIC|LOG|HEALTH|LANES|CHUNK|QUEUE|INBOX|EVENT)(?:_[A-Z_]*[A-Z])?\b/g;
/** A part of several names, in a sentence. */
const OF_SEVERAL = ['KAFKA_SSL'];

test.each(globSync(`${CHART}/**/*.{yaml,tpl,txt}`, { cwd: ROOT }))('each setting that %s names is one', (file) => {
  const known = settingsIn(SETTINGS).flatMap(({ variable, secret }) =>
    secret ? [variable, `${variable}_FILE`] : [variable],
  );
  const named = [...new Set(read(file).match(SETTING))].filter((name) => !OF_SEVERAL.includes(name));
  expect(named.filter((name) => !known.includes(name))).toEqual([]);
});

test("each secret of the chart's values is a secret setting, and each other one is not", () => {
  const secrets = settingsIn(SETTINGS)
    .filter(({ secret }) => secret)
    .map(({ variable }) => variable);
  for (const file of globSync(`${CHART}/ci/*.yaml`, { cwd: ROOT })) {
    const named = [...read(file).matchAll(/^ +([A-Z_]+): (.*)$/gm)];
    expect(named.length).toBeGreaterThan(0);
    for (const [, name = '', value = ''] of named) {
      // A URL without a password may stand in the open.
      if (URL.canParse(value) && new URL(value).password === '') continue;
      expect([name, value.startsWith('{ secret: ')]).toEqual([name, secrets.includes(name)]);
    }
  }
});

test('the chart is of the version of the program', () => {
  expect(read(`${CHART}/Chart.yaml`)).toContain(`appVersion: '${programVersion()}'`);
});

describe('the Dockerfile', () => {
  const lines = read('Dockerfile').split('\n');

  test('copies what is there and what .dockerignore lets through', () => {
    const allowed = read('.dockerignore')
      .split('\n')
      .filter((line) => line.startsWith('!'))
      .map((line) => line.slice(1));
    const copied = lines.flatMap((line) => /^COPY (?!--from)(.*) \S+$/.exec(line)?.[1]?.split(' ') ?? []);
    expect(copied.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
    expect(copied.toSorted()).toEqual(allowed.toSorted());
  });

  test('starts node without a shell in between, as a user that is not root', () => {
    const words = (instruction: string) =>
      JSON.parse(
        lines.find((line) => line.startsWith(`${instruction} [`))?.slice(instruction.length) ?? '',
      ) as string[];
    expect(words('ENTRYPOINT')[0]).toBe('node');
    expect(words('ENTRYPOINT').at(-1)).toBe('src/main.ts');
    expect(lines.findLast((line) => line.startsWith('USER '))).toBe('USER 1000:1000');
  });
});

test('each production dependency has its reason in docs/dependencies.md', () => {
  const { dependencies, peerDependencies } = JSON.parse(read('package.json')) as Record<string, Record<string, string>>;
  const listed = [...read('docs/dependencies.md').matchAll(/^\| `(.+?)` +\|/gm)].map(([, name]) => name);
  expect(listed.toSorted()).toEqual(Object.keys({ ...dependencies, ...peerDependencies }).toSorted());
});
