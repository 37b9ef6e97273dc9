import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const DOCS = fileURLToPath(new URL('../../docs/', import.meta.url));
const page = readFileSync(`${DOCS}clients.md`, 'utf8');
/** The language of a fenced block, by the ending of the file that it shows. */
const LANGUAGES: Readonly<Record<string, string>> = { py: 'python', java: 'java', mjs: 'js', ts: 'ts' };

test.each(readdirSync(`${DOCS}clients`))(
  'docs/clients.md shows docs/clients/%s byte for byte, and links to it',
  (file) => {
    const language = LANGUAGES[file.split('.').pop() ?? ''];
    const program = readFileSync(`${DOCS}clients/${file}`, 'utf8');
    expect(page).toContain(`\n\`\`\`${language}\n${program}\`\`\`\n`);
    expect(page).toContain(`(clients/${file})`);
  },
);

test('docs/clients.md shows no other program', () => {
  const blocks = page.match(/^```(python|java|js|ts)$/gm);
  expect(blocks).toHaveLength(readdirSync(`${DOCS}clients`).length);
});

describe('the test for teams that do not run the worker', () => {
  const program = join(DOCS, 'clients', 'contract-test.mjs');
  const schemas = join(DOCS, '..', 'schemas', 'released', '1.0.0');
  const run = (text: string) =>
    spawnSync(process.execPath, ['--input-type=module', '--eval', text], {
      ...{ encoding: 'utf8', cwd: DOCS, env: { ...process.env, LICENSING_SCHEMAS: schemas } },
    });
  const text = readFileSync(program, 'utf8');

  test('passes with the command and the reader that it shows', () => {
    expect(run(text)).toMatchObject({ status: 0 });
  });

  test.each([
    ['a key that is another', 'key: USER,', "key: 'other',", 'the key is the tenant'],
    ['no id', "ce_id: 'sign-up-4711'", "ce_id: ''", 'ce_id has up to 256 characters'],
    [
      'bytes too many',
      '.toBuffer({ userId: USER }),',
      '.toBuffer({ userId: USER }), Buffer.alloc(1),',
      'trailing data',
    ],
  ])('notices %s', (_, before, after, says) => {
    expect(text).toContain(before);
    const { status, stdout } = run(text.replace(before, after));
    expect([status, stdout]).toEqual([1, expect.stringContaining(says)]);
  });
});
