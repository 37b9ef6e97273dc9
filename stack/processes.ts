import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { sendSignal } from './process-tree.ts';

export interface ChildSpec {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** stdout and stderr are appended here; a child never holds the parent's own. */
  readonly logFile: string;
  /** Run as this user; only root can ask for another one. */
  readonly uid?: number;
  readonly gid?: number;
  /** The signal that ends it gracefully. */
  readonly stopSignal: NodeJS.Signals;
}

export interface ChildExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Set when it could not even be started. */
  readonly error?: Error;
}

export interface Child {
  /** The real pid of the command itself: there is no shell in between. Undefined when it could not be started. */
  readonly pid: number | undefined;
  /** Undefined while it runs. */
  readonly exit: ChildExit | undefined;
  readonly exited: Promise<ChildExit>;
}

const GRACE_MS = 4_000;

interface Reaper {
  readonly tell: (order: Readonly<Record<string, string | number>>) => void;
}

let reaper: Reaper | undefined;
const living = new Map<number, NodeJS.Signals>();

/**
 * Starts a child that does not survive this process. The reaper stops it when this process ends in whatever way, so no
 * signal handler is needed here: those belong to the program, which knows what has to be finished first.
 * The child gets a session of its own, because a Ctrl-C in the terminal would otherwise stop the broker and the database
 * under a worker that is still finishing its chunk.
 */
export function spawnChild(spec: ChildSpec): Child {
  reaper ??= startReaper();
  const { tell } = reaper;
  const log = openSync(spec.logFile, 'a');
  const child = spawn(spec.command, spec.args, {
    cwd: spec.cwd,
    env: { ...process.env, ...spec.env },
    stdio: ['ignore', log, log],
    detached: true,
    ...(spec.uid === undefined ? {} : { uid: spec.uid }),
    ...(spec.gid === undefined ? {} : { gid: spec.gid }),
  });
  closeSync(log);
  const pid = child.pid;
  if (pid !== undefined) {
    living.set(pid, spec.stopSignal);
    tell({ watch: pid, signal: spec.stopSignal, graceMs: GRACE_MS });
  }
  let exit: ChildExit | undefined;
  const exited = new Promise<ChildExit>((resolve) => {
    const settle = (how: ChildExit): void => {
      exit = how;
      if (pid !== undefined && living.delete(pid)) tell({ forget: pid });
      resolve(how);
    };
    child.once('exit', (code, signal) => settle({ code, signal }));
    // 'error' also comes when a signal could not be sent; only a failed start ends the child.
    child.on('error', (error) => {
      if (pid === undefined) settle({ code: null, signal: null, error });
    });
  });
  return {
    pid,
    exited,
    get exit() {
      return exit;
    },
  };
}

/** The directory is deleted when this process dies without having called {@link keepAtDeath}. */
export function removeAtDeath(directory: string): void {
  reaper ??= startReaper();
  reaper.tell({ remove: directory });
}

export function keepAtDeath(directory: string): void {
  reaper?.tell({ keep: directory });
}

function startReaper(): Reaper {
  const child = spawn(process.execPath, [fileURLToPath(new URL('./reaper.mjs', import.meta.url))], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
    // The reaper must not get NODE_OPTIONS of a test runner or a debugger.
    env: {},
  });
  const pipe = child.stdin;
  // Without a reaper, the exit hook below still covers every end but SIGKILL, so the work goes on.
  pipe.on('error', () => undefined);
  child.on('error', () => undefined);
  child.unref();
  if (pipe instanceof Socket) pipe.unref();
  process.once('exit', () => {
    for (const [pid, signal] of living) sendSignal(pid, signal);
  });
  return { tell: (order) => void pipe.write(`${JSON.stringify(order)}\n`) };
}
