import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { ValueType, type Meter } from '@opentelemetry/api';

/** By the semantic conventions for Node.js. The delay is that of the time since the last export. */
export function observeRuntime(meter: Meter): void {
  // Its own timer is unreferenced: it keeps no process alive.
  const delay = monitorEventLoopDelay({ resolution: 10 });
  delay.enable();
  let since = performance.eventLoopUtilization();
  const delays = DELAYS.map(([name, read]) => {
    const options = { unit: 's', description: `Event loop delay: ${name}` };
    return [meter.createObservableGauge(`nodejs.eventloop.delay.${name}`, options), read] as const;
  });
  const utilization = meter.createObservableGauge('nodejs.eventloop.utilization', {
    unit: '1',
    description: 'Event loop utilization',
  });
  const memory = meter.createObservableUpDownCounter('process.memory.usage', {
    unit: 'By',
    description: 'The amount of physical memory in use',
    valueType: ValueType.INT,
  });
  const heap = meter.createObservableUpDownCounter('v8js.memory.heap.used', {
    unit: 'By',
    description: 'Heap memory in use',
    valueType: ValueType.INT,
  });
  const cpu = meter.createObservableCounter('process.cpu.time', { unit: 's', description: 'Total CPU seconds' });
  meter.addBatchObservableCallback(
    (result) => {
      // Nothing was measured yet: the histogram has no numbers.
      if (delay.count > 0) for (const [gauge, read] of delays) result.observe(gauge, read(delay) / 1e9);
      delay.reset();
      const now = performance.eventLoopUtilization();
      result.observe(utilization, performance.eventLoopUtilization(now, since).utilization);
      since = now;
      const { rss, heapUsed } = process.memoryUsage();
      result.observe(memory, rss);
      result.observe(heap, heapUsed);
      const { user, system } = process.cpuUsage();
      result.observe(cpu, user / 1e6, { 'cpu.mode': 'user' });
      result.observe(cpu, system / 1e6, { 'cpu.mode': 'system' });
    },
    [...delays.map(([gauge]) => gauge), utilization, memory, heap, cpu],
  );
}

type Delay = ReturnType<typeof monitorEventLoopDelay>;

/** Nanoseconds. */
const DELAYS: readonly (readonly [name: string, read: (delay: Delay) => number])[] = [
  ['min', ({ min }) => min],
  ['max', ({ max }) => max],
  ['mean', ({ mean }) => mean],
  ['stddev', ({ stddev }) => stddev],
  ['p50', (delay) => delay.percentile(50)],
  ['p90', (delay) => delay.percentile(90)],
  ['p99', (delay) => delay.percentile(99)],
];
