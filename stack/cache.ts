import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { StackError } from './errors.ts';
import { processStart } from './process-tree.ts';

const UNFINISHED = /^unfinished-(\d+)-/;

const building = new Map<string, Promise<string>>();

/**
 * The directory, made by `build` if it is not there yet. It is built under another name and renamed at the end, so what
 * an interrupted run leaves behind never counts as complete.
 */
export function ensureCached(directory: string, build: (unfinished: string) => Promise<void>): Promise<string> {
  const underWay = building.get(directory);
  if (underWay !== undefined) return underWay;
  const built = buildOnce(directory, build).finally(() => building.delete(directory));
  building.set(directory, built);
  return built;
}

async function buildOnce(directory: string, build: (unfinished: string) => Promise<void>): Promise<string> {
  if (existsSync(directory)) return directory;
  const cache = dirname(directory);
  await mkdir(cache, { recursive: true });
  await removeUnfinished(cache);
  const unfinished = join(cache, `unfinished-${process.pid}-${basename(directory)}`);
  await mkdir(unfinished);
  try {
    await build(unfinished);
    await rename(unfinished, directory);
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    // Two runs have built it at the same time, and the other one was first: its result is as good.
    if (!existsSync(directory)) throw error;
  }
  return directory;
}

/** Copies a directory with owners, modes and links as they are; `target` must not exist. */
export function copyDirectory(source: string, target: string): Promise<void> {
  return new Promise((resolve, reject) => {
    // `cp`, because fs.cp makes the caller the owner, and under root PostgreSQL's files belong to another user.
    const child = spawn('cp', ['-Rp', source, target], { stdio: ['ignore', 'ignore', 'pipe'] });
    let complaint = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (complaint += text));
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve();
      else reject(new StackError(`Copying ${source} to ${target} failed: ${complaint.trim()}`));
    });
  });
}

async function removeUnfinished(cache: string): Promise<void> {
  for (const name of await readdir(cache)) {
    const owner = UNFINISHED.exec(name)?.[1];
    if (owner === undefined || processStart(Number(owner)) !== undefined) continue; // somebody is still at it
    await rm(join(cache, name), { recursive: true, force: true });
  }
}
