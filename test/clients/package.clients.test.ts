import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { header } from '../support/collect.ts';
import { theWorld } from '../support/world-of-tests.ts';
import { projectWithPackage } from './typescript/package.ts';

// The package as a team elsewhere gets it: packed, installed in an empty project, and used by a program that TypeScript has passed.

const world = theWorld({ partitions: 12 });
let folder: string;

beforeAll(async () => {
  folder = await projectWithPackage(['test/clients/typescript/program.ts', 'docs/clients/send-command.ts']);
}, 300_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('the project has got kafkajs and avsc with it, and nothing else', () => {
  const installed = readdirSync(join(folder, 'node_modules')).filter((name) => !name.startsWith('.'));
  expect(installed.sort()).toEqual(['avsc', 'kafkajs', 'licensing-client']);
});

test('each command resolves with all that comes of it, and what the worker decides by it is told', () =>
  world.guard(async () => {
    const [tenantId, userId, subdivisionId, licenseId] = ids();
    const said = await run('answers', tenantId, userId, subdivisionId, licenseId, `Globex ${tenantId}`);
    const signUp = [['licensing.events.TenantCreated'], ['licensing.events.UserCreated']];
    expect(said).toEqual({
      tenant: signUp,
      again: signUp,
      subdivision: [['licensing.events.SubdivisionCreated']],
      license: [['licensing.events.LicenseCreated']],
      activation: [['licensing.events.LicenseActivated', 'current', 86_400_000, Date.UTC(2100, 0, 1)]],
      entitled: [{ allowed: true, reason: 'active' }, licenseId],
      suspension: [['licensing.events.SubdivisionUpdated']],
      suspended: { allowed: false, reason: 'suspended' },
      rejection: ['TenantAlreadyExists', `once more ${tenantId}`, null],
      field: ['InvalidCommand', 'no name', 'name'],
      several: [1, 2, 3].map(() => [['licensing.events.TenantUpdated']]),
      letter: ['IdReused', expect.stringMatching(/./)],
      misspelt: 'InvalidCommandData: licensing.commands.DeleteTenant has no field reason',
      missing: expect.stringMatching(/^InvalidCommandData: licensing\.commands\.CreateSubdivision does not take this /),
    });
    await world.settled();
    const sent = world.collector.records(world.topics.commands);
    const signUps = sent.filter((one) => header(one, 'ce_id') === `sign up ${tenantId}`);
    // What is answered is not sent again by the client that has the answer.
    expect(signUps.map((one) => header(one, 'ce_source'))).toEqual(['shop', 'shop']);
    const partitions = new Set(sent.filter(({ key }) => String(key) === tenantId).map(({ partition }) => partition));
    expect(partitions.size).toBe(1);
  }));

test('the program of the docs prints the events of its command, or why it is refused', () =>
  world.guard(async () => {
    const [tenantId, userId] = ids();
    const args = [`sign up ${tenantId}`, tenantId, userId, `Hooli ${tenantId}`] as const;
    expect(await output('send-command.ts', ...args)).toMatch(
      /^licensing\.events\.TenantCreated .*^licensing\.events\.UserCreated /ms,
    );
    const other = [`another ${tenantId}`, tenantId, userId, `Hooli ${tenantId}`] as const;
    expect(await output('send-command.ts', ...other)).toMatch(/^TenantAlreadyExists /);
  }));

test('a command that nobody handles is unanswered after its deadline, and is answered when it is sent again', () =>
  world.guard(async () => {
    const [tenantId, userId] = ids();
    const args = [tenantId, userId, '', '', `Initech ${tenantId}`] as const;
    await world.worker().stop();
    expect(await run('once', ...args, '3000')).toEqual({ once: [true, null] });
    const again = run('once', ...args, '60000');
    await world.worker().restart();
    expect(await again).toEqual({
      once: [['licensing.events.TenantCreated'], ['licensing.events.UserCreated']],
    });
  }));

test('of more commands at once than a client remembers, each gets its answer', () =>
  world.guard(async () => {
    const [tenantId] = ids();
    expect(await run('many', tenantId, '', '', '', '', '45000')).toEqual({ rejected: 10_100 });
  }));

function ids(): readonly [string, string, string, string] {
  return [randomUUID(), randomUUID(), randomUUID(), randomUUID()];
}

/** @returns what the test's own program printed */
async function run(...args: readonly string[]): Promise<unknown> {
  return JSON.parse(await output('program.ts', ...args));
}

async function output(program: string, ...args: readonly string[]): Promise<string> {
  const prefix = world.topics.commands.replace('licensing.commands.v1', '');
  const words = ['--no-warnings', join(folder, 'programs', program), ...args];
  const env = { ...process.env, ...world.env, TOPIC_PREFIX: prefix };
  const { stdout } = await promisify(execFile)(process.execPath, words, { env, timeout: 90_000 });
  return stdout;
}
