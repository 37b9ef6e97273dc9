// Makes the events' .avsc files from the states beside it; the TypeScript types, the schemas as data and the messages page from all .avsc
// files; docs/asyncapi.yaml; the tables of docs/tables.ts; and the dashboards of deploy/dashboards/.
//   node schemas/generate.ts            writes them
//   node schemas/generate.ts --check    writes nothing; exit 1 names each file that is out of date
// Either refuses schemas that are not compatible with those of a release (released.ts).
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { dashboardFiles } from '../deploy/dashboards/files.ts';
import { formatted, ROOT, write, type Output } from './files.ts';
import { readGroups, type Group } from './groups.ts';
import { renderPage } from './messages-page.ts';
import { breaksOf } from './released.ts';
import { SchemaRuleError } from './rules.ts';
import { renderAvsc } from './states.ts';
import { renderSchemas, renderTypes } from './typescript.ts';

const HEADER = 'generated from schemas/ by `npm run generate`; do not edit';

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

async function schemaOutputs(): Promise<readonly Output[]> {
  const groups = await readGroups(join(ROOT, 'schemas'));
  const breaks = await breaksOf(join(ROOT, 'schemas/released'), groups);
  if (breaks.length > 0) throw new SchemaRuleError(breaks.join('\n'));
  return formatted([
    ...groups.flatMap(renderEvents),
    { path: 'src/generated/messages.ts', text: renderTypes(groups, HEADER) },
    { path: 'src/generated/schemas.ts', text: renderSchemas(groups, HEADER) },
    { path: 'docs/messages.md', text: renderPage(groups, HEADER) },
  ]);
}

/** Code is imported only now: the command line's help lists the types of `src/generated/`, which may just have been written. */
async function codeOutputs(): Promise<readonly Output[]> {
  const { pagesWithTables } = await import('../docs/tables.ts');
  const { renderAsyncapi } = await import('./asyncapi/document.ts');
  const asyncapi = renderAsyncapi(await readGroups(join(ROOT, 'schemas')), HEADER);
  return formatted([...(await pagesWithTables()), ...dashboardFiles(), { path: 'docs/asyncapi.yaml', text: asyncapi }]);
}

/** The contract's files of what has happened. Those of the other folders are written by hand. */
function renderEvents({ folder, records }: Group): readonly Output[] {
  if (folder !== 'events') return [];
  return records.map((record) => ({ path: `schemas/events/${record.name}.avsc`, text: renderAvsc(record) }));
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
