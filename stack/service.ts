import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { PortTakenError, StackError } from './errors.ts';
import { processStart, processTree, sendSignal } from './process-tree.ts';
import { spawnChild } from './processes.ts';
import type { Child, ChildExit, ChildSpec } from './processes.ts';

/** One server of the stack. Every method may be called in any state, and returns at once when it has nothing to do. */
export interface Service {
  readonly name: string;
  readonly port: number;
  readonly logFile: string;
  /** The server's own pid (of `java`, of the postmaster), undefined while it is down. */
  readonly pid: number | undefined;
  /** Starts it again on the same port with the same data; resolves when it answers. Throws a StackError with the log's end. */
  readonly start: () => Promise<void>;
  /** Ends it gracefully; resolves when the process is gone. */
  readonly stop: () => Promise<void>;
  /** Rejects with a StackError, with the log's end, once the process that runs now has ended, whoever ended it. */
  readonly failure: () => Promise<never>;
  /** SIGKILL to it and its descendants; resolves when they are gone. */
  readonly kill: () => Promise<void>;
  /** SIGSTOP and SIGCONT freeze and thaw the descendants too; any other signal goes to the server alone. */
  readonly signal: (signal: NodeJS.Signals) => void;
}

/** Takes one line for the person at the terminal. */
export type Log = (line: string) => void;

/** Where a service lives. */
export interface ServiceSurroundings {
  readonly cacheDir: string;
  /** Data, settings and log of this run. */
  readonly runDir: string;
  readonly log: Log;
}

export interface ManagedService extends Service {
  /** Like `stop`, with another signal. */
  readonly endWith: (signal: NodeJS.Signals) => Promise<void>;
}

export interface ServiceSpec {
  readonly name: string;
  readonly port: number;
  readonly logFile: string;
  readonly stopSignal: NodeJS.Signals;
  /** The command line; asked for at each start. */
  readonly launch: () => Omit<ChildSpec, 'logFile' | 'stopSignal'>;
  /** Resolves when the server answers a real request; a rejection means: not yet. */
  readonly probe: () => Promise<void>;
  /** Called after each graceful end. */
  readonly afterGracefulEnd?: () => Promise<void>;
}

const READY_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 20_000;
const PROBE_PAUSE_MS = 30;
/** A line between two starts in a log, so that an error shows nothing of an earlier start. */
const START_MARK = '---';

export function createService(spec: ServiceSpec): ManagedService {
  let child: Child | undefined;
  const running = (): Child | undefined => (child !== undefined && child.exit === undefined ? child : undefined);

  const kill = async (): Promise<void> => {
    const target = running();
    if (target?.pid === undefined) return;
    // Frozen first, so that no descendant is born between the listing and the killing.
    sendSignal(target.pid, 'SIGSTOP');
    const tree = processTree(target.pid).map((pid) => ({ pid, startedAt: processStart(pid) }));
    for (const { pid } of tree) sendSignal(pid, 'SIGKILL');
    await target.exited;
    while (tree.some(({ pid, startedAt }) => startedAt !== undefined && processStart(pid) === startedAt))
      await sleep(5);
  };

  const endWith = async (signal: NodeJS.Signals): Promise<void> => {
    const target = running();
    if (target?.pid === undefined) return;
    sendSignal(target.pid, signal);
    for (const pid of processTree(target.pid)) sendSignal(pid, 'SIGCONT'); // a test may have frozen it
    const timeout = new AbortController();
    const inTime = await Promise.race([
      target.exited.then(() => true),
      sleep(STOP_TIMEOUT_MS, false, { signal: timeout.signal }).catch(() => true),
    ]);
    timeout.abort();
    if (!inTime) return kill();
    await spec.afterGracefulEnd?.();
  };

  const start = async (): Promise<void> => {
    if (running() !== undefined) return;
    appendFileSync(spec.logFile, `${START_MARK} ${new Date().toISOString()} start on port ${spec.port}\n`);
    const started = spawnChild({ ...spec.launch(), logFile: spec.logFile, stopSignal: spec.stopSignal });
    child = started;
    const deadline = Date.now() + READY_TIMEOUT_MS;
    for (;;) {
      if (started.exit !== undefined) throw notUp(spec, describeExit(started.exit));
      try {
        await spec.probe();
        // Another process may have taken the port, and be the one that answers.
        if (!hasExited(started)) return;
      } catch (error) {
        if (Date.now() < deadline) {
          await sleep(PROBE_PAUSE_MS);
          continue;
        }
        await kill();
        throw notUp(
          spec,
          `no answer within ${READY_TIMEOUT_MS / 1000} s (${error instanceof Error ? error.message : String(error)})`,
        );
      }
    }
  };

  return {
    name: spec.name,
    port: spec.port,
    logFile: spec.logFile,
    get pid() {
      return running()?.pid;
    },
    start,
    failure: async () => {
      const exit = await child?.exited;
      throw hasEnded(spec.name, exit, spec.logFile);
    },
    stop: () => endWith(spec.stopSignal),
    endWith,
    kill,
    signal: (signal) => {
      const pid = running()?.pid;
      if (pid === undefined) return;
      if (signal !== 'SIGSTOP' && signal !== 'SIGCONT') return void sendSignal(pid, signal);
      sendSignal(pid, signal); // the parent first: a frozen process starts no more children
      for (const descendant of processTree(pid)) sendSignal(descendant, signal);
    },
  };
}

/** The last lines of the newest start in a log, for an error message. */
export function tailOf(file: string, lines = 20): string {
  if (!existsSync(file)) return '(no log was written)';
  const all = readFileSync(file, 'utf8').trimEnd().split('\n');
  const start = all.findLastIndex((line) => line.startsWith(START_MARK));
  return all.slice(Math.max(start + 1, all.length - lines)).join('\n');
}

/** @param exit undefined: it was never started */
export function hasEnded(name: string, exit: ChildExit | undefined, logFile: string): StackError {
  const headline = `${name} ${exit === undefined ? 'does not run' : describeExit(exit)}`;
  return new StackError(`${headline}; its log is ${logFile}, the last lines:\n${tailOf(logFile)}`, headline);
}

export function describeExit(exit: ChildExit): string {
  if (exit.error !== undefined) return `could not be started: ${exit.error.message}`;
  return exit.signal === null ? `ended with exit code ${exit.code ?? '?'}` : `ended by ${exit.signal}`;
}

/** A function, since the compiler assumes that a field keeps its value across an `await`. */
function hasExited({ exit }: Child): boolean {
  return exit !== undefined;
}

function notUp(spec: ServiceSpec, why: string): StackError {
  const tail = tailOf(spec.logFile);
  const text = `${spec.name} did not come up on 127.0.0.1:${spec.port}: ${why}. Its log is ${spec.logFile}; the last lines:\n${tail}`;
  // What Kafka, Quarkus and PostgreSQL say of a port that is taken.
  const taken =
    /Address already in use|already bound|seems to be (?:used|in use)|already in use by|BindException|could not bind/i.test(
      tail,
    );
  return taken ? new PortTakenError(text) : new StackError(text);
}
