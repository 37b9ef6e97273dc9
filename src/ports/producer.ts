import type { OutgoingMessage } from './messages.ts';

export interface Producer {
  /**
   * Publishes in order and resolves when every in-sync replica has all of it. After a failure some may have arrived: publish
   * the same list again, consumers know repetitions by their id.
   */
  publish(messages: readonly OutgoingMessage[]): Promise<void>;
}
