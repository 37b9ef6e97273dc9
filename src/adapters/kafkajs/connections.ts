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

/** Proves who a connection is. */
export interface Authenticator {
  readonly connection: Connection;
  authenticate(): Promise<void>;
}

/**
 * Ends a connection whose proof has failed midway, for lack of a token, say: the broker waits for the rest of it, and takes neither another
 * beginning nor anything else. kafkajs keeps such a connection.
 */
export function endAfterFailedProof({ prototype }: { readonly prototype: Authenticator }): void {
  const { authenticate } = prototype;
  prototype.authenticate = async function prove(this: Authenticator): Promise<void> {
    try {
      await authenticate.call(this);
    } catch (error) {
      const { message } = error instanceof Error ? error : new Error(String(error));
      this.connection.socket?.destroy(new Error(`ended, for want of a proof: ${message}`));
      await nextTurn(); // by then kafkajs knows that the socket is closed
      throw error;
    }
  };
}

/** A connection that proves who it is: the broker may limit for how long that holds (connections.max.reauth.ms). */
export interface AuthenticatedConnection {
  /** Milliseconds, 0 for no limit. */
  readonly sessionLifetime: { toString(): string };
  /** Milliseconds before that end. */
  reauthenticationThreshold: number;
}

const LATEST_MS = 10_000;
/** A broker takes no second proof sooner than this after the first one (KIP-368). */
const EARLIEST_MS = 1_000;

/** Proves it again when half of the time is over, or 10 s before its end, whichever comes later. */
export function reauthenticateInTime({ prototype }: { readonly prototype: AuthenticatedConnection }): void {
  Object.defineProperty(prototype, 'reauthenticationThreshold', {
    configurable: true,
    get(this: AuthenticatedConnection): number {
      const lifetime = Number(this.sessionLifetime.toString());
      return Math.min(LATEST_MS, Math.floor(lifetime / 2), Math.max(0, lifetime - EARLIEST_MS));
    },
    // kafkajs sets 10 s in the constructor, which is never in time where the limit is shorter.
    set: () => undefined,
  });
}
