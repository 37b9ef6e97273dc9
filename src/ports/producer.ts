import type { OutgoingMessage } from './messages.ts';

export interface Producer {
  /**
   * Publishes in order, and resolves when every in-sync replica has all messages. After a failure some of them may have arrived: publish
   * those that are not acknowledged again, in their order. Consumers know repetitions by their id.
   * @throws PublicationFailed when it knows which messages are acknowledged. After any other error, each of them may have arrived or not
   */
  publish(messages: readonly OutgoingMessage[]): Promise<void>;
}
