import { check } from '../oracle/check.ts';
import { command } from '../support/load.ts';
import { theWorld } from '../support/world-of-tests.ts';
import { CONTACT, createTenant } from './given.ts';
import { frozenAmid, MESSAGES, sendLoad, SMALL_CHUNKS } from './under-load.ts';

describe('workers that die', () => {
  const world = theWorld({ env: SMALL_CHUNKS });

  test('the same command sent twice takes effect once', () =>
    world.guard(async () => {
      const { data, ...rest } = createTenant();
      const update = command('UpdateTenant', { tenantId: data.tenantId, name: data.name, ...CONTACT, phone: '' });
      await world.send([{ ...rest, data }, update, update, { ...rest, data }]);
      await world.settled();
      await world.send([update]);
      const { model } = await check(world);
      expect([model.events.length, model.endings.get('duplicate')]).toEqual([3, 3]);
    }));

  test(`SIGKILL in the middle of ${MESSAGES} commands, and a start`, () =>
    world.guard(async () => {
      const done = await sendLoad(world, 1);
      const worker = world.worker();
      await frozenAmid(world, worker, done);
      await worker.kill();
      await worker.restart();
      const { model } = await check(world);
      expect(model.endings.get('accepted')).toBeGreaterThan(MESSAGES / 2);
    }));

  test('two workers in one group, and one of them is killed', () =>
    world.guard(async () => {
      const second = await world.startWorker();
      const done = await sendLoad(world, 2);
      await frozenAmid(world, second, done);
      await second.kill();
      await check(world);
      expect(world.worker().exit).toBeUndefined();
    }));
});
