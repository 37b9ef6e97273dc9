import type { Dashboard, Panel } from './dashboard.ts';
import { LAG, OF_WORKER, ofDatabase, quantile, rate } from './queries.ts';

function now(title: string, expr: string, rest: Omit<Panel, 'title' | 'queries' | 'kind'>): Panel {
  return { title, kind: 'stat', queries: [{ expr, legend: title }], ...rest };
}

export const OVERVIEW: Dashboard = {
  name: 'licensing-overview',
  title: 'Licensing: overview',
  description:
    'Whether all is well, and if not, where to look: what waits, what is done, how long it takes, and what is owed.',
  rows: [
    {
      title: 'Now',
      panels: [
        now('Workers', `count(count by (instance) (licensing_lane_queue${OF_WORKER}))`, {
          description:
            'Processes that export metrics. As many as were started; "No data" means that none runs, or none reaches the collector. One that has ended counts for some minutes more.',
          unit: 'short',
          anchor: 'licensingnoworker',
        }),
        now('Lag', `sum(${LAG})`, {
          description: 'Messages that wait in the source topics. Near 0, and back there after a burst.',
          unit: 'short',
          limits: { warn: 10_000, bad: 100_000 },
          anchor: 'licensinglaggrows',
        }),
        now('Parked keys', ofDatabase('licensing_parked_keys_open'), {
          description:
            'Tenants and users who get no answers, behind a message that failed by a fault of the worker. Always 0.',
          unit: 'short',
          limits: { bad: 1 },
          anchor: 'licensingparkedkeys',
        }),
        now('Open dead letters', `sum(${ofDatabase('licensing_dead_letters_open', ['reason'])})`, {
          description:
            'Messages that were set aside, and that nobody has decided on yet. 0 as a rule; `licensing dlq list` shows them.',
          unit: 'short',
          limits: { warn: 1, bad: 100 },
          anchor: 'licensingdeadlettersopen',
        }),
        now('Outbox, oldest', ofDatabase('licensing_outbox_age_seconds'), {
          description: 'How long an event has waited for Kafka. Below a second or two.',
          unit: 's',
          limits: { warn: 10, bad: 120 },
          anchor: 'licensingoutboxold',
        }),
        now('Timers, latest', ofDatabase('licensing_timers_age_seconds'), {
          description:
            'How late the oldest thing is that time should have done. A second or two; the lag of the commands comes on top.',
          unit: 's',
          limits: { warn: 10, bad: 60 },
          anchor: 'licensingtimerslate',
        }),
        now('Entitlements, oldest', ofDatabase('licensing_entitlements_age_seconds'), {
          description: 'How long services have not been told of a decision. Below a second.',
          unit: 's',
          limits: { warn: 10, bad: 60 },
          anchor: 'licensingentitlementslate',
        }),
        now('Waits', `sum(max by (dependency) (licensing_waits_open${OF_WORKER})) or vector(0)`, {
          description:
            'Systems that a worker waits for. Always 0: a wait is an outage of that system, or a setting that it refuses.',
          unit: 'short',
          limits: { bad: 1 },
          anchor: 'licensingwaits',
        }),
      ],
    },
    {
      title: 'Lag and throughput',
      panels: [
        {
          title: 'Lag by topic',
          description:
            'Bursts that go back to 0 are normal. If it grows while answers come, start more workers; if no answers come, see Waits. On the look-ups alone the user domain is the cause.',
          unit: 'short',
          queries: [{ expr: `sum by (topic) (${LAG})`, legend: '{{topic}}' }],
          anchor: 'licensinglaggrows',
        },
        {
          title: 'Answers by outcome',
          description:
            'What became of the messages, a second. Rejections are answers, too; a rise of dead letters is a fault of a producer or of the worker. Nothing at all while there is lag is an outage.',
          unit: 'cps',
          stacked: true,
          queries: [{ expr: `sum by (outcome) (${rate('licensing_answers_total')})`, legend: '{{outcome}}' }],
          anchor: 'licensingstandsstill',
        },
        {
          title: 'A chunk, from taken up to committed',
          description:
            'Tens of milliseconds when idle, up to a second when there is much to catch up on. When it comes near DATABASE_STATEMENT_TIMEOUT_MS, the database is slow: see the steps on the dashboard of messages.',
          unit: 's',
          queries: [0.5, 0.95, 0.99].map((q) => ({
            expr: quantile(q, 'messaging_process_duration_seconds'),
            legend: `p${q * 100}`,
          })),
          anchor: 'what-to-watch',
        },
        {
          title: 'Lag by partition, the greatest ten',
          description:
            'All alike when the keys are many. One that stands out has a hot tenant, an open transaction of a producer before it, or no worker.',
          unit: 'short',
          queries: [{ expr: `topk(10, ${LAG})`, legend: '{{topic}} {{partition}}' }],
          anchor: 'what-to-watch',
        },
      ],
    },
    {
      title: 'What is owed',
      panels: [
        {
          title: 'Outbox',
          description:
            'Events that are committed and not acknowledged by Kafka. It moves with the load, and goes back to 0.',
          unit: 'short',
          queries: [{ expr: ofDatabase('licensing_outbox_owed'), legend: 'messages' }],
          anchor: 'licensingoutboxold',
        },
        {
          title: 'Timers and entitlements',
          description:
            'What is due and not done yet. Peaks at midnight, when many licenses end at once, are normal: they are worked off oldest first.',
          unit: 'short',
          queries: [
            { expr: ofDatabase('licensing_timers_due'), legend: 'timers due' },
            { expr: ofDatabase('licensing_entitlements_owed'), legend: 'entitlements owed' },
          ],
          anchor: 'time',
        },
        {
          title: 'How late it is',
          description:
            'The oldest of each. A second or two; the dashed line is where the alerts for timers and entitlements begin.',
          unit: 's',
          limits: { bad: 60 },
          queries: [
            { expr: ofDatabase('licensing_outbox_age_seconds'), legend: 'outbox' },
            { expr: ofDatabase('licensing_timers_age_seconds'), legend: 'timers' },
            { expr: ofDatabase('licensing_entitlements_age_seconds'), legend: 'entitlements' },
          ],
          anchor: 'time',
        },
        {
          title: 'Waits by dependency',
          description:
            'How many workers wait for each system. Nothing, as a rule. They go on by themselves when it answers again.',
          unit: 'short',
          queries: [{ expr: `sum by (dependency) (licensing_waits_open${OF_WORKER})`, legend: '{{dependency}}' }],
          anchor: 'licensingwaits',
        },
      ],
    },
  ],
};
