import { EARLIEST_TIME } from './fields.ts';

/**
 * The time by which a message is decided and its events are dated: its record's timestamp, however late a worker handles it. A timestamp
 * that lies ahead counts as the start of the transaction, and so does one that is missing or older than this service.
 * @param timestamp the record's, or what the message itself brings, in milliseconds since the epoch; a producer may have written anything
 * @param startedAt start of the transaction that decides the message, by the database's clock
 */
export function messageTime(timestamp: number, startedAt: number): number {
  return timestamp >= EARLIEST_TIME ? Math.min(timestamp, startedAt) : startedAt;
}
