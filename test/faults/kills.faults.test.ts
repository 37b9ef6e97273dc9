import { faultCase, theStack } from './fault-case.ts';
import { dies, FAULT_POINT, lastWords, POINTS, startFaulty } from './points.ts';

const stack = theStack();

for (const [i, point] of POINTS.entries()) {
  faultCase(stack, {
    fault: `F${i + 1}`,
    what: `SIGKILL of the worker ${point}`,
    shows: 'The group rebalances after the session timeout; `duplicate` may rise for a moment.',
    todo: 'Nothing but starting a worker, which the supervisor does.',
    begin: ({ world }) => startFaulty(world, { [FAULT_POINT]: point }),
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
