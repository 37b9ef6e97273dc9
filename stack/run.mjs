// `node stack/run.mjs start|test|mutants [arguments]`, called by `npm start`, `npm test` and the like. It needs nothing but Node 20. It says
// what else is missing, installs the packages, and runs the program under Node 24, which is one of the packages.
import { spawn, spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readFileSync, statSync } from 'node:fs';
import { constants as os } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const NODE = join(ROOT, 'node_modules', '.bin', 'node');
const PROGRAMS = { start: 'stack/start.ts', test: 'test/run.ts', mutants: 'test/faults/run-mutants.ts' };
/** The program stops the worker (10 s at most) and then the stack. */
const GRACE_MS = 30_000;
/** Under npm one Ctrl-C arrives twice within this time: from the terminal and from npm. A later signal is a second Ctrl-C. */
const SAME_SIGNAL_MS = 1_000;

const [verb, ...args] = process.argv.slice(2);
const program = Object.hasOwn(PROGRAMS, verb ?? '') ? PROGRAMS[verb] : undefined;
if (program === undefined) fail(`Usage: node stack/run.mjs ${Object.keys(PROGRAMS).join('|')} [arguments]`);

const missing = [missingJava(), missingMaven()].filter((sentence) => sentence !== undefined);
if (missing.length > 0) fail(missing.join('\n'));
if (!isInstalled()) install();
run(program, args);

function missingJava() {
  const sentence =
    'Java 17 or newer is missing: the local Kafka and schema registry run on it, so install a JRE or JDK and have `java` on the PATH';
  const asked = spawnSync('java', ['-version'], { encoding: 'utf8' });
  if (asked.error !== undefined || asked.status !== 0) return `${sentence}.`;
  const version = /version "(?:1\.)?(\d+)/.exec(asked.stderr + asked.stdout)?.[1];
  return Number(version) >= 17 ? undefined : `${sentence} (found version ${version ?? 'unknown'}).`;
}

function missingMaven() {
  // It is looked up and not run, since Maven takes half a second to tell its version.
  const found = (process.env.PATH ?? '').split(delimiter).some((directory) => isExecutable(join(directory, 'mvn')));
  return found
    ? undefined
    : 'Maven is missing: it downloads the local Kafka and schema registry, so install it and have `mvn` on the PATH.';
}

function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false; // not there, or not executable for us
  }
}

/** Compares npm's list of installed packages with the lock file. Packages of other platforms may be absent. */
function isInstalled() {
  const installedLock = join(ROOT, 'node_modules', '.package-lock.json');
  if (!existsSync(installedLock) || !existsSync(NODE)) return false;
  const installed = packagesOf(installedLock);
  const current = Object.entries(packagesOf(join(ROOT, 'package-lock.json'))).every(([path, wanted]) => {
    if (path === '') return true; // the project itself
    const there = installed[path];
    if (there === undefined) return wanted.optional === true || wanted.devOptional === true;
    return there.version === wanted.version && there.integrity === wanted.integrity;
  });
  return current && nodeVersion() >= 24;
}

function packagesOf(lockFile) {
  return JSON.parse(readFileSync(lockFile, 'utf8')).packages;
}

/** The major version of the installed Node; 0 when it does not run, as after `npm ci --ignore-scripts`. */
function nodeVersion() {
  const asked = spawnSync(NODE, ['-p', 'process.versions.node'], { encoding: 'utf8' });
  return asked.status === 0 ? Number.parseInt(asked.stdout, 10) : 0;
}

function install() {
  console.log('Installing packages (npm ci) ...');
  // The npm that runs us, if one does, and its Node: ours may be the one in node_modules, which npm deletes first.
  const { npm_execpath: npmFile, npm_node_execpath: npmNode } = process.env;
  const npm = npmFile !== undefined && npmNode !== undefined ? [npmNode, npmFile] : ['npm'];
  const done = spawnSync(npm[0], [...npm.slice(1), 'ci', '--include=dev', '--no-audit', '--no-fund'], {
    cwd: ROOT,
    stdio: 'inherit',
  });
  if (done.signal !== null) process.exit(128 + os.signals[done.signal]);
  if (done.error !== undefined) fail(`npm could not be run: ${done.error.message}.`);
  if (done.status !== 0) fail('Installing the packages failed; npm says why above.');
  if (!existsSync(NODE) || nodeVersion() < 24) {
    fail(
      'The package `node` (version 24) was installed but does not run: allow its install script (`npm ci --ignore-scripts=false`).',
    );
  }
}

/**
 * The program gets a session of its own, so that the terminal's Ctrl-C reaches it once, from here. A second signal would cut
 * its graceful end short.
 */
function run(file, programArgs) {
  const path = [join(ROOT, 'node_modules', '.bin'), process.env.PATH].join(delimiter);
  const child = spawn(NODE, [join(ROOT, file), ...programArgs], {
    cwd: ROOT,
    stdio: 'inherit',
    detached: true,
    // Half of what a short program takes is compiling the same files. The second start finds them compiled.
    env: { NODE_COMPILE_CACHE: join(ROOT, '.cache', 'compiled'), ...process.env, PATH: path },
  });
  // The reaper ends the program should this process be killed.
  const reaper = spawn(NODE, [join(ROOT, 'stack', 'reaper.mjs')], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
    env: {},
  });
  reaper.on('error', () => {}); // the program runs without a reaper, too
  reaper.stdin.on('error', () => {});
  if (child.pid !== undefined)
    reaper.stdin.write(`${JSON.stringify({ watch: child.pid, signal: 'SIGTERM', graceMs: GRACE_MS })}\n`);

  const lastSent = new Map();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      const now = Date.now();
      if (now - (lastSent.get(signal) ?? 0) < SAME_SIGNAL_MS) return;
      lastSent.set(signal, now);
      child.kill(signal);
    });
  }
  child.once('error', (error) => fail(`${NODE} could not be started: ${error.message}.`));
  child.once('exit', (code, signal) => process.exit(code ?? 128 + os.signals[signal]));
}

function fail(sentence) {
  console.error(sentence);
  process.exit(1);
}
