import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { examplesOf } from '../support/help-examples.ts';
import { command } from '../support/load.ts';
import { licensing, MAIN, type Ended } from '../support/world-process.ts';
import { theWorld } from '../support/world-of-tests.ts';
import { until } from '../support/world-until.ts';

const world = theWorld();
const EXAMPLES = await examplesOf('send', 'lag', 'tail');
const tenantId = randomUUID();
let folder = '';

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'licensing-send-'));
  const { code } = await cli('send', 'CreateTenant', JSON.stringify({ tenantId, name: tenantId }), '--wait');
  expect(code).toBe(0);
});
afterAll(() => rmSync(folder, { recursive: true }));

async function cli(...args: readonly string[]): Promise<Ended> {
  return licensing(args, world.env);
}

function file(name: string, rows: readonly object[]): string {
  const path = join(folder, name);
  writeFileSync(path, textOf(rows));
  return path;
}

function textOf(rows: readonly object[]): string {
  return rows.map((row) => `${JSON.stringify(row)}\n`).join('');
}

function subdivisions(count: number, name: string): readonly object[] {
  return Array.from({ length: count }, (_, i) => ({ tenantId, subdivisionId: randomUUID(), name: `${name} ${i}` }));
}

/** A call whose stdin stays open. */
function fed(...args: readonly string[]): { readonly child: ChildProcess; readonly ended: Promise<Ended> } {
  const child = spawn(process.execPath, [MAIN, ...args], { env: { ...process.env, ...world.env } });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (part) => (stdout += String(part)));
  child.stderr.on('data', (part) => (stderr += String(part)));
  child.stdin.on('error', () => undefined); // it ends before it has read all
  return { child, ended: new Promise((resolve) => child.once('close', (code) => resolve({ code, stdout, stderr }))) };
}

async function sentSoFar(): Promise<number> {
  const ends = await world.admin.fetchTopicOffsets(world.topics.commands);
  return ends.reduce((sum, { high }) => sum + Number(high), 0);
}

describe('send --wait prints the answer', () => {
  const subdivisionId = randomUUID();
  const data = JSON.stringify({ tenantId, subdivisionId, name: 'North', location: '' });

  test('an accepted command ends with 0 and its events', async () => {
    const { code, stdout } = await cli('send', 'CreateSubdivision', data, '--id', 'north', '--wait');
    expect([code, stdout]).toEqual([
      0,
      expect.stringMatching(/^sent .*CreateSubdivision$[^]*event +SubdivisionCreated/m),
    ]);
  });

  test('the same again is not answered again: 5, and where to look', async () => {
    const { code, stderr } = await cli('send', 'CreateSubdivision', data, '--id', 'north', '--wait', '--timeout', '60');
    expect([code, stderr]).toEqual([
      5,
      expect.stringMatching(/does not answer[^]*`licensing explain --source licensing-cli --id north`/),
    ]);
  });

  test('other data under its id is a dead letter: 4', async () => {
    const other = data.replace('North', 'South');
    const { code, stdout } = await cli('send', 'CreateSubdivision', other, '--id', 'north', '--wait');
    expect([code, stdout]).toEqual([4, expect.stringMatching(/dead letter .*IdReused/)]);
  });

  test('a rejected command ends with 3, and JSON has nothing beside it', async () => {
    const { code, stdout } = await cli('send', 'DeleteTenant', `{"tenantId":"${randomUUID()}"}`, '--wait', '--json');
    expect([code, JSON.parse(stdout)]).toEqual([
      3,
      expect.objectContaining({ data: expect.objectContaining({ code: 'TenantNotFound' }) }),
    ]);
  });
});

