import { SCHEMAS } from '../../../src/generated/schemas.ts';
import { UndecodableMessage } from '../../../src/ports/codec.ts';
import { ADD, COMMAND, frame, givenCodec, withField, written } from '../../support/given-codec.ts';

describe('writers of other builds', () => {
  test('an older writer: what it lacks gets its default', async () => {
    const name = 'licensing.commands.CreateSubdivision';
    const [link, ...others] = SCHEMAS[name].fields.toReversed();
    expect(link).toMatchObject({ name: 'linkToSubdivisionProcessingDomain', default: null });
    const older = { ...SCHEMAS[name], fields: others.toReversed() };
    const data = { tenantId: 't', subdivisionId: 's', name: 'n', location: '' };
    const { decode } = givenCodec([older]);
    expect(await decode(written(older, data))).toEqual({
      known: true,
      type: name,
      data: { ...data, linkToSubdivisionProcessingDomain: null },
    });
  });

  test.each([
    ['a nullable text', { name: 'note', type: ['null', 'string'], default: null }, 'hello'],
    ['null', { name: 'note', type: ['null', 'string'], default: null }, null],
    ['an ambiguous union', { name: 'note', type: ['int', 'double'] }, { double: 1 }],
    ['a list', { name: 'roles', type: { type: 'array', items: 'string' } }, ['a', 'b', 'c']],
    [
      'a map of lists',
      { name: 'm', type: { type: 'map', values: { type: 'array', items: 'long' } } },
      { a: [1, -2], b: [] },
    ],
    ['bytes', { name: 'b', type: { type: 'fixed', name: 'F', size: 3 } }, Buffer.from('abc')],
  ])('a newer writer: its additional field is left out: %s', async (_case, field, content) => {
    const newer = withField(field);
    const { decode } = givenCodec([newer]);
    const value = written(newer, { ...COMMAND, [field.name]: content });
    expect(await decode(value)).toEqual({ known: true, type: ADD, data: COMMAND });
    await expect(decode(value.subarray(0, -1))).rejects.toThrow(UndecodableMessage);
    await expect(decode(Buffer.concat([value, Buffer.of(0)]))).rejects.toThrow('1 bytes follow the record');
  });

  test.each([
    ['of the second branch', { name: 'note', type: ['null', 'string'], default: '' }, 'hello'],
    ['of another type', { name: 'count', type: 'long', default: 'none' }, 5],
    ['of an enum', { name: 'e', type: { type: 'enum', name: 'E', symbols: ['A'], default: 'B' } }, 'A'],
    [
      'within',
      { name: 'r', type: { type: 'record', name: 'R', fields: [{ name: 'n', type: ['null', 'int'], default: 0 }] } },
      { n: 1 },
    ],
  ])('a default that reading never needs is none of our business: one %s', async (_case, field, content) => {
    const bare = JSON.parse(JSON.stringify(field), (key, value: unknown) =>
      key === 'default' ? undefined : value,
    ) as object;
    const { decode } = givenCodec([withField(field)]);
    const value = written(withField(bare), { ...COMMAND, [field.name]: content });
    expect(await decode(value)).toEqual({ known: true, type: ADD, data: COMMAND });
  });

  test('a schema that refers to others is read with these', async () => {
    const place = {
      type: 'record',
      name: 'Place',
      namespace: 'of.others',
      fields: [{ name: 'at', type: 'of.others.At' }],
    };
    const at = {
      type: 'record',
      name: 'At',
      namespace: 'of.others',
      fields: [{ name: 'x', type: 'long', default: 'no' }],
    };
    const field = (type: unknown) => withField({ name: 'place', type: ['null', type], default: null });
    const inlined = { ...place, fields: [{ name: 'at', type: at }] };
    const value = written(JSON.parse(JSON.stringify(field(inlined)).replace(',"default":"no"', '')) as object, {
      ...COMMAND,
      place: { at: { x: 5 } },
    });
    const texts = [at, place].map((schema) => JSON.stringify(schema));
    expect(await givenCodec([field('of.others.Place')], texts).decode(value)).toEqual({
      known: true,
      type: ADD,
      data: COMMAND,
    });
    await expect(givenCodec([field('of.others.Place')], texts.slice(1)).decode(value)).rejects.toThrow('At');
    await expect(
      givenCodec(
        [field('of.others.Place')],
        [...texts, JSON.stringify({ ...at, name: 'Z', doc: 'd'.repeat(2 ** 18) })],
      ).decode(value),
    ).rejects.toThrow('it refers to is longer');
  });

  test('a type that is not ours is told by its name, whatever it looks like', async () => {
    const foreign = {
      type: 'record',
      name: 'users.events.PasswordChanged',
      fields: [{ name: 'self', type: ['null', 'users.events.PasswordChanged'] }],
    };
    const { decode } = givenCodec([foreign, { ...foreign, name: 'Other', namespace: 'a.b' }]);
    expect(await decode(frame(1, Buffer.of(0)))).toEqual({ known: false, type: 'users.events.PasswordChanged' });
    expect(await decode(frame(2, Buffer.of(9)))).toEqual({ known: false, type: 'a.b.Other' });
  });

  const nested = (levels: number): object =>
    levels === 0 ? { type: 'record', name: 'R', fields: [] } : { type: 'array', items: ['null', nested(levels - 1)] };
  const doubling = { type: 'record', name: 'R0', fields: [{ name: 'a', type: 'null' }] };
  let doubled: object = doubling;
  for (let level = 1; level <= 20; level += 1) {
    doubled = {
      type: 'record',
      name: `R${level}`,
      fields: [
        { name: 'a', type: doubled },
        { name: 'b', type: `R${level - 1}` },
      ],
    };
  }
  test.each([
    ['an incompatible type', { ...SCHEMAS[ADD], fields: [{ name: 'tenantId', type: 'long' }] }, 'can not read it'],
    ['a missing field without default', { ...SCHEMAS[ADD], fields: [] }, 'tenantId'],
    ['recursion', withField({ name: 'x', type: ['null', 'AddStatisticRow'] }), 'recursive'],
    ['depth', withField({ name: 'x', type: nested(20) }), 'deeper than 32'],
    [
      'endless depth',
      `{"type":"record","name":"${ADD}","fields":[{"name":"x","type":${'{"type":'.repeat(20_000)}"int"${'}'.repeat(20_000)}}]}`,
      '',
    ],
    ['a list of nothing', withField({ name: 'x', type: { type: 'array', items: 'null' } }), 'take no bytes'],
    [
      'a map of empty records',
      withField({ name: 'x', type: { type: 'map', values: { type: 'record', name: 'E', fields: [] } } }),
      'take no bytes',
    ],
    [
      'a list of empty bytes',
      withField({ name: 'x', type: { type: 'array', items: { type: 'fixed', name: 'F', size: 0 } } }),
      'take no bytes',
    ],
    ['what doubles at each level', withField({ name: 'x', type: doubled }), 'more than 2000 fields'],
    ['a bad name', { ...SCHEMAS[ADD], name: 'Add-Row' }, 'no valid name'],
    ['no record', '"string"', 'not a record'],
    ['no JSON', '{', 'not JSON'],
    ['more text than any schema has', withField({ name: 'x', type: 'int', doc: 'x'.repeat(300_000) }), 'longer than'],
  ])('a schema that is refused: %s', async (_case, schema, reason) => {
    const { decode, requests } = givenCodec([schema]);
    for (let time = 0; time < 2; time += 1) {
      const decoded = decode(frame(1, Buffer.alloc(100)));
      await expect(decoded).rejects.toThrow(UndecodableMessage);
      await expect(decoded).rejects.toThrow(/schema 1 is not acceptable/);
      await expect(decoded).rejects.toThrow(reason);
    }
    expect(requests).toEqual([1]);
  });

  const list = withField({ name: 'x', type: { type: 'array', items: 'string' } });
  const start = written(SCHEMAS[ADD], COMMAND).subarray(5);
  test.each([
    ['a count of 2^31', [0x80, 0x80, 0x80, 0x80, 0x10]],
    ['a count of 2^62', [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01]],
    ['a block whose size leads back', [0x01, 0x03]],
    ['a block beyond the frame', [0x01, 0x7e]],
    ['a text beyond the frame', [0x02, 0x7e]],
    ['a number without end', Array.from({ length: 50 }, () => 0xff)],
  ])('a list that lies about its size ends at once: %s', async (_case, bytes) => {
    const { decode } = givenCodec([list]);
    await expect(decode(frame(1, Buffer.concat([start, Buffer.from(bytes)])))).rejects.toThrow(UndecodableMessage);
  });

  test('a list in blocks with sizes is skipped', async () => {
    const { decode } = givenCodec([list]);
    const blocks = Buffer.of(0x03, 0x08, 0x02, 0x61, 0x02, 0x62, 0x02, 0x02, 0x63, 0x00);
    expect(await decode(frame(1, Buffer.concat([start, blocks])))).toEqual({ known: true, type: ADD, data: COMMAND });
  });
});
