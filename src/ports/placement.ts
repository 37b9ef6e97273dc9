import type { ReceivedMessage } from './messages.ts';

/** Notices messages in a partition that their key does not belong to. Their producer breaks the order of a tenant's commands. */
export interface Placement {
  check(messages: readonly ReceivedMessage[]): void;
}
