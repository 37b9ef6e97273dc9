import { spawn } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MUTANTS, type Mutant } from './mutants.ts';
import { RESULTS_FOLDER } from './results.ts';

// `npm run test:faults:mutants [-- part of a name]`: breaks one guard after the other in a copy of the tree, runs the cases that should
// notice, and prints which of them complained, and of what. The same cases run on an unbroken copy first, since a case that fails there
// would complain of anything. Every mutant must be noticed. One that can't be told is a failure, too: its patch is out of date, its worker
// does not even start, or its cases fail without it.

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const COPIED = [
  ...['src', 'migrations', 'schemas', 'stack', 'test', 'bench', 'docs', 'deploy', 'clients/typescript'],
  ...['README.md', 'CHANGELOG.md', 'Dockerfile', 'package.json', 'jest.config.js', 'tsconfig.json'],
];
const SHOWN = 280;
/** The complaint of a case whose worker ends while it boots: then no guard was tried. */
const NOT_STARTED = /ended before it logged 'the worker works'/;

interface Verdict {
  readonly what: 'noticed' | 'NOT NOTICED' | 'CAN NOT BE TOLD';
  readonly why: string;
}

/** How a run of cases ended. Without numbers it did not come to its end. */
interface Run {
  readonly passed: number | undefined;
  readonly failed: number | undefined;
  readonly complaints: readonly string[];
  readonly said: string;
}

const wanted = process.argv.slice(2).join(' ');
const mutants = MUTANTS.filter(({ name }) => name.includes(wanted));
const controls = new Map<string, Run>();
const interrupted = new AbortController();
process.once('SIGINT', () => interrupted.abort()).once('SIGTERM', () => interrupted.abort());
let [noticed, missed] = [0, 0];
for (const mutant of mutants) {
  if (interrupted.signal.aborted) break;
  const { what, why } = await judge(mutant);
  if (what === 'noticed') noticed += 1;
  else missed += 1;
  console.log(`${what}  ${mutant.name}\n    ${why}`);
}
console.log(`${noticed} passed, ${missed} failed`);
process.exitCode = noticed === mutants.length && noticed > 0 ? 0 : 1;

async function judge({ patches, cases, level = 'faults' }: Mutant): Promise<Verdict> {
  // Inside the project, so that packages are found from there.
  const cache = join(ROOT, '.cache');
  await mkdir(cache, { recursive: true });
  const copy = await mkdtemp(join(cache, 'mutant-'));
  try {
    await copyTree(copy);
    const stale = await outdated(copy, patches);
    if (stale !== undefined) return { what: 'CAN NOT BE TOLD', why: stale };
    const control = controls.get(cases) ?? (await run(copy, level, cases));
    controls.set(cases, control);
    if (control.failed !== 0 || (control.passed ?? 0) === 0) {
      return { what: 'CAN NOT BE TOLD', why: `with nothing broken: ${toldBy(control)}` };
    }
    for (const patch of patches) await apply(copy, patch);
    return verdictOf(await run(copy, level, cases));
  } finally {
    await rm(copy, { recursive: true, force: true });
  }
}

function verdictOf(broken: Run): Verdict {
  const why = toldBy(broken);
  if (broken.failed === undefined || NOT_STARTED.test(broken.said)) return { what: 'CAN NOT BE TOLD', why };
  if (broken.failed === 0) return { what: 'NOT NOTICED', why };
  // A test file that does not load fails as well, but without a complaint of a case.
  return { what: broken.complaints.length > 0 ? 'noticed' : 'CAN NOT BE TOLD', why };
}

function toldBy({ passed, failed, complaints, said }: Run): string {
  if (failed === undefined) return `the suite did not end: ${said.slice(-SHOWN)}`;
  return complaints.length > 0 ? complaints.join('\n    ') : `${passed ?? 0} passed, ${failed} failed`;
}

async function copyTree(copy: string): Promise<void> {
  for (const name of COPIED) await cp(join(ROOT, name), join(copy, name), { recursive: true });
  for (const name of ['node_modules', '.cache']) await symlink(join(ROOT, name), join(copy, name));
}

/** @returns a sentence about the first patch that does not fit the sources; undefined when all fit */
async function outdated(copy: string, patches: Mutant['patches']): Promise<string | undefined> {
  for (const { file, find } of patches) {
    const found = (await readFile(join(copy, file), 'utf8')).split(find).length - 1;
    if (found !== 1) return `out of date: ${file} holds ${JSON.stringify(find)} ${found} times`;
  }
  return undefined;
}

async function apply(copy: string, { file, find, replace }: Mutant['patches'][number]): Promise<void> {
  const path = join(copy, file);
  const text = await readFile(path, 'utf8');
  await writeFile(
    path,
    text.replace(find, () => replace),
  );
}

async function run(copy: string, level: string, cases: string): Promise<Run> {
  const child = spawn(process.execPath, ['test/run.ts', level, '--testNamePattern', `^${cases}`], {
    cwd: copy,
    stdio: ['ignore', 'pipe', 'pipe'],
    // Results of broken code are not kept.
    env: { ...process.env, [RESULTS_FOLDER]: join(copy, 'results') },
  });
  const end = (): boolean => child.kill();
  process.once('exit', end);
  interrupted.signal.addEventListener('abort', end);
  if (interrupted.signal.aborted) end();
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (said += text));
  }
  await new Promise((resolve) => child.once('close', resolve));
  process.removeListener('exit', end);
  const [, passed, failed] = /^(\d+) passed, (\d+) failed$/m.exec(said) ?? [];
  return {
    passed: passed === undefined ? undefined : Number(passed),
    failed: failed === undefined ? undefined : Number(failed),
    complaints: complaintsIn(said),
    said,
  };
}

/** The name of each case that failed, with its first complaint. */
function complaintsIn(said: string): readonly string[] {
  const complaints = said.matchAll(/^ {2}● (.+)\n\n((?: {4}.+\n){1,2})/gm);
  const told = [...complaints].map(([, what = '', reason = '']) =>
    `${what}: ${reason.trim().replace(/\s+/g, ' ')}`.slice(0, SHOWN),
  );
  return [...new Set(told)]; // jest repeats them at the end of a long run
}
