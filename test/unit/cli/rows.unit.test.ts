import { Readable } from 'node:stream';
import { LineFault, linesOf, MAX_LINE_BYTES, type Line } from '../../../src/cli/lines.ts';
import { rowOf, type RowForm } from '../../../src/cli/rows.ts';

const EACH_TELLS: RowForm = { type: undefined, idField: undefined };
const DELETIONS: RowForm = { type: 'licensing.commands.DeleteTenant', idField: undefined };

async function read(
  ...parts: readonly (string | Buffer)[]
): Promise<{ readonly lines: Line[]; readonly fault?: unknown }> {
  const lines: Line[] = [];
  try {
    for await (const some of linesOf(Readable.from(parts.map((part) => Buffer.from(part))))) lines.push(...some.lines);
  } catch (fault) {
    return { lines, fault };
  }
  return { lines };
}

describe('lines', () => {
  test('end anywhere in a part, with CR or without, also the last one without an end; blank ones count', async () => {
    const { lines } = await read('a\nb', 'b\r\n', '\n \n', 'c');
    expect(lines).toEqual([
      { number: 1, text: 'a' },
      { number: 2, text: 'bb' },
      { number: 5, text: 'c' },
    ]);
  });

  test('a character may be parted, and a byte order mark is no character', async () => {
    const bytes = Buffer.from('\uFEFFä\nö');
    const { lines } = await read(...[...bytes].map((byte) => Buffer.from([byte])));
    expect(lines.map(({ text }) => text)).toEqual(['ä', 'ö']);
  });

  test('what is no UTF-8 is told by its line, behind the lines before it', async () => {
    const { lines, fault } = await read('a\n', Buffer.from('b\xe4\nc\n', 'latin1'));
    expect(lines).toEqual([{ number: 1, text: 'a' }]);
    expect(fault).toMatchObject({ name: 'LineFault', line: 2, message: expect.stringContaining('not UTF-8') });
  });

  test('a file without lines is not read into memory', async () => {
    const part = 'x'.repeat(MAX_LINE_BYTES / 2);
    const { fault } = await read('a\n', part, part, part, part);
    expect(fault).toMatchObject({ line: 2, message: expect.stringContaining(String(MAX_LINE_BYTES)) });
  });
});

describe('a line', () => {
  const row = (value: unknown, form = EACH_TELLS, number = 7) => rowOf({ number, text: JSON.stringify(value) }, form);

  test('tells type and data, and may tell id, source, correlationId and key', () => {
    const line = { type: 'DeleteTenant', data: { tenantId: 't' }, id: 'i', source: 's', correlationId: 'c', key: 'k' };
    expect(row(line)).toEqual({ ...line, type: 'licensing.commands.DeleteTenant', line: 7 });
  });

  test('is the data alone where the type is given', () => {
    expect(row({ tenantId: 't' }, DELETIONS)).toMatchObject({ type: DELETIONS.type, data: { tenantId: 't' } });
  });

  test('has an id of its number, type and text', () => {
    const ids = [
      row({ tenantId: 't' }, DELETIONS),
      row({ tenantId: 't' }, DELETIONS),
      row({ tenantId: 't' }, DELETIONS, 8),
      row({ tenantId: 'u' }, DELETIONS),
      row({ tenantId: 't' }, { ...DELETIONS, type: 'licensing.commands.DeleteSubdivision' }),
    ].map(({ id }) => id);
    expect(ids[0]).toBe(ids[1]);
    expect(new Set(ids).size).toBe(4);
    expect(ids[0]).toMatch(/^7-[0-9a-f]{32}$/);
  });

  test('has the id that a field holds, which is sent only if the type has it', () => {
    const byField = (idField: string) => ({ ...DELETIONS, idField });
    expect(row({ tenantId: 't', order: 4711 }, byField('order'))).toMatchObject({
      id: '4711',
      data: { tenantId: 't' },
    });
    expect(row({ tenantId: 't' }, byField('tenantId'))).toMatchObject({ id: 't', data: { tenantId: 't' } });
    expect(
      row({ type: 'DeleteTenant', data: { tenantId: 't' }, id: 'own' }, { ...EACH_TELLS, idField: 'order' }).id,
    ).toBe('own');
  });

  test.each<readonly [unknown, RowForm, RegExp]>([
    [[1], EACH_TELLS, /not a JSON object/],
    [{ data: {} }, EACH_TELLS, /type is missing/],
    [{ type: 'DeleteTenant' }, EACH_TELLS, /data is missing/],
    [
      { type: 'DeleteTenent', data: {} },
      EACH_TELLS,
      /^there is no 'DeleteTenent' to send; did you mean DeleteTenant\?$/,
    ],
    [{ type: 'DeleteTenant', date: {} }, EACH_TELLS, /no 'date'; did you mean data/],
    [{ type: 'DeleteTenant', data: {}, id: 7 }, EACH_TELLS, /id must be text/],
    [{ type: 'DeleteTenant', data: {}, id: 'x'.repeat(257) }, EACH_TELLS, /1 to 256 characters/],
    [{ tenantId: 't', order: 1.5 }, { ...DELETIONS, idField: 'order' }, /order is missing, or neither text/],
    [{ tenantId: 't' }, { ...DELETIONS, idField: 'order' }, /order is missing/],
  ])('that can not be sent is told: %j', (value, form, says) => {
    expect(() => row(value, form)).toThrow(says);
    expect(() => row(value, form)).toThrow(LineFault);
  });

  test('that is not JSON is told', () => {
    expect(() => rowOf({ number: 3, text: '{"a":' }, EACH_TELLS)).toThrow(/^it is not JSON/);
  });
});
