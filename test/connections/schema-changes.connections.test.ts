import fc from 'fast-check';
import { forbiddenChanges } from '../../schemas/changes.ts';
import { VALUE_TYPES } from '../../schemas/rules.ts';
import type { FieldSchema, RecordSchema, ValueSchema } from '../../src/generated/schemas.ts';
import { startStack, type Stack } from '../../stack/stack.ts';
import { BEFORE, SCHEMA_CHANGES } from '../support/schema-changes.ts';

// What `npm run generate` says of a change without a registry, against what a real one says.

let stack: Stack;
beforeAll(async () => {
  stack = await startStack({ only: ['registry'] });
  await ask('PUT', '/config', { compatibility: 'FULL_TRANSITIVE' });
  await register('things', BEFORE);
});
afterAll(() => stack.stop());

test.each(SCHEMA_CHANGES)('a registry $registry $what', async ({ after, registry }) => {
  expect(await takes('things', after)).toBe(registry === 'takes');
});

const value = fc.constantFrom<ValueSchema>(...VALUE_TYPES);
const field = (name: string): fc.Arbitrary<FieldSchema> =>
  fc.oneof(
    value.map((type): FieldSchema => ({ name, type, doc: 'A field.' })),
    fc
      .oneof(
        value,
        value.map((items) => ({ type: 'array', items }) as const),
      )
      .map((type): FieldSchema => ({
        name,
        type: ['null', type],
        default: null,
        doc: 'A field.',
      })),
  );
/** The first field is always there: a record has at least one. */
const record = fc
  .tuple(field('a'), fc.option(field('b'), { nil: undefined }), fc.option(field('c'), { nil: undefined }))
  .map((fields): RecordSchema => ({
    type: 'record',
    name: 'Thing',
    namespace: 'licensing.events',
    doc: 'A thing.',
    fields: fields.filter((one) => one !== undefined),
  }));

/** Two of which the second has some fields of the first, and others of its own: of two that are made apart, a registry takes hardly any. */
const change = fc
  .tuple(record, record, fc.array(fc.boolean(), { minLength: 3, maxLength: 3 }))
  .map(([before, other, kept]) => {
    const fields = other.fields.map(
      (one, i) => (kept[i] && before.fields.find(({ name }) => name === one.name)) || one,
    );
    return [before, { ...other, fields }] as const;
  });

test('of two schemas that the contract allows, the registry refuses those of which we say so', async () => {
  let subjects = 0;
  const verdicts = new Set<boolean>();
  await fc.assert(
    fc.asyncProperty(change, async ([before, after]) => {
      const subject = `random-${(subjects += 1)}`;
      await register(subject, before);
      const taken = await takes(subject, after);
      verdicts.add(taken);
      const refusals = forbiddenChanges(before, after, '1.0.0').filter(({ by }) => by === 'registry');
      expect([taken, refusals]).toEqual(taken ? [true, []] : [false, expect.arrayContaining([expect.anything()])]);
    }),
    { numRuns: 100 },
  );
  expect(verdicts).toEqual(new Set([true, false]));
});

async function register(subject: string, schema: object): Promise<void> {
  await ask('POST', `/subjects/${subject}/versions`, { schema: JSON.stringify(schema) });
}

async function takes(subject: string, schema: object): Promise<boolean> {
  const answer = await ask('POST', `/compatibility/subjects/${subject}/versions`, { schema: JSON.stringify(schema) });
  const { is_compatible: compatible } = answer as { readonly is_compatible: boolean };
  return compatible;
}

async function ask(method: string, path: string, body: object): Promise<unknown> {
  const answer = await fetch(`${stack.registryUrl}${path}`, {
    method,
    headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}
