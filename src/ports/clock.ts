/** The only source of time: milliseconds since the epoch, UTC. */
export interface Clock {
  now(): number;
}
