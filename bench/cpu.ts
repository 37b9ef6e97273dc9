import { readdir, readFile } from 'node:fs/promises';
import { cpus } from 'node:os';

/** CPU seconds (user + system) that a process and those it has waited for have used. Linux' /proc; elsewhere undefined. */
export async function cpuSeconds(pid: number, withChildren = false): Promise<number> {
  const own = await ticksOf(pid);
  if (!withChildren) return own / TICKS_PER_SECOND;
  const children = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const ticks = await Promise.all(
    children.map(async (child) => ((await parentOf(child)) === pid ? ticksOf(child) : 0)),
  );
  return ticks.reduce((sum, one) => sum + one, own) / TICKS_PER_SECOND;
}

/** Seconds that the cores of the machine were busy since it started, with whatever runs on it: all of them together. Linux' /proc. */
export async function busySeconds(): Promise<number> {
  return busySecondsOf(await readFile('/proc/stat', 'utf8'));
}

/** @param stat what proc(5) calls /proc/stat */
export function busySecondsOf(stat: string): number {
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = (/^cpu +(.+)$/m.exec(stat)?.[1] ?? '')
    .split(' ')
    .map(Number);
  return (user + nice + system + irq + softirq) / TICKS_PER_SECOND;
}

/** The share of all cores' time that was busy: 1 when none of them ever rested. */
export function busyShare(busy: number, seconds: number, cores: number = cpus().length): number {
  return busy / (seconds * cores);
}

/** The most resident memory that a process ever had, in MB. */
export async function peakMemory(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Math.round(Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? Number.NaN) / 1_024);
}

/** sysconf(_SC_CLK_TCK), 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

async function fieldsOf(pid: number): Promise<readonly string[]> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return []; // it has ended; its time is part of its parent's
  }
}

/** Fields 14 to 17 of proc(5): utime, stime, and those of children that were waited for. */
async function ticksOf(pid: number): Promise<number> {
  const fields = await fieldsOf(pid);
  return fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
}

async function parentOf(pid: number): Promise<number> {
  return Number((await fieldsOf(pid))[1] ?? 0);
}
