import type { OutboxLane, UnitOfWork } from '../../../src/ports/unit-of-work.ts';

/** The unit of work for lanes that may all write chunks. Who names no lane is left as he is. */
export function inChunks(inner: UnitOfWork): UnitOfWork {
  const lanes = new WeakMap<OutboxLane, OutboxLane>();
  const that = (lane: OutboxLane | undefined): OutboxLane | undefined => {
    if (lane === undefined) return undefined;
    const known = lanes.get(lane) ?? writingChunks(lane);
    lanes.set(lane, known);
    return known;
  };
  return {
    read: (work) => inner.read(work),
    run: (messages, work, lane, ...rest) => inner.run(messages, work, that(lane), ...rest),
    replay: (replays, work, lane, following) => inner.replay(replays, work, that(lane), following),
  };
}

function writingChunks(lane: OutboxLane): OutboxLane {
  return new Proxy(lane, {
    get: (target, name) => (name === 'writesChunks' ? true : (Reflect.get(target, name) as unknown)),
  });
}
