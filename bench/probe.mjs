// `node --import` loads this file into a worker. Every second it writes a line about memory and event loop to the file named in BENCH_PROBE.
import { appendFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';

const delay = monitorEventLoopDelay({ resolution: 5 });
delay.enable();
const timer = setInterval(() => {
  const { rss, heapUsed } = process.memoryUsage();
  const line = { time: Date.now(), rss, heapUsed, loopDelayP99: delay.percentile(99) / 1e6 };
  delay.reset();
  appendFileSync(process.env.BENCH_PROBE, `${JSON.stringify(line)}\n`);
}, 1_000);
timer.unref();
