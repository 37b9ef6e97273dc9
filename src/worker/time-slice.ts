import { setImmediate } from 'node:timers/promises';

/** As long as one chunk may hold the processor: far below a heartbeat, far above what a chunk of the usual size takes to be decided. */
const SLICE_MS = 100;

/** Lets sockets and timers have their turn in the midst of long work: without it no heartbeat leaves, and the group takes the partitions away. */
export class TimeSlice {
  private end = performance.now() + SLICE_MS;

  get isOver(): boolean {
    return performance.now() >= this.end;
  }

  /** Goes on behind whatever is due by now. */
  async next(): Promise<void> {
    await setImmediate();
    this.end = performance.now() + SLICE_MS;
  }
}
