import { writeSync } from 'node:fs';
import { asFunction, asValue, type AwilixContainer } from 'awilix/browser';
import { runWorker } from '../../src/cli/worker.ts';
import { readConfig } from '../../src/config.ts';
import { createContainer, type Cradle } from '../../src/container.ts';
import type { Consumer } from '../../src/ports/consumer.ts';
import type { UnitOfWork } from '../../src/ports/unit-of-work.ts';
import {
  FAULT_BUG,
  FAULT_CLOCK,
  FAULT_LEVEL,
  FAULT_POINT,
  FAULT_PROVEN_AFTER,
  FAULT_REPEAT,
  lastWords,
  type Point,
} from './points.ts';

// The real worker with a port or a handler wrapped, for the fault suite. Variables FAULT_* say at which point it kills itself, how wrong
// its clock is, and which message meets a bug. SIGUSR2 arms the point and moves the clock. Without FAULT_* it is the real worker.

type Container = AwilixContainer<Cradle>;
type Die = () => void;

/** How each point is reached, from the outside of a port. */
const WRAPPED: Readonly<Record<Point, (container: Container, die: Die) => void>> = {
  'before the transaction': (container, die) =>
    wrapUnitOfWork(container, (inner) => (messages, work, ...rest) => {
      if (messages.length > 0) die();
      return inner.run(messages, work, ...rest);
    }),
  'after the inbox insert': (container, die) =>
    wrapUnitOfWork(container, (inner) => (messages, work, ...rest) => {
      const inside: typeof work = (unit) => {
        if (messages.length > 0) die();
        return work(unit);
      };
      return inner.run(messages, inside, ...rest);
    }),
  'after the commit, before the publication': (container, die) =>
    wrapUnitOfWork(container, (inner) => async (messages, work, ...rest) => {
      const committed = await inner.run(messages, work, ...rest);
      if (committed.outbox.length > 0) die();
      return committed;
    }),
  'in the middle of a publication': (container, die) =>
    wrap(container, 'producer', (inner) => ({
      stop: () => inner.stop(),
      publish: async (messages) => {
        const half = messages.length >> 1;
        if (half === 0) return inner.publish(messages);
        await inner.publish(messages.slice(0, half));
        die();
        await inner.publish(messages.slice(half));
      },
    })),
  'before the outbox delete': (container, die) =>
    wrap(container, 'producer', (inner) => ({
      stop: () => inner.stop(),
      publish: async (messages) => {
        await inner.publish(messages);
        die();
      },
    })),
  'after timers are queued, before they are published': (container, die) =>
    wrap(container, 'timers', (inner) => ({
      sweep: async (...sweep) => {
        const swept = await inner.sweep(...sweep);
        if (swept !== undefined && swept.firstSends > 0) die();
        return swept;
      },
      due: () => inner.due(),
      addMissing: (...page) => inner.addMissing(...page),
    })),
  'after timers are published': (container, die) =>
    wrap(container, 'producer', (inner) => ({
      stop: () => inner.stop(),
      publish: async (messages) => {
        await inner.publish(messages);
        if (messages.some(({ topic }) => topic === config.topics.commands)) die();
      },
    })),
  'before the offset commit': (container, die) =>
    wrapCommit(container, (inner) => async (offsets) => {
      die();
      await inner.commit(offsets);
    }),
  'after the offset commit': (container, die) =>
    wrapCommit(container, (inner) => async (offsets) => {
      await inner.commit(offsets);
      die();
    }),
};

const config = readConfig(process.env);
const container = createContainer({ config });
let armed = false;
process.on('SIGUSR2', () => (armed = !armed));

const point = process.env[FAULT_POINT];
if (point !== undefined) {
  WRAPPED[point as Point](container, () => {
    if (!armed) return;
    writeSync(2, `${lastWords(point as Point)}\n`);
    process.kill(process.pid, 'SIGKILL');
  });
}
const wrong = Number(process.env[FAULT_CLOCK] ?? 0);
if (wrong !== 0) {
  let jumps = 0;
  process.on('SIGUSR2', () => (jumps += 1));
  // Right, ahead, right, behind, and so on. Libraries see the wrong time, too.
  const right = Date.now;
  Date.now = () => right() + ([0, wrong, 0, -wrong][jumps % 4] ?? 0);
}
const bug = process.env[FAULT_BUG];
if (bug !== undefined) {
  wrap(container, 'updateTenantHandler', (inner) => ({
    parse: (raw) => inner.parse(raw),
    declare: (message, loads) => inner.declare(message, loads),
    handle: async (message, unit, now) => {
      const events = await inner.handle(message, unit, now);
      if (isFor(message, bug)) throw new TypeError(`a bug that meets '${bug}'`);
      return events;
    },
  }));
}
const level = process.env[FAULT_LEVEL];
if (level === 'none') {
  wrap(container, 'outboxMaintenance', (inner) =>
    Object.defineProperty(Object.create(inner) as typeof inner, 'touch', {
      value: async (lanes: readonly { readonly lane: string }[]) => {
        const ids = lanes.map(({ lane }) => lane);
        await container.cradle.database('lanes').whereIn('lane', ids).update({ seen_at: new Date() });
      },
    }),
  );
} else if (level !== undefined) {
  container.register('level', asValue(Number(level)));
}
const provenAfter = process.env[FAULT_PROVEN_AFTER];
if (provenAfter !== undefined) container.register('levelProvenAfter', asValue(Number(provenAfter)));
const repeatMs = process.env[FAULT_REPEAT];
if (repeatMs !== undefined) {
  container.register('entitlementTimes', asValue({ claimMs: Number(repeatMs), repeatMs: Number(repeatMs) }));
}
process.exitCode = await runWorker(config, container);

function isFor(message: unknown, address: string): boolean {
  return typeof message === 'object' && message !== null && 'address' in message && message.address === address;
}

function wrap<Name extends keyof Cradle>(
  into: Container,
  name: Name,
  around: (inner: Cradle[Name]) => Cradle[Name],
): void {
  const original = into.getRegistration<Cradle[Name]>(name);
  if (original === null) throw new Error(`nothing is registered as ${name}`);
  into.register(name, asFunction(() => around(original.resolve(into))).singleton());
}

function wrapUnitOfWork(into: Container, run: (inner: UnitOfWork) => UnitOfWork['run']): void {
  wrap(into, 'unitOfWork', (inner) => ({
    read: (work) => inner.read(work),
    run: run(inner),
    replay: (...replay) => inner.replay(...replay),
  }));
}

function wrapCommit(into: Container, commit: (inner: Consumer) => Consumer['commit']): void {
  wrap(into, 'consumer', (inner) => ({
    start: (listener) => inner.start(listener),
    pause: (partition) => inner.pause(partition),
    resume: (partition) => inner.resume(partition),
    stop: () => inner.stop(),
    seek: (partition, offset) => inner.seek(partition, offset),
    commit: commit(inner),
    committed: (topics) => inner.committed(topics),
    beginnings: (partitions) => inner.beginnings(partitions),
  }));
}
