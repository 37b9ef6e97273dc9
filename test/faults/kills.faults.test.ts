import { faultCase, theStack } from './fault-case.ts';
import { dies, FAULT_POINT, lastWords, POINTS, type Point } from './points.ts';

const stack = theStack();

/** What is owed when the worker dies there lies in the outbox alone. */
const OWING: readonly Point[] = [
  'after the commit, before the publication',
  'in the middle of a publication',
  'before the outbox delete',
];

for (const [i, point] of POINTS.entries()) {
  killed(i + 1, point, 'chunks');
  if (OWING.includes(point)) killed(i + 1, point, 'rows');
}

function killed(number: number, point: Point, outbox: 'chunks' | 'rows'): void {
  faultCase(stack, {
    fault: `F${number}`,
    what: `SIGKILL of the worker ${point}${outbox === 'rows' ? ', with a row a message' : ''}`,
    outbox,
    shows: 'The group rebalances after the session timeout; `duplicate` may rise for a moment.',
    todo: 'Nothing but starting a worker, which the supervisor does.',
    begin: ({ world }) => world.startWorker({ [FAULT_POINT]: point }),
    async inject({ world }) {
      await dies(world.worker());
      expect(world.worker().exit?.signal).toBe('SIGKILL');
      expect(world.worker().log).toContain(lastWords(point));
      await world.worker().restart(world.env);
    },
    fired({ world }) {
      expect(world.worker().log).not.toContain(lastWords(point));
    },
  });
}
