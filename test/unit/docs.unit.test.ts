import { existsSync, globSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sendableType } from '../../src/cli/message-types.ts';
import { completeRecord } from '../../src/cli/record.ts';
import * as commands from '../../src/domain/commands.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PAGES = ['README.md', 'stack/README.md', ...globSync('docs/**/*.md', { cwd: ROOT })];
const CODE = /`((?:src|test|schemas|migrations|stack|bench|docs|deploy|client)\/[\w./-]*)`/g;
/** Files that the reader of a page is to write. */
const TO_BE_WRITTEN = ['schemas/commands/RenameSubdivision.avsc'];
const SENDING = /licensing send (\w+) '(\{.*?\})'/g;
/** What stands for an id that the reader has: `"T"`, `"..."`. */
const PLACEHOLDER = /"([A-Z]|\.\.\.)"/g;
const ID = '0190b4a5-7f65-7000-8000-000000000001';
const LINK = /\]\(([^)\s]+)\)/g;

test.each(PAGES)('each link of %s leads somewhere, and each path of the tree that it names is there', (page) => {
  const text = readFileSync(join(ROOT, page), 'utf8').replace(/^```.*?^```$/gms, '');
  const links = [...text.matchAll(LINK)].map(([, target = '']) => target).filter((target) => !target.includes('://'));
  expect(links.filter((target) => !leadsSomewhere(page, target))).toEqual([]);
  const paths = [...text.matchAll(CODE)].map(([, path = '']) => path).filter((path) => !TO_BE_WRITTEN.includes(path));
  expect(paths.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
});

const SENDINGS = PAGES.flatMap((page) =>
  [...readFileSync(join(ROOT, page), 'utf8').matchAll(SENDING)].map(([, name = '', json = '']) => [page, name, json]),
);

test.each(SENDINGS)('%s: what it sends to %s is taken: %s', (_page, name, json) => {
  const given: unknown = JSON.parse(json.replace(PLACEHOLDER, `"${ID}"`));
  const record = completeRecord(sendableType(name), given, { newId: () => ID, now: () => Date.now() });
  const parsers: Readonly<Record<string, unknown>> = { ...commands };
  const parse = parsers[`parse${name}`];
  if (typeof parse !== 'function') throw new Error(`nothing reads ${name}`);
  expect(() => Reflect.apply(parse, undefined, [record])).not.toThrow();
});

test('each decision has a number of its own, the same in its name and in its title', () => {
  const names = globSync('docs/decisions/*.md', { cwd: ROOT });
  const numbers = names.map((name) => Number(basename(name).slice(0, 4)));
  const titles = names.map((name) => /^# (\d+)\. /.exec(readFileSync(join(ROOT, name), 'utf8'))?.[1]);
  expect(titles).toEqual(numbers.map(String));
  expect(new Set(numbers).size).toBe(numbers.length);
});

function leadsSomewhere(page: string, target: string): boolean {
  const [path = '', anchor] = target.split('#');
  const file = path === '' ? join(ROOT, page) : join(ROOT, dirname(page), path);
  if (!existsSync(file)) return false;
  return anchor === undefined || anchorsOf(readFileSync(file, 'utf8')).includes(anchor);
}

/** Of the headings, as GitHub makes them. */
function anchorsOf(text: string): readonly string[] {
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\w\s-]/g, '')
      .replaceAll(' ', '-'),
  );
}
