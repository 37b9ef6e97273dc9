import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { platform } from 'node:os';

interface ProcessEntry {
  readonly pid: number;
  readonly parent: number;
  /** Distinguishes a process from a later one that was given the same pid. */
  readonly startedAt: string;
  readonly zombie: boolean;
}

/** The pids of a process and of all its descendants, the root first; empty when it has ended. */
export function processTree(root: number): readonly number[] {
  const entries = allProcesses();
  const tree: number[] = [];
  const visit = (pid: number): void => {
    tree.push(pid);
    for (const entry of entries) if (entry.parent === pid && !entry.zombie) visit(entry.pid);
  };
  if (entries.some((entry) => entry.pid === root && !entry.zombie)) visit(root);
  return tree;
}

/** When the process started, in the system's own notation; undefined when it has ended, as a zombie has. */
export function processStart(pid: number): string | undefined {
  const entry = platform() === 'linux' ? linuxProcess(pid) : allProcesses().find((one) => one.pid === pid);
  return entry === undefined || entry.zombie ? undefined : entry.startedAt;
}

/** Sends the signal. @returns false when the process has ended already */
export function sendSignal(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal);
  } catch (error) {
    // Not `instanceof Error`: under jest the error may come from another realm.
    if (typeof error === 'object' && error !== null && 'code' in error && error.code === 'ESRCH') return false;
    throw error;
  }
}

function allProcesses(): readonly ProcessEntry[] {
  if (platform() !== 'linux') return processesByPs();
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => linuxProcess(Number(name)))
    .filter((entry) => entry !== undefined);
}

/** Reads /proc and not `ps`, because slim containers have no `ps`. */
function linuxProcess(pid: number): ProcessEntry | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined; // it ended between the listing and the reading
  }
  // The second field is the command's name in brackets and may hold blanks and brackets itself.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { pid, parent: Number(fields[1]), startedAt: fields[19] ?? '', zombie: fields[0] === 'Z' };
}

function processesByPs(): readonly ProcessEntry[] {
  const table = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,stat=,lstart='], { encoding: 'utf8' });
  return table
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields.length > 4)
    .map((fields) => ({
      pid: Number(fields[0]),
      parent: Number(fields[1]),
      zombie: (fields[2] ?? '').startsWith('Z'),
      startedAt: fields.slice(3).join(' '),
    }));
}
