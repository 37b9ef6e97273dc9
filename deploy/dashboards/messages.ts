import type { Dashboard } from './dashboard.ts';
import { increase, ofDatabase, quantile, rate } from './queries.ts';

export const MESSAGES: Dashboard = {
  name: 'licensing-messages',
  title: 'Licensing: messages',
  description: 'What comes in, what becomes of it, and what is set aside.',
  rows: [
    {
      title: 'In and out',
      panels: [
        {
          title: 'Consumed by topic',
          description: 'Records that Kafka has handed over, a second; repetitions after a rebalance included.',
          unit: 'cps',
          queries: [
            {
              expr: `sum by (messaging_destination_name) (${rate('messaging_client_consumed_messages_total')})`,
              legend: '{{messaging_destination_name}}',
            },
          ],
        },
        {
          title: 'Sent by topic',
          description: 'Records that Kafka has acknowledged, a second: one to four events an accepted command.',
          unit: 'cps',
          queries: [
            {
              expr: `sum by (messaging_destination_name) (${rate('messaging_client_sent_messages_total')})`,
              legend: '{{messaging_destination_name}}',
            },
          ],
        },
        {
          title: 'Answers by type, the ten most frequent',
          description: 'Messages handled, by what they are. Statistic rows are most of it as a rule.',
          unit: 'cps',
          queries: [{ expr: `topk(10, sum by (type) (${rate('licensing_answers_total')}))`, legend: '{{type}}' }],
        },
        {
          title: 'Rejections by code',
          description:
            'A rejection is an answer, and no fault of the worker. A code that jumps tells of a producer that has changed: docs/messages.md says what each means.',
          unit: 'cps',
          stacked: true,
          queries: [{ expr: `sum by (code) (${rate('licensing_rejections_total')})`, legend: '{{code}}' }],
        },
      ],
    },
    {
      title: 'Set aside',
      panels: [
        {
          title: 'Open dead letters by reason',
          description:
            'HandlerFailed and FlushFailed are faults of the worker, and ParkedBehind are the messages behind them. The others are those of a producer. `licensing dlq list` names its source.',
          unit: 'short',
          stacked: true,
          queries: [{ expr: ofDatabase('licensing_dead_letters_open', ['reason']), legend: '{{reason}}' }],
          anchor: 'dead-letters',
        },
        {
          title: 'Oldest open dead letter, and parked key',
          description:
            'How long somebody has waited for a decision. A parked key is urgent: its tenant gets no answers.',
          unit: 's',
          queries: [
            { expr: `max(${ofDatabase('licensing_dead_letters_age_seconds', ['reason'])})`, legend: 'dead letter' },
            { expr: ofDatabase('licensing_parked_keys_age_seconds'), legend: 'parked key' },
          ],
          anchor: 'licensingparkedkeys',
        },
        {
          title: 'Messages that can not be read',
          description:
            'By reason, in each interval. None as a rule: they are dead letters, and their producer has to be told.',
          unit: 'short',
          queries: [{ expr: `sum by (reason) (${increase('licensing_decode_failures_total')})`, legend: '{{reason}}' }],
          anchor: 'licensingdecodefailures',
        },
        {
          title: 'Messages that were deleted before they were read',
          description: 'By topic, in each interval. None, ever: retention has overtaken the workers.',
          unit: 'short',
          queries: [
            {
              expr: `sum by (messaging_destination_name) (${increase('licensing_messages_lost_total')})`,
              legend: '{{messaging_destination_name}}',
            },
          ],
          anchor: 'licensingmessageslost',
        },
        {
          title: 'Commands in the wrong partition',
          description:
            'By source, in each interval. They take effect, but the order of a tenant is not kept: its team has to set the partitioner.',
          unit: 'short',
          queries: [
            { expr: `sum by (source) (${increase('licensing_messages_misplaced_total')})`, legend: '{{source}}' },
          ],
          anchor: 'licensingmisplacedcommands',
        },
      ],
    },
    {
      title: 'Chunks',
      panels: [
        {
          title: 'Messages a chunk',
          description: 'A few when idle, up to CHUNK_MAX_MESSAGES when there is much to catch up on.',
          unit: 'short',
          queries: [0.5, 0.95].map((q) => ({ expr: quantile(q, 'licensing_chunk_size'), legend: `p${q * 100}` })),
        },
        {
          title: 'A chunk by step, p95',
          description:
            'Where the time goes. A step that grows alone names the slow part: the database, the worker itself, or Kafka.',
          unit: 's',
          queries: [{ expr: quantile(0.95, 'licensing_chunk_duration_seconds', ['step']), legend: '{{step}}' }],
        },
        {
          title: 'One send to Kafka',
          description: 'Some milliseconds with acks = all. Seconds: a broker is slow, or too few replicas are in sync.',
          unit: 's',
          queries: [0.5, 0.99].map((q) => ({
            expr: quantile(q, 'messaging_client_operation_duration_seconds', [], 'messaging_operation_name="send"'),
            legend: `p${q * 100}`,
          })),
        },
        {
          title: 'Time spent waiting, by dependency',
          description: 'Seconds of waiting a second, over all workers: 1 is one worker that waits all the time.',
          unit: 'short',
          queries: [
            { expr: `sum by (dependency) (${rate('licensing_wait_time_seconds_total')})`, legend: '{{dependency}}' },
          ],
          anchor: 'licensingwaits',
        },
      ],
    },
  ],
};
