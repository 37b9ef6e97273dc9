import { createWorld, type World, type WorldOptions } from './world.ts';

/** One world for all tests of a file or a `describe`: opened before the first, closed after the last. */
export function theWorld(options: WorldOptions = {}): World {
  let opened: World | undefined;
  beforeAll(async () => {
    opened = await createWorld(options);
  });
  afterAll(async () => opened?.close());
  const nothing: unknown = {};
  return new Proxy(nothing as World, {
    get: (_, name): unknown => {
      if (opened === undefined) throw new Error('the world is there once the tests run');
      return Reflect.get(opened, name, opened);
    },
  });
}
