import type { GroupMember } from '../ports/consumer-group.ts';
import { table } from './dlq-words.ts';
import type { LagReport, Pace, PartitionLag } from './lag-report.ts';

/** For a person: who is in the group, then a line a partition, then what is out of the ordinary. */
export function lagLines(
  group: string,
  { state, members, partitions, leaderless, lag, pace }: LagReport,
): readonly string[] {
  const head = ['TOPIC', 'PARTITION', 'COMMITTED', 'END', 'LAG', ...(pace === undefined ? [] : PACE_HEAD), 'HELD BY'];
  const rows = partitions.map(({ topic, partition, committed, end, heldBy, ...one }) => [
    ...[topic, String(partition), committed === undefined ? 'none' : String(committed), String(end), String(one.lag)],
    ...(pace === undefined ? [] : paceWords(one.pace)),
    heldBy === undefined ? 'nobody' : memberText(heldBy),
  ]);
  const total = ['total', '', '', '', String(lag), ...(pace === undefined ? [] : paceWords(pace)), ''];
  const remarks = [
    ...(STATE_REMARKS[state] ?? []),
    ...leaderless.map(({ topic, partition }) => `${topic}/${partition}: nobody leads it, so its lag is not known.`),
    ...partitions.flatMap(remarksOn),
  ];
  return [
    `group ${group}: ${state}, ${members.length} ${members.length === 1 ? 'member' : 'members'}, lag ${lag}`,
    '',
    ...table([head, ...rows, total]),
    ...(remarks.length > 0 ? ['', ...remarks] : []),
  ];
}

/** One JSON object, on one line. @param time milliseconds since the epoch */
export function lagJson(
  group: string,
  time: number,
  { state, members, partitions, leaderless, lag, pace }: LagReport,
): string {
  return JSON.stringify({
    ...{ time: new Date(time).toISOString(), group, state, lag, ...paceFields(pace) },
    members: members.map(({ memberId, clientId, host, partitions: held }) => ({
      ...{ memberId, clientId, host, partitions: held.length },
    })),
    partitions: partitions.map(({ topic, partition, begin, end, committed, deletedUnread, heldBy, ...one }) => ({
      ...{ topic, partition, begin, end, committed: committed ?? null, lag: one.lag, deletedUnread },
      ...{ memberId: heldBy?.memberId ?? null, ...paceFields(one.pace) },
    })),
    leaderless: leaderless.map(({ topic, partition }) => ({ topic, partition })),
  });
}

const PACE_HEAD = ['DONE/S', 'IN/S', 'TO ZERO'];

const STATE_REMARKS: Readonly<Partial<Record<LagReport['state'], readonly string[]>>> = {
  empty: ['No worker is in the group: nothing is handled.'],
  dead: ['There is no such group: no worker has read as KAFKA_GROUP_ID, or what it has committed is forgotten.'],
  rebalancing: ['The group rebalances: nobody reads until all of its members have joined again.'],
};

function remarksOn({ topic, partition, committed, end, deletedUnread, isOfAnotherTopic }: PartitionLag): string[] {
  const place = `${topic}/${partition}`;
  const remarks: string[] = [];
  if (deletedUnread > 0) {
    remarks.push(`${place}: retention has deleted ${deletedUnread} messages that were not handled.`);
  }
  if (isOfAnotherTopic) {
    remarks.push(`${place} ends at ${end}, before the committed ${committed}: the topic was made anew.`);
  }
  return remarks;
}

function memberText({ memberId, clientId, host }: GroupMember): string {
  // kafkajs' own ids: the client's id, a dash, a UUID. The first digits tell members apart.
  const own = memberId.startsWith(`${clientId}-`) ? memberId.slice(clientId.length + 1, clientId.length + 9) : memberId;
  return `${clientId} ${own} at ${host}`;
}

function paceWords(pace: Pace | undefined): readonly string[] {
  if (pace === undefined) return ['', '', ''];
  return [String(Math.round(pace.done)), String(Math.round(pace.come)), durationText(pace.secondsToZero)];
}

function paceFields(pace: Pace | undefined): Readonly<Record<string, number | null>> {
  if (pace === undefined) return {};
  const { done, come, secondsToZero } = pace;
  return {
    donePerSecond: Math.round(done),
    inPerSecond: Math.round(come),
    secondsToZero: secondsToZero === null ? null : Math.ceil(secondsToZero),
  };
}

const [MINUTE, HOUR, DAY] = [60, 3_600, 86_400];

/** @param seconds null: never */
export function durationText(seconds: number | null): string {
  if (seconds === null) return 'never';
  const whole = Math.ceil(seconds);
  if (whole < MINUTE) return `${whole} s`;
  if (whole < HOUR) return `${Math.floor(whole / MINUTE)} min ${whole % MINUTE} s`;
  if (whole < DAY) return `${Math.floor(whole / HOUR)} h ${Math.floor((whole % HOUR) / MINUTE)} min`;
  return `${Math.floor(whole / DAY)} d ${Math.floor((whole % DAY) / HOUR)} h`;
}
