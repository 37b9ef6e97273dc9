import { readdirSync, readFileSync } from 'node:fs';
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
