import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sendSignal } from './process-tree.ts';
import { spawnChild } from './processes.ts';
import { hasEnded } from './service.ts';

export interface WorkerProcess {
  readonly logFile: string;
  /** Rejects when the worker ends though nobody asked it to. */
  readonly failure: Promise<never>;
  /** Lets it finish its chunk, commit and leave its group; resolves when it has ended. */
  readonly stop: () => Promise<void>;
}

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const STOP_TIMEOUT_MS = 12_000;

/** Starts the real worker, as a child that does not survive this process. */
export function startWorker(environment: Readonly<Record<string, string>>, runDir: string): WorkerProcess {
  const logFile = join(runDir, 'worker.log');
  const child = spawnChild({
    command: process.execPath,
    args: [MAIN, 'worker'],
    env: environment,
    logFile,
    stopSignal: 'SIGTERM',
  });
  let asked = false;
  const failure = new Promise<never>((_, reject) => {
    void child.exited.then((exit) => {
      if (!asked) reject(hasEnded('The worker', exit, logFile));
    });
  });
  failure.catch(() => undefined); // it may end before somebody listens
  return {
    logFile,
    failure,
    stop: async () => {
      asked = true;
      if (child.pid === undefined || child.exit !== undefined) return;
      sendSignal(child.pid, 'SIGTERM');
      const { pid } = child;
      const impatient = setTimeout(() => sendSignal(pid, 'SIGKILL'), STOP_TIMEOUT_MS);
      await child.exited;
      clearTimeout(impatient);
    },
  };
}
