import { EARLIEST_TIME } from './fields.ts';

/**
 * The one time of a message, by which it is decided and all that it brings about is dated: its record's timestamp, whenever and by whomever
 * it is handled. A record that is dated ahead does not bring the future about, and one without a date is of the moment.
 * @param timestamp of its record, whatever its producer has made of that; milliseconds since the epoch
 * @param startedAt when the transaction began that decides it, by the database's clock
 */
export function messageTime(timestamp: number, startedAt: number): number {
  return timestamp >= EARLIEST_TIME ? Math.min(timestamp, startedAt) : startedAt;
}
