// Which messages there are, on which topics: the .avsc files of a folder, and the events made from the states.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RecordSchema } from '../src/generated/schemas.ts';
import { checkedRecord, SchemaRuleError } from './rules.ts';
import { readEvents } from './states.ts';

/**
 * One folder of schemas, or those of its records that share a topic: its namespace, what its types are called in TypeScript, and the topic that
 * carries them.
 */
const FOLDERS = [
  {
    folder: 'commands',
    namespace: 'licensing.commands',
    suffix: 'Command',
    map: 'Commands',
    nameType: 'CommandName',
    names: 'COMMAND_NAMES',
    topic: 'licensing.commands.v1',
    about: 'What upstream services ask for. Key: tenantId; userId for `CreateUser`.',
  },
  {
    folder: 'events',
    namespace: 'licensing.events',
    suffix: 'Event',
    map: 'Events',
    nameType: 'EventName',
    names: 'EVENT_NAMES',
    topic: 'licensing.events.v1',
    about: 'What has happened. Key: tenantId; userId for the user events.',
  },
  {
    folder: 'rejections',
    namespace: 'licensing.rejections',
    suffix: '',
    map: 'Rejections',
    nameType: 'RejectionName',
    names: 'REJECTION_NAMES',
    topic: 'licensing.rejections.v1',
    about: 'What was refused. Key: that of the command.',
  },
  {
    folder: 'entitlements',
    namespace: 'licensing.entitlements',
    suffix: 'Message',
    map: 'Entitlements',
    nameType: 'EntitlementName',
    names: 'ENTITLEMENT_NAMES',
    topic: 'licensing.entitlements.v1',
    about:
      'What each subdivision is entitled to now, for services that decide by themselves. Compacted. Key: `tenantId/subdivisionId`. The last ' +
      'record of a key counts, and a tombstone says that the subdivision is deleted; where two copies are at hand, the one with the higher ' +
      '`epoch`, then `version`, then `issuedAt`. A service is allowed to serve while `allowed` and within the validity, as long as it has caught up no longer ' +
      'ago than it wants to trust what it knows.',
  },
  {
    folder: 'users',
    namespace: 'users.events',
    suffix: 'OutsideEvent',
    map: 'OutsideEvents',
    nameType: 'OutsideEventName',
    names: 'OUTSIDE_EVENT_NAMES',
    topic: 'users.events.v1',
    about: 'What the user domain tells; the worker reads these. Key: userId.',
  },
  {
    folder: 'internal',
    only: ['AdvanceSubdivision'],
    namespace: 'licensing.internal',
    suffix: '',
    map: 'InternalCommands',
    nameType: 'InternalCommandName',
    names: 'INTERNAL_COMMAND_NAMES',
    topic: 'licensing.commands.v1',
    title: 'licensing.commands.v1, internal',
    about:
      'What the worker tells itself among the commands; nobody else sends it, and nobody else needs it. Key: tenantId.',
  },
  {
    folder: 'internal',
    only: ['LookUpUser'],
    namespace: 'licensing.internal',
    suffix: '',
    map: 'LookUpMessages',
    nameType: 'LookUpMessageName',
    names: 'LOOK_UP_MESSAGE_NAMES',
    topic: 'licensing.user-lookups.v1',
    about: 'What the worker tells itself; nobody else needs it. Key: userId.',
  },
] as const satisfies readonly Folder[];

export interface Folder {
  readonly folder: string;
  /** The records that this entry is about; the folder's others have an entry of their own. Default: all. */
  readonly only?: readonly string[];
  readonly namespace: string;
  readonly suffix: string;
  readonly map: string;
  readonly nameType: string;
  readonly names: string;
  readonly topic: string;
  /** Of its part of the page, where that is not the topic. */
  readonly title?: string;
  readonly about: string;
}

export type Group = Folder & { readonly records: readonly RecordSchema[] };

/** All messages, in the order of FOLDERS. @param directory of the schemas. @throws {SchemaRuleError} that names the file */
export async function readGroups(directory: string): Promise<readonly Group[]> {
  return Promise.all(FOLDERS.map((folder) => readGroup(directory, folder)));
}

async function readGroup(directory: string, folder: Folder): Promise<Group> {
  // Plain code-unit order, so that the output is the same on every machine.
  const all = (await readdir(join(directory, folder.folder))).filter((file) => file.endsWith('.avsc')).sort();
  const { only } = folder;
  const files = only === undefined ? all : all.filter((file) => only.includes(nameOf(file)));
  if (folder.folder === 'events') {
    const records = await readEvents(join(directory, 'states'), folder.namespace);
    const stray = files.find((file) => !records.some(({ name }) => file === `${name}.avsc`));
    if (stray === undefined) return { ...folder, records };
    throw new SchemaRuleError(`schemas/events/${stray}: no file of schemas/states/ has this event`);
  }
  const records = files.map(async (file) => {
    const parsed: unknown = JSON.parse(await readFile(join(directory, folder.folder, file), 'utf8'));
    const path = `schemas/${folder.folder}/${file}`;
    return checkedRecord(parsed, { path, name: nameOf(file), namespace: folder.namespace });
  });
  const homeless = all.find((file) => !FOLDERS.some((one) => one.folder === folder.folder && has(one, nameOf(file))));
  if (homeless !== undefined) {
    throw new SchemaRuleError(`schemas/${folder.folder}/${homeless}: no entry of FOLDERS says which topic carries it`);
  }
  return { ...folder, records: await Promise.all(records) };
}

function has({ only }: Folder, name: string): boolean {
  return only === undefined || only.includes(name);
}

function nameOf(file: string): string {
  return file.slice(0, -'.avsc'.length);
}
