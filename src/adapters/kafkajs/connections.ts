import { setImmediate as nextTurn } from 'node:timers/promises';

export interface RequestQueue {
  readonly pending: readonly unknown[];
  /** By the time of day. */
  readonly throttledUntil: number;
  scheduleCheckPendingRequests(): void;
}

/** Sets no timer while nothing waits and nothing is throttled: the next response looks again. */
export function stopIdleTimers({ prototype }: { readonly prototype: RequestQueue }): void {
  const schedule = prototype.scheduleCheckPendingRequests;
  prototype.scheduleCheckPendingRequests = function scheduleCheckPendingRequests(this: RequestQueue): void {
    if (this.pending.length > 0 || this.throttledUntil > Date.now()) schedule.call(this);
  };
}

export interface Connection {
  readonly socket: { destroy(error: Error): void } | null;
}

/** All connections to one broker. */
export interface ConnectionPool {
  readonly pool: readonly Connection[];
  send(request: unknown): Promise<unknown>;
}

/**
 * Packets may vanish without a reset. So a request that was not answered in time ends all connections to its broker: the next try makes new
 * ones, and whoever looks for a broker to ask does not take this one for connected.
 */
export function endAfterTimeout({ prototype }: { readonly prototype: ConnectionPool }): void {
  const send = prototype.send;
  prototype.send = async function sendOrEnd(this: ConnectionPool, request): Promise<unknown> {
    try {
      return await send.call(this, request);
    } catch (error) {
      if (error instanceof Error && error.name === 'KafkaJSRequestTimeoutError') {
        for (const { socket } of this.pool) socket?.destroy(error);
        await nextTurn(); // by then kafkajs knows that the sockets are closed
      }
      throw error;
    }
  };
}
