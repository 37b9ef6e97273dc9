import type { OutgoingMessage } from './messages.ts';

export interface Producer {
  /**
   * Publishes in order, and resolves when every in-sync replica has all messages. After a failure some of them may have arrived: publish
   * those that are not acknowledged again, in their order. Consumers know repetitions by their id.
   * @throws PublicationFailed when it knows which messages are acknowledged. After any other error, each of them may have arrived or not
   */
  publish(messages: readonly OutgoingMessage[]): Promise<void>;
}

export interface PromptProducer {
  /**
   * Publishes as `Producer` does, but in one try, and writes nothing to a broker at `before` or later, by the clock that only goes forward. What
   * was written before that may be taken by the broker a bounded time later. To be called when the call before has ended.
   */
  publish(messages: readonly OutgoingMessage[], before: number): Promise<void>;
}
