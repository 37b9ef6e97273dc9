import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import avsc from 'avsc';
import type { Group } from '../../schemas/groups.ts';
import { breaksOf, differences, releaseFiles } from '../../schemas/released.ts';
import type { RecordSchema } from '../../src/generated/schemas.ts';
import { SCHEMA_CHANGES, BEFORE, judged } from '../support/schema-changes.ts';

test.each(SCHEMA_CHANGES)('$what: "$ours"', ({ after, ours }) => {
  const sentences = judged(BEFORE, after);
  if (ours === '') expect(sentences).toEqual([]);
  else expect(sentences).toEqual([expect.stringContaining(ours)]);
});

test.each(SCHEMA_CHANGES)('avsc $avsc $what', ({ after, avsc: expected }) => {
  expect(readable(BEFORE, after) ? 'takes' : 'refuses').toBe(expected);
});

function readable(before: object, after: object): boolean {
  try {
    const [one, other] = [before, after].map((schema) => avsc.Type.forSchema(schema as avsc.Schema));
    one?.createResolver(other as avsc.Type);
    other?.createResolver(one as avsc.Type);
    return true;
  } catch {
    return false;
  }
}

describe('a release', () => {
  const group = (topic: string, ...records: readonly RecordSchema[]): Group => ({
    folder: 'events',
    namespace: 'licensing.events',
    suffix: 'Event',
    map: 'Events',
    nameType: 'EventName',
    names: 'EVENT_NAMES',
    topic,
    about: 'Things.',
    records,
  });
  const EVENTS = 'licensing.events.v1';
  const [first, ...others] = BEFORE.fields;
  const shorter: RecordSchema = { ...BEFORE, fields: others };

  let directory = '';
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'licensing-released-'));
  });
  afterEach(() => {
    rmSync(directory, { recursive: true });
  });

  function keep(version: string, groups: readonly Group[]): void {
    for (const { path, text } of releaseFiles(groups)) {
      mkdirSync(join(directory, version, dirname(path)), { recursive: true });
      writeFileSync(join(directory, version, path), text);
    }
  }

  test('holds for all that comes after it, not only for the next one', async () => {
    keep('1.0.0', [group(EVENTS, BEFORE)]);
    keep('1.1.0', [group(EVENTS, shorter)]);
    const gone = `licensing.events.Thing: field ${first?.name} is gone, and is not optional in 1.0.0, which can't read what is written without it`;
    expect(await breaksOf(directory, [group(EVENTS, shorter)])).toEqual([gone]);
    const added = expect.stringMatching(/ is new and not optional, so what is written with 1\.1\.0 can't be read/);
    expect(await breaksOf(directory, [group(EVENTS, BEFORE)])).toEqual([added]);
    expect(await breaksOf(directory, [group(EVENTS, BEFORE)], '1.1.0')).toEqual([]);
  });

  test('keeps each of its types on its topic', async () => {
    keep('1.0.0', [group(EVENTS, BEFORE)]);
    const gone = `licensing.events.Thing: is gone from ${EVENTS}, where 1.0.0 has it: those who read or write it there are not told`;
    expect(await breaksOf(directory, [group(EVENTS)])).toEqual([gone]);
    expect(await breaksOf(directory, [group('licensing.others.v1', BEFORE)])).toEqual([gone]);
  });

  test('differs where a file is another one, is missing, or is one too many', async () => {
    const files = releaseFiles([group(EVENTS, BEFORE, { ...BEFORE, name: 'Other' })]);
    expect(await differences(join(directory, '1.0.0'), files)).toEqual([]);
    keep('1.0.0', [group(EVENTS, shorter, { ...BEFORE, name: 'Former' })]);
    const names = ['Former', 'Other', 'Thing'].map((name) => `${EVENTS}/licensing.events.${name}.avsc`);
    expect(await differences(join(directory, '1.0.0'), files)).toEqual(names);
  });
});
