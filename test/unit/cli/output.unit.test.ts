import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../../src/main.ts', import.meta.url));

let folder: string;
beforeAll(async () => (folder = await mkdtemp(join(tmpdir(), 'licensing-output-'))));
afterAll(() => rm(folder, { recursive: true }));

/** A file whose lines each have a fault that takes 40 KB to tell. */
async function faultyFile(lines: number): Promise<string> {
  const file = join(folder, 'faulty.ndjson');
  const line = (i: number): string => JSON.stringify({ [`${'x'.repeat(40_000)}${i}`]: 1 });
  await writeFile(file, Array.from({ length: lines }, (_, i) => line(i)).join('\n'));
  return file;
}

test('all of the output comes through a pipe, however late it is read', async () => {
  const args = ['send', 'CreateTenant', '--file', await faultyFile(30), '--dry-run'];
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = once(child, 'exit');
  // All is written when this has come, and nothing of it is read yet.
  const [out] = (await once(child.stdout, 'data')) as [Buffer];
  const [told, [code]] = await Promise.all([text(child.stderr), ended]);
  expect(told.match(/ line \d+: CreateTenant has no field /g)).toHaveLength(30);
  expect(told.length).toBeGreaterThan(1_200_000);
  expect([String(out), code]).toEqual([`0 lines can be sent, 30 can't\n`, 2]);
});

test('a line behind the end of the file is refused, and the one right behind it is not; blank lines count', async () => {
  const file = await faultyFile(3);
  await appendFile(file, '\n\n \n');
  const run = async (line: string) => {
    const { code, told } = await dryRun(file, '--from-line', line);
    return [code, told.split('\n')[0]];
  };
  expect(await run('6')).toEqual([0, '']);
  expect(await run('7')).toEqual([2, `licensing send: --from-line 7: the last line of ${file} is 5`]);
});

test('a directory is no file', async () => {
  expect(await dryRun(folder)).toEqual({ code: 2, told: `licensing send: --file ${folder}: it is a directory\n` });
});

async function dryRun(file: string, ...more: readonly string[]) {
  const args = ['send', 'CreateTenant', '--file', file, '--dry-run', ...more];
  const child = spawn(process.execPath, [MAIN, ...args]);
  const [told, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
  return { code, told };
}

/** Data is judged before any server is asked. */
const NOWHERE = { KAFKA_BROKERS: 'none:1', SCHEMA_REGISTRY_URL: 'http://none:1' };
const HOSTILE = 'a\r\n\u009blive\u001B[2J';

test('what others have written can not look like a line of ours, nor command a terminal', async () => {
  const env = { ...process.env, HEALTH_FILE: join(folder, HOSTILE) };
  const child = spawn(process.execPath, [MAIN, 'health', 'live'], { env });
  const [said, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  expect([said.split('\n'), code]).toEqual([
    [expect.stringMatching(/^not live: .*\/a\\u000d\\u000a\\u009blive\\u001b\[2J'/), ''],
    1,
  ]);
  const file = join(folder, 'hostile.ndjson');
  await writeFile(file, JSON.stringify({ [HOSTILE]: 1 }));
  const { told } = await dryRun(file);
  expect(told.split('\n')).toEqual([expect.stringMatching(/ line 1: .*'a\\u000d\\u000a\\u009blive\\u001b\[2J'/), '']);
});

test.each<readonly [what: string, args: readonly string[], env: Readonly<Record<string, string>>]>([
  ['a verb', [HOSTILE], {}],
  ['an option', ['lag', `--${HOSTILE}`], {}],
  ['a field of data', ['send', 'CreateTenant', JSON.stringify({ [HOSTILE]: 1 })], NOWHERE],
  ['data that is no JSON', ['send', 'CreateTenant', HOSTILE], {}],
  ['settings', ['lag'], { KAFKA_BROKERS: HOSTILE, LANES: HOSTILE }],
])('nor can what stands in a call: %s', async (_, args, env) => {
  const child = spawn(process.execPath, [MAIN, ...args], { env: { ...process.env, ...env } });
  const [told, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
  expect(told).toContain('\\u000a\\u009blive');
  expect(told).not.toMatch(/(?!\n)\p{Cc}|^live/mu);
  expect(code).not.toBe(0);
});

test('where nobody reads what is wrong, the output and the exit code still come', async () => {
  const child = spawn(process.execPath, [MAIN, 'send', 'CreateTenant', '--file', await faultyFile(3), '--dry-run']);
  child.stderr.destroy();
  const [out, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  expect([out, code]).toEqual([`0 lines can be sent, 3 can't\n`, 2]);
});

test('output that nobody can take is told in a sentence', async () => {
  const full = openSync('/dev/full', 'w');
  const child = spawn(process.execPath, [MAIN, 'send', 'CreateTenant', '--file', await faultyFile(1), '--dry-run'], {
    stdio: ['ignore', full, 'pipe'],
  });
  if (child.stderr === null) throw new Error('there is no pipe');
  const [told, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
  expect(told).toMatch(/^licensing: the output can't be written: ENOSPC.*$/m);
  expect(told).not.toMatch(/^\s+at /m);
  expect(code).toBe(1);
});
