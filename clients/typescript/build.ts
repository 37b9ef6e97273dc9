// Builds the package: `npm run build`, and by itself before `npm pack`. Needs the repository around it, with its packages installed.
import { spawnSync } from 'node:child_process';
import { cpSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const HERE = import.meta.dirname;
const GENERATED = join(HERE, '..', '..', 'src', 'generated');
/** What these say is only that the real ones lie in `src/generated`, which the package does not have. */
const REPLACED = ['messages.ts', 'schemas.ts'];

const build = join(HERE, 'build');
for (const folder of [build, join(HERE, 'dist')]) rmSync(folder, { recursive: true, force: true });
cpSync(join(HERE, 'src'), build, { recursive: true });
for (const file of REPLACED) cpSync(join(GENERATED, file), join(build, file));
const tsc = join(dirname(fileURLToPath(import.meta.resolve('typescript'))), '..', 'bin', 'tsc');
const { status } = spawnSync(process.execPath, [tsc, '-p', join(HERE, 'tsconfig.build.json')], { stdio: 'inherit' });
rmSync(build, { recursive: true });
process.exitCode = status ?? 1;
