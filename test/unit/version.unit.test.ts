import { readFileSync } from 'node:fs';
import { CONTRACT_VERSION, programVersion } from '../../src/version.ts';
import { licensing } from '../support/world-process.ts';

test('the command line tells the versions of the program and of its contract', async () => {
  const said = `licensing ${programVersion()}, contract ${CONTRACT_VERSION}\n`;
  expect(await licensing(['--version'], {})).toMatchObject({ code: 0, stdout: said, stderr: '' });
});

test('the changelog tells the version of the contract', () => {
  const changelog = readFileSync(new URL('../../CHANGELOG.md', import.meta.url), 'utf8');
  expect(changelog).toContain(`contract ${CONTRACT_VERSION}`);
});
