// The schemas of each release, as schemas/released/VERSION/TOPIC/TYPE.avsc: a subject is TOPIC-TYPE. They are the registry of those who have none
// at hand.
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join, sep } from 'node:path';
import type { RecordSchema } from '../src/generated/schemas.ts';
import { forbiddenChanges } from './changes.ts';
import type { Group } from './groups.ts';
import { checkedRecord } from './rules.ts';
import { renderAvsc } from './states.ts';

/** A schema of a release. `topic` by its default name. */
interface Released {
  readonly version: string;
  readonly topic: string;
  readonly type: string;
  readonly schema: RecordSchema;
}

/**
 * What the present schemas must not have done to those of any release, a sentence each, with type and field.
 * @param directory schemas/released
 * @param except a release that is about to be made anew
 */
export async function breaksOf(
  directory: string,
  groups: readonly Group[],
  except?: string,
): Promise<readonly string[]> {
  const released = (await readReleased(directory)).filter(({ version }) => version !== except);
  const sentences = released.map(({ version, topic, type, schema }) => {
    const now = recordOf(groups, topic, type);
    if (now !== undefined) {
      return forbiddenChanges(schema, now, version).map(({ sentence }) => `${type}: ${sentence}`);
    }
    return [`${type}: is gone from ${topic}, where ${version} has it: those who read or write it there are not told`];
  });
  return [...new Set(sentences.flat())];
}

function recordOf(groups: readonly Group[], topic: string, type: string): RecordSchema | undefined {
  const records = groups.filter((group) => group.topic === topic).flatMap((group) => group.records);
  return records.find(({ namespace, name }) => `${namespace}.${name}` === type);
}

type File = { readonly path: string; readonly text: string };

/** The files of a release that is made of these schemas: paths within its directory, and texts to be formatted. */
export function releaseFiles(groups: readonly Group[]): readonly File[] {
  return groups.flatMap(({ topic, namespace, records }) =>
    records.map((record) => ({ path: join(topic, `${namespace}.${record.name}.avsc`), text: renderAvsc(record) })),
  );
}

/** Where a release that is there differs from these files; nothing if there is none. @param folder of the release */
export async function differences(folder: string, files: readonly File[]): Promise<readonly string[]> {
  const there = await filesIn(folder);
  if (there.length === 0) return [];
  const all = [...new Set([...there, ...files.map(({ path }) => path)])].sort();
  const found = await Promise.all(
    all.map(async (path) => (there.includes(path) ? readFile(join(folder, path), 'utf8') : undefined)),
  );
  return all.filter((path, index) => files.find((file) => file.path === path)?.text !== found[index]);
}

async function readReleased(directory: string): Promise<readonly Released[]> {
  const released = (await filesIn(directory)).map(async (path): Promise<Released> => {
    const [version = '', topic = '', file = ''] = path.split(sep);
    const type = file.slice(0, -'.avsc'.length);
    const [namespace, name] = [type.slice(0, type.lastIndexOf('.')), type.slice(type.lastIndexOf('.') + 1)];
    const parsed: unknown = JSON.parse(await readFile(join(directory, path), 'utf8'));
    const schema = checkedRecord(parsed, { path: `schemas/released/${path}`, name, namespace });
    return { version, topic, type, schema };
  });
  return Promise.all(released);
}

/** Sorted, within the directory; none if there is no such directory. */
async function filesIn(directory: string): Promise<readonly string[]> {
  if (!existsSync(directory)) return [];
  const entries = await readdir(directory, { recursive: true });
  return entries.filter((path) => path.endsWith('.avsc')).sort();
}
