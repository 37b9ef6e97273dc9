import { randomUUID } from 'node:crypto';
import { SCHEMAS } from '../../src/generated/schemas.ts';
import { frameOf, rawCommand, registerSchema, type ForeignSchema } from '../support/foreign-schemas.ts';
import { theWorld } from '../support/world-of-tests.ts';

const world = theWorld();

/** What other teams' producers really send. */
describe('schemas of others', () => {
  const { namespace, name, fields } = SCHEMAS['licensing.commands.CreateUser'];
  const writer = (...added: ForeignSchema['fields']): ForeignSchema => ({
    ...{ type: 'record', namespace, name },
    fields: [...fields, ...added],
  });

  test('a default that only its own registry can make sense of is no matter', () =>
    world.guard(async () => {
      const [userId, note] = [randomUUID(), { name: 'note', type: ['null', 'string'] }];
      const id = await registerSchema(world, world.topics.commands, writer({ ...note, default: '' }));
      const message = rawCommand(frameOf(id, writer(note), { userId, note: 'hello' }), userId);
      await world.send([message]);
      expect(await world.answers(String(message.headers['ce_id']), 1)).toMatchObject([
        { decoded: { data: { userId } } },
      ]);
    }));

  test('a schema with references is read with what it refers to', () =>
    world.guard(async () => {
      const userId = randomUUID();
      const place: ForeignSchema = {
        ...{ type: 'record', namespace: 'of.others', name: 'Place' },
        fields: [{ name: 'street', type: 'string' }],
      };
      await registerSchema(world, 'of-others', place);
      const field = (type: unknown) => writer({ name: 'place', type: ['null', type], default: null });
      const references = [{ name: 'of.others.Place', subject: 'of-others-of.others.Place', version: 1 }];
      const id = await registerSchema(world, world.topics.commands, field('of.others.Place'), references);
      const value = frameOf(id, field(place), { userId, place: { street: '1 Main Street' } });
      const message = rawCommand(value, userId);
      await world.send([message]);
      expect(await world.answers(String(message.headers['ce_id']), 1)).toMatchObject([
        { decoded: { data: { userId } } },
      ]);
    }));
});
