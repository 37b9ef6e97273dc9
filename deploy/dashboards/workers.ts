import type { Dashboard } from './dashboard.ts';
import { OF_WORKER, rate } from './queries.ts';

export const WORKERS: Dashboard = {
  name: 'licensing-workers',
  title: 'Licensing: workers',
  description: 'Each process by itself.',
  rows: [
    {
      title: 'Work',
      panels: [
        {
          title: 'Answers by worker',
          description: 'All alike when partitions and keys are spread. A worker at 0 holds no partition, or waits.',
          unit: 'cps',
          stacked: true,
          queries: [{ expr: `sum by (instance) (${rate('licensing_answers_total')})`, legend: '{{instance}}' }],
        },
        {
          title: 'Waiting in the lanes',
          description:
            'Messages that are decoded, and not in a transaction yet. Bounded by CHUNK_MAX_MESSAGES a lane; full lanes hold back the consumer, which is right.',
          unit: 'short',
          queries: [{ expr: `sum by (instance) (licensing_lane_queue${OF_WORKER})`, legend: '{{instance}}' }],
        },
      ],
    },
    {
      title: 'Process',
      panels: [
        {
          title: 'Memory',
          description: 'Resident. 200 to 500 MB under load; the limit of the container has to lie above it.',
          unit: 'bytes',
          queries: [{ expr: `max by (instance) (process_memory_usage_bytes${OF_WORKER})`, legend: '{{instance}}' }],
          anchor: 'sizing',
        },
        {
          title: 'CPU',
          description: 'Of one core. A worker that is busy takes about one; it decides in one thread.',
          unit: 'percentunit',
          queries: [{ expr: `sum by (instance) (${rate('process_cpu_time_seconds_total')})`, legend: '{{instance}}' }],
          anchor: 'sizing',
        },
        {
          title: 'Heap in use',
          description: 'Goes up and down with garbage collection. A floor that rises for hours is a leak.',
          unit: 'bytes',
          queries: [{ expr: `max by (instance) (v8js_memory_heap_used_bytes${OF_WORKER})`, legend: '{{instance}}' }],
        },
        {
          title: 'Event loop delay, p99',
          description:
            'Some 10 to 50 ms under load. Longer than half a second: too little CPU, or messages that take long to decide.',
          unit: 's',
          limits: { bad: 0.5 },
          queries: [
            { expr: `max by (instance) (nodejs_eventloop_delay_p99_seconds${OF_WORKER})`, legend: '{{instance}}' },
          ],
          anchor: 'licensingeventloopdelay',
        },
      ],
    },
  ],
};
