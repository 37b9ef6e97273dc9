// Makes the events' .avsc files from the states beside it; the TypeScript types, the schemas as data and the messages page from all .avsc
// files; and the tables of docs/tables.ts.
//   node schemas/generate.ts            writes them
//   node schemas/generate.ts --check    writes nothing; exit 1 names each file that is out of date
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as prettier from 'prettier';
import type { ListSchema, RecordSchema } from '../src/generated/schemas.ts';
import { checkedRecord, isList, isOptional, SchemaRuleError, VALUE_TYPES } from './rules.ts';
import type { ValueType } from './rules.ts';
import { readEvents, renderAvsc } from './states.ts';

const ROOT = join(import.meta.dirname, '..');
const HEADER = 'generated from schemas/ by `npm run generate`; do not edit';

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

interface Folder {
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

type Group = Folder & { readonly records: readonly RecordSchema[] };
type Output = { readonly path: string; readonly text: string };

/** Paths, from the repository's root, of the generated files that are missing or not what their sources give. */
export async function outOfDate(): Promise<readonly string[]> {
  const stale: string[] = [];
  for (const { path, text } of [...(await schemaOutputs()), ...(await codeOutputs())]) {
    const found = await readFile(join(ROOT, path), 'utf8').catch(() => undefined);
    if (found !== text) stale.push(path);
  }
  return stale;
}

async function writeAll(): Promise<void> {
  for (const outputs of [schemaOutputs, codeOutputs]) await write(await outputs());
}

async function write(outputs: readonly Output[]): Promise<void> {
  for (const { path, text } of outputs) {
    await mkdir(dirname(join(ROOT, path)), { recursive: true });
    await writeFile(join(ROOT, path), text);
  }
}

async function schemaOutputs(): Promise<readonly Output[]> {
  const groups = await Promise.all(FOLDERS.map(readGroup));
  return formatted([
    ...groups.flatMap(renderEvents),
    { path: 'src/generated/messages.ts', text: renderTypes(groups) },
    { path: 'src/generated/schemas.ts', text: renderSchemas(groups) },
    { path: 'docs/messages.md', text: renderPage(groups) },
  ]);
}

/** Code is imported only now: the command line's help lists the types of `src/generated/`, which may just have been written. */
async function codeOutputs(): Promise<readonly Output[]> {
  const { pagesWithTables } = await import('../docs/tables.ts');
  return formatted(await pagesWithTables());
}

async function formatted(files: readonly Output[]): Promise<readonly Output[]> {
  return Promise.all(
    files.map(async ({ path, text }) => {
      const filepath = join(ROOT, path);
      return { path, text: await prettier.format(text, { ...(await prettier.resolveConfig(filepath)), filepath }) };
    }),
  );
}

async function readGroup(folder: Folder): Promise<Group> {
  // Plain code-unit order, so that the output is the same on every machine.
  const all = (await readdir(join(ROOT, 'schemas', folder.folder))).filter((file) => file.endsWith('.avsc')).sort();
  const { only } = folder;
  const files = only === undefined ? all : all.filter((file) => only.includes(nameOf(file)));
  if (folder.folder === 'events') {
    const records = await readEvents(join(ROOT, 'schemas/states'), folder.namespace);
    const stray = files.find((file) => !records.some(({ name }) => file === `${name}.avsc`));
    if (stray === undefined) return { ...folder, records };
    throw new SchemaRuleError(`schemas/events/${stray}: no file of schemas/states/ has this event`);
  }
  const records = files.map(async (file) => {
    const path = `schemas/${folder.folder}/${file}`;
    const parsed: unknown = JSON.parse(await readFile(join(ROOT, path), 'utf8'));
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

/** The contract's files of what has happened. Those of the other folders are written by hand. */
function renderEvents({ folder, records }: Group): readonly Output[] {
  if (folder !== 'events') return [];
  return records.map((record) => ({ path: `schemas/events/${record.name}.avsc`, text: renderAvsc(record) }));
}

/** A type as people and comments call it, as TypeScript does, and its unit where it has one. */
function describe(type: ValueType | ListSchema): {
  readonly wire: string;
  readonly typescript: string;
  readonly unit: string;
} {
  if (isList(type)) {
    const { wire, typescript, unit } = describe(type.items);
    return { wire: `array of ${wire}`, typescript: `readonly ${typescript}[]`, unit };
  }
  if (type === 'string') return { wire: 'string', typescript: 'string', unit: '' };
  if (type === 'long') return { wire: 'long', typescript: 'number', unit: '' };
  if (type === 'boolean') return { wire: 'boolean', typescript: 'boolean', unit: '' };
  if (type.logicalType === 'uuid') return { wire: 'string (uuid)', typescript: 'string', unit: ' UUID.' };
  return { wire: 'long (timestamp-millis)', typescript: 'number', unit: ' Milliseconds since the epoch, UTC.' };
}

function renderTypes(groups: readonly Group[]): string {
  const types = groups.flatMap(({ suffix, records }) =>
    records.map((record) => {
      const properties = record.fields.map((field) => {
        const { typescript, unit } = describe(isOptional(field) ? field.type[1] : field.type);
        return `/** ${field.doc}${unit} */\nreadonly ${field.name}: ${typescript}${isOptional(field) ? ' | null' : ''};`;
      });
      return `/** ${record.doc} */\nexport type ${record.name}${suffix} = {\n${properties.join('\n')}\n};\n`;
    }),
  );
  const maps = groups.map(({ map, nameType, namespace, suffix, topic, records }) => {
    const entries = records.map(({ name }) => `readonly '${namespace}.${name}': ${name}${suffix};`);
    return `/** By full name; on \`${topic}\` unless configured otherwise. */\nexport type ${map} = {\n${entries.join('\n')}\n};\nexport type ${nameType} = keyof ${map};\n`;
  });
  const all = `export type Messages = ${groups.map(({ map }) => map).join(' & ')};\nexport type MessageName = keyof Messages;`;
  return [`// ${HEADER}\n`, ...types, ...maps, all].join('\n');
}

function renderSchemas(groups: readonly Group[]): string {
  const schemas = groups.flatMap(({ namespace, records }) =>
    records.map((record) => `'${namespace}.${record.name}': ${JSON.stringify(record)},`),
  );
  const names = groups.map(({ names, nameType, namespace, records }) => {
    const list = records.map(({ name }) => `'${namespace}.${name}'`).join(', ');
    return `export const ${names} = [${list}] as const satisfies readonly ${nameType}[];\n`;
  });
  return `// ${HEADER}

import type { ${groups.map(({ nameType }) => nameType).join(', ')}, MessageName } from './messages.ts';

/** The only types used on the wire. */
export type ValueSchema =
${VALUE_TYPES.map((type) => `  | ${typeof type === 'string' ? `'${type}'` : `{ readonly type: '${type.type}'; readonly logicalType: '${type.logicalType}' }`}`).join('\n')};

/** Only where null is allowed, too. */
export type ListSchema = { readonly type: 'array'; readonly items: ValueSchema };

export type FieldSchema =
  | { readonly name: string; readonly type: ValueSchema; readonly doc: string }
  | { readonly name: string; readonly type: readonly ['null', ValueSchema | ListSchema]; readonly default: null; readonly doc: string };

/** An Avro record as the contract allows it: flat but for lists, and documented throughout. */
export type RecordSchema = {
  readonly type: 'record';
  readonly name: string;
  readonly namespace: string;
  readonly doc: string;
  readonly fields: readonly FieldSchema[];
};

/** Every message by its full name, docs included: this is what gets registered. */
export const SCHEMAS = {
${schemas.join('\n')}
} as const satisfies Readonly<Record<MessageName, RecordSchema>>;

${names.join('\n')}`;
}

function renderPage(groups: readonly Group[]): string {
  const topics = groups.map(({ topic, title = topic, about, namespace, records }) => {
    const messages = records.map(({ name, doc, fields }) => {
      const rows = fields.map((field) => {
        const type = describe(isOptional(field) ? field.type[1] : field.type).wire;
        return `| \`${field.name}\` | ${type}${isOptional(field) ? ' or null' : ''} | ${field.doc} |`;
      });
      return `### ${namespace}.${name}\n\n${doc}\n\n| field | type | meaning |\n| --- | --- | --- |\n${rows.join('\n')}\n`;
    });
    return `## ${title}\n\n${about}\n\n${messages.join('\n')}`;
  });
  return `<!-- ${HEADER} -->

# Messages

Avro in the Confluent frame (magic 0, 4-byte schema id), subjects by TopicRecordNameStrategy. Topic names are the defaults.
Times are milliseconds since the epoch, UTC. "or null" is \`["null", T]\` with default null. Lists of values can grow: keep a default branch.
Text is trimmed and NFC-normalised before it is checked, stored and emitted. The schemas themselves stand in \`schemas/\`.
Batches may be compressed in any codec. One that unpacks to more than 32 MB (or eight times its packed size, if that is more) becomes a dead letter
as a whole. How to send a command from your language and match its answer: [clients.md](clients.md).
A writer may be older or newer than these: with more optional fields, defaults of its own, references to other schemas. What lies in another
partition than murmur2 of its key gives is counted by \`ce_source\`. The same \`ce_source\` and \`ce_id\` again is skipped, unless all that has come of it is a dead
letter that parks nothing (it could not be read, say): then the new one is handled, whatever its bytes are.

## Time

Each message is decided, and all that it brings about is dated, by one time, its own: the timestamp of its record, never later than the start of
the transaction by the database's clock, and that start where the record has none (a timestamp before 2001 counts as none). So an outage,
a replay, a restored database or a wrong clock of a worker changes no answer, and the same messages read again bring about the same
bytes. Wherever this page says "ahead", "expired" or "after its creation", that time is meant. On topics that \`licensing topics create\`
has made, the broker dates what comes in (\`message.timestamp.type=LogAppendTime\`), whatever date its producer has given it.
Events and rejections carry it in \`ce_time\`, too; the timestamp of their own record is when they were published.

${topics.join('\n')}`;
}

if (import.meta.main) {
  try {
    if (process.argv.includes('--check')) {
      const stale = await outOfDate();
      for (const path of stale) console.error(`${path} is out of date: run \`npm run generate\``);
      if (stale.length > 0) process.exitCode = 1;
    } else {
      await writeAll();
    }
  } catch (error) {
    if (!(error instanceof SchemaRuleError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}
