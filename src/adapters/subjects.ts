import type { MessageName } from '../generated/messages.ts';
import {
  COMMAND_NAMES,
  ENTITLEMENT_NAMES,
  EVENT_NAMES,
  INTERNAL_COMMAND_NAMES,
  LOOK_UP_MESSAGE_NAMES,
  OUTSIDE_EVENT_NAMES,
  REJECTION_NAMES,
} from '../generated/schemas.ts';
import type { Topics } from '../ports/topics.ts';

export interface Subject {
  /** Its name in the registry. */
  readonly subject: string;
  readonly topic: string;
  readonly type: MessageName;
}

/** The subject of a type on a topic (TopicRecordNameStrategy). */
export function subjectOf(topic: string, type: string): string {
  return `${topic}-${type}`;
}

/** The subjects of all types, on the topics that carry them. */
export function subjectsOf(topics: Topics): readonly Subject[] {
  return [
    ...subjects(topics.commands, COMMAND_NAMES),
    ...subjects(topics.users, OUTSIDE_EVENT_NAMES),
    ...writtenSubjects(topics),
  ];
}

/** The subjects of the types that the worker itself writes. */
export function writtenSubjects(topics: Topics): readonly Subject[] {
  return [
    ...subjects(topics.events, EVENT_NAMES),
    ...subjects(topics.rejections, REJECTION_NAMES),
    ...subjects(topics.commands, INTERNAL_COMMAND_NAMES),
    ...subjects(topics.userLookUps, LOOK_UP_MESSAGE_NAMES),
    ...subjects(topics.entitlements, ENTITLEMENT_NAMES),
  ];
}

function subjects(topic: string, types: readonly MessageName[]): readonly Subject[] {
  return types.map((type) => ({ subject: subjectOf(topic, type), topic, type }));
}
