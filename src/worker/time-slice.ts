import { setImmediate } from 'node:timers/promises';

/** How long a chunk may hold the processor at a stretch: far less than a heartbeat may be late, far more than a usual chunk needs. */
const SLICE_MS = 100;

/** Cuts long work into slices, with a turn for sockets and timers between them. Without it no heartbeat leaves, and the worker loses its partitions. */
export class TimeSlice {
  private end = performance.now() + SLICE_MS;

  get isOver(): boolean {
    return performance.now() >= this.end;
  }

  /** Lets everything that is due have its turn, then begins the next slice. */
  async next(): Promise<void> {
    await setImmediate();
    this.end = performance.now() + SLICE_MS;
  }
}
