import type { ReceivedMessage } from './messages.ts';

/** Notices what its producer has put elsewhere than where its key belongs: then the order of a tenant's commands is not kept. */
export interface Placement {
  check(messages: readonly ReceivedMessage[]): void;
}
