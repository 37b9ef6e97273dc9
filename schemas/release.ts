// Keeps the present schemas as those of a release, with which all later ones have to be compatible.
//   npm run release:schemas -- 1.0.0            a release that is there already never changes
//   npm run release:schemas -- 1.0.0 --force    unless it is made anew, as long as nobody has it
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { CONTRACT_VERSION } from '../src/version.ts';
import { formatted, ROOT, write } from './files.ts';
import { readGroups } from './groups.ts';
import { breaksOf, differences, releaseFiles } from './released.ts';
import { SchemaRuleError } from './rules.ts';

const RELEASED = 'schemas/released';

/** @throws {SchemaRuleError} that says why there can't be such a release */
async function release(version: string, force: boolean): Promise<void> {
  if (!/^\d+\.\d+\.\d+$/.test(version) || !version.startsWith(`${CONTRACT_VERSION}.`)) {
    throw new SchemaRuleError(`'${version}' is no release of contract ${CONTRACT_VERSION} (src/version.ts)`);
  }
  const folder = join(RELEASED, version);
  const groups = await readGroups(join(ROOT, 'schemas'));
  const breaks = await breaksOf(join(ROOT, RELEASED), groups, version);
  if (breaks.length > 0) throw new SchemaRuleError(breaks.join('\n'));
  const files = await formatted(releaseFiles(groups).map(({ path, text }) => ({ path: join(folder, path), text })));
  const changed = await differences(
    join(ROOT, folder),
    files.map(({ path, text }) => ({ path: path.slice(folder.length + 1), text })),
  );
  if (changed.length > 0 && !force) {
    throw new SchemaRuleError(
      `${folder} is there, and differs in ${changed.join(', ')}. Make another release; or make this one anew, with --force, as long as nobody has it`,
    );
  }
  await rm(join(ROOT, folder), { recursive: true, force: true });
  await write(files);
  console.log(`${folder} has the ${files.length} schemas of now`);
}

try {
  const { values, positionals } = parseArgs({ options: { force: { type: 'boolean' } }, allowPositionals: true });
  await release(positionals[0] ?? '', values.force === true);
} catch (error) {
  if (!(error instanceof SchemaRuleError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
