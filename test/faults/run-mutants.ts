import { spawn } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MUTANTS, type Mutant } from './mutants.ts';
import { RESULTS_FOLDER } from './results.ts';

// `npm run test:faults:mutants [-- part of a name]`: breaks one guard after the other in a copy of the tree, runs the cases that should
// notice, and prints which did. Every mutant must be noticed. A patch that no longer applies is a failure too.

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const COPIED = ['src', 'migrations', 'schemas', 'stack', 'test', 'package.json', 'jest.config.js', 'tsconfig.json'];
const SHOWN = 140;

interface Verdict {
  readonly mutant: Mutant;
  readonly noticed: boolean;
  readonly by: string;
}

const wanted = process.argv.slice(2).join(' ');
const verdicts: Verdict[] = [];
for (const mutant of MUTANTS.filter(({ name }) => name.includes(wanted))) {
  const verdict = await judge(mutant);
  verdicts.push(verdict);
  console.log(`${verdict.noticed ? 'noticed' : 'NOT NOTICED'}  ${mutant.name}\n    ${verdict.by}`);
}
const missed = verdicts.filter(({ noticed }) => !noticed).length;
console.log(`${verdicts.length - missed} passed, ${missed} failed`);
process.exitCode = missed === 0 && verdicts.length > 0 ? 0 : 1;

async function judge(mutant: Mutant): Promise<Verdict> {
  // Inside the project, so that packages are found from there.
  const copy = await mkdtemp(join(ROOT, '.cache', 'mutant-'));
  try {
    await copyTree(copy);
    for (const patch of mutant.patches) await apply(copy, patch);
    const said = await run(copy, mutant.cases);
    const [, passed, failed] = /^(\d+) passed, (\d+) failed$/m.exec(said) ?? [];
    if (failed === undefined) return { mutant, noticed: false, by: `the suite did not end: ${said.slice(-SHOWN)}` };
    return { mutant, noticed: Number(failed) > 0, by: reasonsIn(said) || `${passed} cases passed` };
  } finally {
    await rm(copy, { recursive: true, force: true });
  }
}

async function copyTree(copy: string): Promise<void> {
  for (const name of COPIED) await cp(join(ROOT, name), join(copy, name), { recursive: true });
  for (const name of ['node_modules', '.cache']) await symlink(join(ROOT, name), join(copy, name));
}

async function apply(copy: string, { file, find, replace }: Mutant['patches'][number]): Promise<void> {
  const path = join(copy, file);
  const text = await readFile(path, 'utf8');
  const found = text.split(find).length - 1;
  if (found !== 1) throw new Error(`${file} holds ${JSON.stringify(find)} ${found} times: the mutant is out of date`);
  await writeFile(
    path,
    text.replace(find, () => replace),
  );
}

/** @returns all that the cases said */
async function run(copy: string, cases: string): Promise<string> {
  const child = spawn(process.execPath, ['test/run.ts', 'faults', '--testNamePattern', `^${cases}`], {
    cwd: copy,
    stdio: ['ignore', 'pipe', 'pipe'],
    // What a broken worker has survived is not kept.
    env: { ...process.env, [RESULTS_FOLDER]: join(copy, 'results') },
  });
  const end = (): boolean => child.kill();
  process.once('exit', end);
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (said += text));
  }
  await new Promise((resolve) => child.once('close', resolve));
  process.removeListener('exit', end);
  return said;
}

/** Of each case that failed, its name and the first thing that it complains about. */
function reasonsIn(said: string): string {
  const complaints = said.matchAll(/^ {2}● (.+)\n\n((?: {4}.+\n){1,2})/gm);
  return [...complaints]
    .map(([, name, reason = '']) => `${name}: ${reason.trim().replace(/\s+/g, ' ')}`.slice(0, 2 * SHOWN))
    .join('\n    ');
}
