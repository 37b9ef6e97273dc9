import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DASHBOARDS } from '../../deploy/dashboards/files.ts';

const ROOT = join(import.meta.dirname, '../..');
const RULES = readFileSync(join(ROOT, 'deploy/prometheus/rules.yml'), 'utf8');
const PAGE = readFileSync(join(ROOT, 'docs/operations.md'), 'utf8');
const PANELS = DASHBOARDS.flatMap(({ rows }) => rows.flatMap(({ panels }) => panels));
const ANCHORS = [...PAGE.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
  heading
    .toLowerCase()
    .replace(/[^\w\s-]/g, '')
    .replaceAll(' ', '-'),
);
const ALERTS = RULES.split(/^ {6}- (?=alert: )/m)
  .slice(1)
  .map((text) => [/^alert: (\w+)/.exec(text)?.[1] ?? '', text] as const);

test('there are alerts', () => {
  expect(ALERTS.length).toBeGreaterThan(10);
});

test.each(ALERTS)('%s says how urgent it is, what is wrong and what to do, and its section is there', (name, text) => {
  expect(text).toMatch(/severity: (critical|warning) /);
  expect(text).toMatch(/^ {10}summary: \S/m);
  expect(text).toMatch(/^ {10}description: \S/m);
  expect(text).toContain(`runbook_url: docs/operations.md#${name.toLowerCase()}\n`);
  expect(PAGE).toContain(`\n### ${name}\n`);
  expect(PAGE).toContain(`| [${name}](#${name.toLowerCase()})`);
});

test.each(PANELS)('panel $title leads to a section, if to any', ({ anchor }) => {
  expect([undefined, ...ANCHORS]).toContain(anchor);
});

test('each panel has a name of its own on its dashboard', () => {
  for (const { rows } of DASHBOARDS) {
    const titles = rows.flatMap(({ panels }) => panels.map(({ title }) => title));
    expect(new Set(titles).size).toBe(titles.length);
  }
});
