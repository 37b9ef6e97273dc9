import {
  handledUpTo,
  lagOf,
  type GroupDescription,
  type GroupMember,
  type GroupProgress,
  type GroupState,
} from '../ports/consumer-group.ts';
import type { TopicPartition } from '../ports/consumer.ts';

/** What the brokers told at one moment. */
export interface Look {
  /** By a clock that only goes forward. Milliseconds. */
  readonly at: number;
  readonly group: GroupDescription;
  readonly progress: readonly GroupProgress[];
  readonly leaderless: readonly TopicPartition[];
}

/** Messages a second, and how long it takes until nothing waits. */
export interface Pace {
  readonly done: number;
  readonly come: number;
  /** 0: nothing waits. null: never, if it goes on like this. */
  readonly secondsToZero: number | null;
}

export interface PartitionLag extends GroupProgress {
  /** How many messages that are kept wait to be handled. */
  readonly lag: number;
  /** How many were deleted by retention before the group came to them. */
  readonly deletedUnread: number;
  /** The committed offset lies behind the end, so it belongs to a topic that was there before. */
  readonly isOfAnotherTopic: boolean;
  readonly heldBy: GroupMember | undefined;
  /** undefined: of one look alone nothing is known. */
  readonly pace: Pace | undefined;
}

export interface LagReport {
  readonly state: GroupState;
  readonly members: readonly GroupMember[];
  readonly partitions: readonly PartitionLag[];
  /** How many messages wait there is not known. */
  readonly leaderless: readonly TopicPartition[];
  readonly lag: number;
  readonly pace: Pace | undefined;
}

/** @param before an earlier look, that speed is told by */
export function lagReport({ at, group, progress, leaderless }: Look, before?: Look): LagReport {
  const holders = new Map(
    group.members.flatMap((member) => member.partitions.map((held) => [placeOf(held), member] as const)),
  );
  const earlier = new Map(before?.progress.map((one) => [placeOf(one), one]));
  const seconds = before === undefined ? 0 : (at - before.at) / 1_000;
  const partitions = progress.map((one): PartitionLag => {
    const lag = lagOf(one);
    const then = earlier.get(placeOf(one));
    return {
      ...one,
      lag,
      deletedUnread: Math.max(0, one.begin - (one.committed ?? one.begin)),
      isOfAnotherTopic: (one.committed ?? 0) > one.end,
      heldBy: holders.get(placeOf(one)),
      pace:
        then === undefined || seconds <= 0
          ? undefined
          : paceOf({ lag, done: handledUpTo(one) - handledUpTo(then), come: one.end - then.end, seconds }),
    };
  });
  const lag = sum(partitions.map((one) => one.lag));
  const paces = partitions.map(({ pace }) => pace);
  const pace = paces.includes(undefined)
    ? undefined
    : paceOf({
        ...{ lag, seconds: 1 },
        done: sum(paces.map((one) => one?.done ?? 0)),
        come: sum(paces.map((one) => one?.come ?? 0)),
      });
  return { state: group.state, members: group.members, partitions, leaderless, lag, pace };
}

function placeOf({ topic, partition }: { readonly topic: string; readonly partition: number }): string {
  return `${topic}/${partition}`;
}

interface Moved {
  readonly lag: number;
  readonly done: number;
  readonly come: number;
  readonly seconds: number;
}

function paceOf({ lag, done, come, seconds }: Moved): Pace {
  const gained = (done - come) / seconds;
  const secondsToZero = lag === 0 ? 0 : gained > 0 ? lag / gained : null;
  return { done: done / seconds, come: come / seconds, secondsToZero };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}
