import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { judge } from '../../src/cli/judge-health.ts';
import { readConfig } from '../../src/config.ts';
import { ConfigurationError } from '../../src/ports/errors.ts';
import type { HealthState } from '../../src/ports/health.ts';
import { HealthFile } from '../../src/worker/health-file.ts';
import { examplesOf, wordsOf } from '../support/help-examples.ts';
import { silentTelemetry } from '../support/telemetry.ts';
import { licensing } from '../support/world-process.ts';

const WORKING: HealthState = {
  at: 1_000_000,
  phase: 'working',
  joined: true,
  partitions: 12,
  brokerSilentFor: 2_000,
  waits: {},
  maxWait: 300_000,
};
type Told = ReturnType<ConstructorParameters<typeof HealthFile>[2]['told']>;
const NOW = WORKING.at + 500;

describe.each<readonly [name: string, state: HealthState, live: boolean, ready: boolean, says: string]>([
  ['works', WORKING, true, true, 'working with 12 partitions'],
  ['has no partitions, since there are more workers', { ...WORKING, partitions: 0 }, true, true, 'working with 0'],
  ['starts', { ...WORKING, phase: 'starting', joined: false }, true, false, 'starting'],
  ['joins its group', { ...WORKING, joined: false }, true, false, 'joining its group'],
  ['stops', { ...WORKING, phase: 'stopping' }, true, false, 'stopping'],
  ['waits for a lock', { ...WORKING, waits: { database: 900_000 } }, true, false, 'has waited 901 s for the database'],
  ['owes a topic that takes nothing', { ...WORKING, waits: { broker: 900_000 } }, true, false, '901 s for the broker'],
  [
    'has nothing to do, and finds no database',
    { ...WORKING, waits: { 'decided offsets': 20_000 } },
    true,
    false,
    'has waited 21 s for the decided offsets',
  ],
  [
    'has a broker that says nothing',
    { ...WORKING, brokerSilentFor: 16_000, waits: { 'broker to answer': 1_000 } },
    true,
    false,
    'has waited 2 s for the broker to answer',
  ],
  ['waits for others', { ...WORKING, waits: { 'user domain': 900_000 } }, true, true, '901 s for the user domain'],
  [
    'hears no broker for long',
    { ...WORKING, brokerSilentFor: 299_501 },
    false,
    false,
    'no broker has answered for 300 s',
  ],
  ['hears no broker, but not for long', { ...WORKING, brokerSilentFor: 299_500 }, true, true, 'working'],
  ['has stood still for long', { ...WORKING, at: NOW - 300_001 }, false, false, 'has written no state for 300 s'],
  ['was of a system that was started anew', { ...WORKING, at: NOW + 1 }, false, false, 'before the system was started'],
])('a worker that %s', (_, state, live, ready, says) => {
  test.each([
    ['live', live],
    ['ready', ready],
  ] as const)(`is ${live ? '' : 'not '}live, and ${ready ? '' : 'not '}ready: asked for %s`, (question, holds) => {
    expect(judge(question, state, NOW)).toEqual({ holds, why: expect.stringContaining(says) });
  });
});

describe('the health file', () => {
  let folder: string;
  let file: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'licensing-health-'));
    file = join(folder, 'health');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const told = { joined: true, partitions: 3, brokerSilentFor: 7, waits: { broker: 20_000 } };
  const health = (where = file, change: Partial<Told> = {}) =>
    new HealthFile(where, 300_000, { told: () => ({ ...told, ...change }), telemetry: silentTelemetry() });
  const ask = (question: string, environment: Record<string, string> = { HEALTH_FILE: file }) =>
    licensing(['health', question], environment);

  test('is there from the start on, tells each phase, and is gone after the end', async () => {
    const one = health();
    await one.start();
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ ...told, phase: 'starting', maxWait: 300_000 });
    expect(await ask('ready')).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/^not ready: starting, has waited \d+ s for the broker\n$/),
    });
    one.enter('stopping');
    await one.stop();
    expect(await ask('live')).toMatchObject({
      code: 1,
      stdout: `not live: no worker keeps HEALTH_FILE '${file}' (ENOENT)\n`,
    });
  });

  test('answers the calls that the help shows', async () => {
    const one = health(file, { waits: {} });
    one.enter('working');
    await one.start();
    const calls = (await examplesOf('health')).map(wordsOf);
    const ends = await Promise.all(calls.map((words) => licensing(words, { HEALTH_FILE: file })));
    expect(ends.map(({ code, stdout, stderr }) => [code, stdout, stderr])).toEqual(
      calls.map(([, question]) => [0, `${question}: working with 3 partitions\n`, '']),
    );
    await one.stop();
  });

  test('counts a wait for the broker as its silence until the group was joined once', async () => {
    const one = health(file, { brokerSilentFor: undefined });
    await one.start();
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ brokerSilentFor: 20_000 });
    await one.stop();
  });

  test('that can not be written ends the start', async () => {
    const start = health(join(folder, 'nowhere', 'health')).start();
    await expect(start).rejects.toThrow(ConfigurationError);
    await expect(start).rejects.toThrow(/^HEALTH_FILE is '.*nowhere.*', which can't be written \(ENOENT\)/);
  });

  test('that is something else is no sign of life', async () => {
    writeFileSync(file, '{}');
    expect(await ask('live')).toMatchObject({
      code: 1,
      stdout: `not live: HEALTH_FILE '${file}' holds no state of a worker\n`,
    });
  });

  test('is asked for where it is not set', async () => {
    expect(await ask('live', {})).toMatchObject({ code: 1, stderr: expect.stringContaining('HEALTH_FILE is not set') });
  });
});

test('a broker may be silent for longer than a rebalance takes', () => {
  const config = (HEALTH_FILE: string, HEALTH_MAX_WAIT_MS: string) => () =>
    readConfig({
      ...{ KAFKA_BROKERS: 'kafka:9092', SCHEMA_REGISTRY_URL: 'http://registry', DATABASE_URL: 'postgres://database/a' },
      ...{ HEALTH_FILE, HEALTH_MAX_WAIT_MS },
    });
  expect(config('/run/health', '60000')).toThrow(/^HEALTH_MAX_WAIT_MS is 60000; expected more than twice/);
  expect(config('/run/health', '60001')).not.toThrow();
  expect(config('', '60000')).not.toThrow();
});