describe('send --file', () => {
  test('10,000 lines, killed half-way and sent again: each takes effect once', async () => {
    const rows = subdivisions(10_000, 'Killed');
    const [before, inbox] = [await sentSoFar(), await world.count('inbox')];
    const { child, ended } = fed('send', 'CreateSubdivision', '--file', '-');
    child.stdin?.write(textOf(rows.slice(0, 6_000)));
    await until('a part has arrived', async () => (await sentSoFar()) >= before + 2_000);
    child.kill('SIGKILL');
    await ended;
    const again = await cli('send', 'CreateSubdivision', '--file', file('rows.ndjson', rows), '--wait', '--json');
    const report: unknown = JSON.parse(again.stdout);
    expect(report).toMatchObject({ sent: 10_000, sentUpToLine: 10_000, late: 0, rejected: {}, dead: {} });
    await world.settled();
    expect((await world.count('inbox')) - inbox).toBe(10_000);
    expect(await namesLike('Killed %')).toBe(10_000);
  });

  test('Ctrl-C finishes what is under way, and says where to go on', async () => {
    const rows = subdivisions(3_000, 'Stopped');
    const before = await sentSoFar();
    const { child, ended } = fed('send', 'CreateSubdivision', '--file', '-');
    child.stdin?.write(textOf(rows.slice(0, 2_000)));
    await until('a part has arrived', async () => (await sentSoFar()) >= before + 1_000);
    child.kill('SIGINT');
    const { code, stderr } = await ended;
    const next = /--from-line (\d+)/.exec(stderr)?.[1] ?? '';
    expect([code, (await sentSoFar()) - before]).toEqual([1, Number(next) - 1]);
    const path = file('stopped.ndjson', rows);
    const rest = await cli('send', 'CreateSubdivision', '--file', path, '--from-line', next, '--wait');
    expect([rest.code, rest.stderr]).toEqual([0, expect.stringContaining(`accepted  ${3_001 - Number(next)}`)]);
    expect(await namesLike('Stopped %')).toBe(3_000);
  });

  test('a second Ctrl-C does not wait for what is under way, and says where to go on all the same', async () => {
    // Without a worker no answer makes room for what comes behind the first 20,000 or nearly so.
    await world.worker().stop();
    const rows = Array.from({ length: 24_000 }, () => ({ tenantId: randomUUID() }));
    const path = file('twice.ndjson', rows);
    const before = await sentSoFar();
    const { child, ended } = fed('send', 'DeleteTenant', '--file', path, '--wait', '--timeout', '600');
    let said = '';
    child.stderr?.on('data', (part) => (said += String(part)));
    let last = 0;
    await until('as many are sent as may wait', async () => {
      const [sent, sentBefore] = [(await sentSoFar()) - before, last];
      last = sent;
      return sent > 18_000 && sent === sentBefore;
    });
    child.kill('SIGINT');
    await until('the first is heard', () => said.includes('another Ctrl-C'));
    child.kill('SIGINT');
    const { code, stderr } = await ended;
    const next = /stopped at once[^]*--from-line (\d+)$/m.exec(stderr)?.[1] ?? '';
    expect([code, (await sentSoFar()) - before]).toEqual([1, Number(next) - 1]);
    await world.worker().restart();
    const rest = await cli('send', 'DeleteTenant', '--file', path, '--from-line', next, '--wait');
    const left = 24_001 - Number(next);
    expect([rest.code, rest.stderr]).toEqual([3, expect.stringContaining(`rejected  ${left}: TenantNotFound ${left}`)]);
  });

  test('nothing behind a line that can not be sent is sent; it is told with its number and field', async () => {
    const rows = subdivisions(4, 'Bad').map((data, i) => (i === 2 ? { ...data, location: 7 } : data));
    const path = file(
      'bad.ndjson',
      rows.map((data) => ({ type: 'CreateSubdivision', data })),
    );
    const before = await sentSoFar();
    const { code, stderr } = await cli('send', '--file', path);
    expect([code, stderr, (await sentSoFar()) - before]).toEqual([
      ...[2, expect.stringMatching(/bad\.ndjson line 3: location must be text[^]*--from-line 3$/m), 2],
    ]);
    const dry = await cli('send', '--file', path, '--dry-run');
    expect([dry.code, dry.stderr, dry.stdout]).toEqual([
      ...[2, expect.stringMatching(/line 3: location/), "3 lines can be sent, 1 can't\n"],
    ]);
  });

  test('what was not accepted is told by line, code and field', async () => {
    const [good, bad = {}, known = {}] = subdivisions(3, 'Mixed');
    const lines = [
      { type: 'CreateSubdivision', data: good },
      { type: 'CreateSubdivision', data: { ...bad, name: '' } },
      { type: 'CreateSubdivision', data: known, id: 'mixed' },
      { type: 'CreateSubdivision', data: { ...known, name: 'Another' }, id: 'mixed' },
    ];
    const { code, stdout, stderr } = await cli('send', '--file', file('mixed.ndjson', lines), '--wait');
    const told = stdout
      .trim()
      .split('\n')
      .map((line): unknown => JSON.parse(line));
    expect(told.toSorted((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b)))).toEqual([
      expect.objectContaining({ line: 2, outcome: 'rejected', code: 'InvalidCommand', field: 'name' }),
      expect.objectContaining({ line: 4, outcome: 'dead', code: 'IdReused' }),
    ]);
    expect([code, stderr]).toEqual([
      4,
      expect.stringMatching(/accepted +2\nrejected +1: InvalidCommand 1\ndead +1: IdReused 1/),
    ]);
  });
});

