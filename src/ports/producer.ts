import type { OutgoingMessage } from './messages.ts';

export interface Producer {
  /**
   * Publishes in order and resolves when every in-sync replica has all of it. After a failure some may have arrived: publish
   * what was not acknowledged again, in its order; consumers know repetitions by their id.
   * @throws PublicationFailed when it knows what was acknowledged, or whatever else: then nothing is known of any of it
   */
  publish(messages: readonly OutgoingMessage[]): Promise<void>;
}
