import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { freePort } from '../../stack/ports.ts';
import { BROKEN } from '../support/world-process.ts';
import { until } from '../support/world-until.ts';
import { createWorld, type World } from '../support/world.ts';
import { BUG, CARELESS, keepBusy, loseSome, sendTroubles } from './load.ts';
import { OtelCollector } from './otel-collector.ts';
import { collectorProgram, prometheusPrograms, type PrometheusPrograms } from './programs.ts';
import { Prometheus } from './prometheus.ts';
import { PANEL_QUERIES, withoutComparisons } from './queries.ts';

// Two workers under a mixed load tell a real collector of themselves, and a real Prometheus is asked what the dashboards and the alerts ask.

const RULES = join(import.meta.dirname, '../../deploy/prometheus');
/** The first time, a collector and perhaps a Prometheus are built. */
const BUILT_WITHIN_MS = 1_800_000;
const TOLD_WITHIN_MS = 60_000;

let programs: PrometheusPrograms;
let collector: OtelCollector;
let prometheus: Prometheus;
let world: World;
const over = new AbortController();
/** In the order in which things were started. */
const endings: (() => Promise<void>)[] = [];

beforeAll(async () => {
  programs = await prometheusPrograms();
  collector = await OtelCollector.start(await collectorProgram());
  endings.push(() => collector.stop());
  prometheus = await Prometheus.start({
    program: programs.prometheus,
    target: collector.target,
    rules: join(RULES, 'rules.yml'),
  });
  endings.push(() => prometheus.stop());
  world = await createWorld({
    workers: 2,
    program: [BROKEN, 'worker'],
    env: {
      BROKEN: BUG,
      // The one that the rules are written for.
      KAFKA_GROUP_ID: 'licensing-worker',
      // Nobody is there, so a worker waits.
      USER_DOMAIN_URL: `http://127.0.0.1:${await freePort()}`,
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint,
      OTEL_METRIC_EXPORT_INTERVAL: '1000',
      OTEL_METRIC_EXPORT_TIMEOUT: '1000',
    },
  });
  endings.push(() => world.close());
  await loseSome(world);
  const busy = keepBusy(world, over.signal);
  busy.catch(() => undefined); // told by afterAll
  endings.push(() => busy);
  await sendTroubles(world);
}, BUILT_WITHIN_MS);

afterAll(async () => {
  over.abort();
  for (const end of endings.reverse()) await end();
});

test.each(PANEL_QUERIES)('$panel has data: $expr', ({ expr }) => hasData(expr));

test('what each rule watches has data', async () => {
  const rules = await prometheus.rules();
  expect(rules.length).toBeGreaterThan(10);
  for (const { name, query } of rules) await hasData(withoutComparisons(query), name);
});

test('both workers are told apart', async () => {
  const workers = await until('two workers are told of', async () => {
    const series = await prometheus.history('count by (job, instance) (licensing_lane_queue)');
    return series.length >= 2 && series;
  });
  expect(new Set(workers.map(({ metric }) => metric['job']))).toEqual(new Set(['licensing']));
});

test('alerts fire for what is wrong, in words that are whole, and for nothing else', async () => {
  const wrong = ['DeadLettersOfOurs', 'DecodeFailures', 'MessagesLost', 'MisplacedCommands'].map(
    (name) => `Licensing${name}`,
  );
  const firing = await until(
    wrong.join(', '),
    async () => {
      const alerts = (await prometheus.rules()).flatMap(({ alerts = [] }) => alerts);
      const found = alerts.filter(({ state }) => state === 'firing');
      return wrong.every((name) => found.some(({ labels }) => labels['alertname'] === name)) && found;
    },
    TOLD_WITHIN_MS,
  );
  const names = new Set(firing.map(({ labels }) => labels['alertname']));
  // These two have something to tell, too, once they have waited for it to pass.
  for (const name of ['LicensingParkedKeys', 'LicensingWaits', 'LicensingDeadLettersOpen']) names.delete(name);
  expect([...names].sort()).toEqual(wrong);
  const said = firing.flatMap(({ annotations }) => Object.values(annotations));
  expect(said.filter((text) => /no value|error expanding|\{\{/.test(text))).toEqual([]);
  expect(said).toContain(`${CARELESS} sends commands into wrong partitions`);
});

test.each(['check rules rules.yml', 'test rules rules.test.yml'])('promtool %s', (words) => {
  const { status, stdout, stderr } = spawnSync(programs.promtool, words.split(' '), { cwd: RULES, encoding: 'utf8' });
  expect([status, status === 0 ? '' : stdout + stderr]).toEqual([0, '']);
});

/** Whether a query has given something since the start: what comes and goes within seconds is nothing to wait for now. */
async function hasData(expr: string, name = ''): Promise<void> {
  await until(
    `data of ${name} ${expr}`,
    async () => (await prometheus.history(expr)).some(({ values }) => values.some(([, value]) => value !== 'NaN')),
    TOLD_WITHIN_MS,
  );
}
