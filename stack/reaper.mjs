// Outlives the process that started it by some seconds, and stops what that process left behind. It holds the reading end of
// a pipe. However its parent ends, SIGKILL included, the system closes the pipe: that is the sign to clean up.
//
// Each line on the pipe is one JSON object:
//   {"watch": pid, "signal": "SIGTERM", "graceMs": 4000}   stop this process (and its descendants) in the end
//   {"forget": pid}                                        it has ended by itself
//   {"remove": path} / {"keep": path}                      delete this directory in the end / no longer
//
// It is started in a session of its own, so a Ctrl-C in the terminal does not reach it.
import { rmSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { processStart, processTree, sendSignal } from './process-tree.ts';

const watched = new Map();
const toRemove = new Set();

// A signal meant for the parent's group must not end the one process that cleans up.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {});

for await (const line of createInterface({ input: process.stdin })) {
  const order = JSON.parse(line);
  if (order.watch !== undefined) watched.set(order.watch, { ...order, startedAt: processStart(order.watch) });
  if (order.forget !== undefined) watched.delete(order.forget);
  if (order.remove !== undefined) toRemove.add(order.remove);
  if (order.keep !== undefined) toRemove.delete(order.keep);
}

await Promise.all([...watched.values()].map(stop));
for (const path of toRemove) rmSync(path, { recursive: true, force: true, maxRetries: 5 });

async function stop({ watch: root, signal, graceMs, startedAt }) {
  if (startedAt === undefined || processStart(root) !== startedAt) return; // it has ended, or another process has its pid
  const left = new Map(processTree(root).map((pid) => [pid, processStart(pid)]));
  const living = () => [...left].filter(([pid, start]) => start !== undefined && processStart(pid) === start);
  sendSignal(root, signal);
  // A process that a test has frozen takes the signal only once it runs again.
  for (const [pid] of living()) sendSignal(pid, 'SIGCONT');
  const deadline = Date.now() + graceMs;
  while (living().length > 0 && Date.now() < deadline) await sleep(50);
  for (const [pid] of living()) sendSignal(pid, 'SIGKILL');
  while (living().length > 0) await sleep(20);
}
