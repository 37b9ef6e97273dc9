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

/** How exporters of lag call it. */
const OF_EXPORTERS = ['kafka_consumergroup_lag', 'kminion_kafka_consumer_group_topic_partition_lag'];

test('each metric that is asked for is one that the worker tells, or an exporter of lag', () => {
  const known = [...metricsOf(PAGE).flatMap(prometheusNames), ...OF_EXPORTERS, ...recorded()];
  const panels = PANELS.flatMap(({ queries }) => queries.map(({ expr }) => expr));
  const rules = [...RULES.matchAll(/^ +expr: (\|\n(?: {10}.*\n)+|.*)$/gm)].map(([, expr = '']) => expr);
  const named = [...panels, ...rules].flatMap(metricsIn);
  expect(named.length).toBeGreaterThan(50);
  expect([...new Set(named)].filter((name) => !known.includes(name))).toEqual([]);
});

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

interface Metric {
  readonly name: string;
  readonly kind: string;
  readonly unit: string;
}

/** Of the table: a row has one metric, or several of one kind, whose units are listed if they differ; `.max` is like the one before, but for its end. */
function metricsOf(page: string): readonly Metric[] {
  return [...page.matchAll(/^\| (`[a-z].*?`) +\| (counter|histogram|gauge|sum), (.*?) +\|/gm)].flatMap(
    ([, names = '', kind = '', units = '']) => {
      const given = [...names.matchAll(/`(.+?)`/g)].map(([, name = '']) => name);
      const [first = ''] = given;
      const each = units.split('; ');
      return given.map((name, i) => ({
        name: name.startsWith('.') ? first.replace(/\.\w+$/, name) : name,
        kind,
        unit: each[i] ?? each[0] ?? '',
      }));
    },
  );
}

const SUFFIXES: Readonly<Record<string, string>> = { s: '_seconds', By: '_bytes' };

/** As Prometheus' exporters make them. */
function prometheusNames({ name, kind, unit }: Metric): readonly string[] {
  const base = name.replaceAll('.', '_') + (kind === 'gauge' && unit === '1' ? '_ratio' : (SUFFIXES[unit] ?? ''));
  if (kind === 'histogram') return ['bucket', 'sum', 'count'].map((part) => `${base}_${part}`);
  return [kind === 'counter' ? `${base}_total` : base];
}

function recorded(): readonly string[] {
  return [...RULES.matchAll(/- record: (\S+)/g)].map(([, name = '']) => name);
}

/** What stands in a query in the place of a metric: names that are neither of a function nor of a label. */
function metricsIn(expr: string): readonly string[] {
  const bare = expr
    .replaceAll(/"[^"]*"|\$\w+/g, '')
    .replaceAll(/\{[^}]*\}/g, '')
    .replaceAll(/\[[^\]]*\]/g, '')
    .replaceAll(/\b(?:by|on) \([^)]*\)/g, '');
  return [...bare.matchAll(/[a-z][\w:]*_[\w:]*(?![\w:]*\()/g)].map(([name]) => name);
}