test('of a file with no line but blank ones nothing is sent, which is told', async () => {
  const path = join(folder, 'blank.ndjson');
  writeFileSync(path, '\n \n');
  const { code, stderr } = await cli('send', 'CreateSubdivision', '--file', path);
  expect([code, stderr]).toEqual([0, expect.stringMatching(/nothing to send: .*blank\.ndjson has no message$/m)]);
});

test('tail tells how many have no type, when it is asked for one', async () => {
  const key = randomUUID();
  await world.send([
    { topic: 'commands', key, value: Buffer.from('no frame'), headers: {} },
    command('DeleteTenant', { tenantId: key }),
  ]);
  const asked = ['--topic', 'commands', '--from', 'beginning', '--key', key, '--type', 'DeleteTenant', '--count', '1'];
  const { code, stdout, stderr } = await cli('tail', ...asked);
  expect([code, stdout.trim().split('\n'), stderr]).toEqual([
    ...[0, [expect.stringContaining('DeleteTenant')]],
    expect.stringMatching(/^licensing tail: left out, .*: 1 that can't be decoded$/m),
  ]);
});

describe('lag', () => {
  afterAll(() => world.worker().restart());

  test('each partition is held, and nothing waits', async () => {
    await world.settled();
    const { code, stdout } = await cli('lag');
    expect([code, stdout]).toEqual([0, expect.stringMatching(/: stable, 1 member, lag 0$/m)]);
    expect(stdout).toMatch(/licensing [0-9a-f]{8} at 127\.0\.0\.1/);
    expect(stdout).not.toContain('nobody');
  });

  test('without a worker nobody holds what waits, and no answer comes in time', async () => {
    await world.worker().stop();
    const [data] = subdivisions(1, 'Late');
    const late = await cli('send', 'CreateSubdivision', JSON.stringify(data), '--wait', '--timeout', '1');
    expect([late.code, late.stderr]).toEqual([5, expect.stringMatching(/no answer within 1 s; `licensing lag`/)]);
    // Who could not say goodbye in time is a member until its session ends.
    const empty = await until('the group is empty', async () => {
      const { stdout } = await cli('lag', '--json');
      return stdout.includes('"state":"empty"') && stdout;
    });
    expect(JSON.parse(empty)).toMatchObject({ group: world.group, state: 'empty', lag: 1, members: [] });
    expect((await cli('lag')).stdout).toContain('No worker is in the group');
    const none = await licensing(['lag'], { ...world.env, KAFKA_GROUP_ID: 'nobody' });
    expect([none.code, none.stdout]).toEqual([
      0,
      expect.stringMatching(/group nobody: dead[^]*There is no such group/),
    ]);
  });
});

describe('each example of the help does what it says', () => {
  test.each(EXAMPLES)('%s', async (example) => {
    const [data = {}] = subdivisions(1, 'Example');
    const statisticRowId = randomUUID();
    const subdivisionId = randomUUID();
    file('rows.ndjson', [{ type: 'CreateSubdivision', data }]);
    file('usage.ndjson', [
      { tenantId, subdivisionId, statisticRowId, created: '2027-01-01T00:00:00Z', countRequests: 1 },
    ]);
    const line = example.replaceAll('"..."', `"${tenantId}"`);
    const { code, stderr } = await shell(line.includes('--follow') ? `${line} | head -n 1` : line);
    // `tail` may come past what another test has sent, and nobody can decode.
    const said = stderr.replace(/^(sent|accepted|licensing tail: left out,) .*\n/gm, '');
    // Usage of a subdivision that is not there is the one that is answered by a rejection.
    expect([said, code]).toEqual(['', line.includes('--timeout') ? 3 : 0]);
  });
});

async function namesLike(pattern: string): Promise<number> {
  return (await world.db('subdivisions').where('tenant_id', tenantId).whereLike('name', pattern).pluck('name')).length;
}

async function shell(line: string): Promise<Ended> {
  return new Promise((resolve) => {
    const child = execFile(
      'sh',
      ['-c', `licensing() { "${process.execPath}" "${MAIN}" "$@"; }\n${line}`],
      { cwd: folder, env: { ...process.env, ...world.env } },
      (_, stdout, stderr) => resolve({ code: child.exitCode, stdout, stderr }),
    );
  });
}
