// `npm run test:asyncapi`: holds docs/asyncapi.yaml against AsyncAPI by its own parser, Avro included. Downloads that (170 packages, 55 MB), which
// nobody needs otherwise. Closes with 'N passed, N failed'.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { download, run } from '../../stack/downloads.ts';
import { SCHEMAS } from '../../src/generated/schemas.ts';
import { ROOT } from '../files.ts';

const VALIDATOR = join(import.meta.dirname, 'validator');
const LOCK = join(VALIDATOR, 'package-lock.json');
/** As the parser has it: 0 is an error, 1 a warning; what is less is a hint. */
const WARNING = 1;

interface Seen {
  readonly faults: readonly { readonly severity: number; readonly at: string; readonly message: string }[];
  readonly operations: readonly { readonly id: string; readonly messages: readonly string[] }[];
}

const folder = await download(join(ROOT, '.cache'), console.log, {
  what: 'the parser of AsyncAPI (170 packages, 55 MB)',
  cacheName: `asyncapi-${createHash('sha256').update(readFileSync(LOCK)).digest('hex').slice(0, 8)}`,
  fetch: async (directory, logFile) => {
    for (const file of ['package.json', 'package-lock.json']) cpSync(join(VALIDATOR, file), join(directory, file));
    await run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--prefix', directory], logFile);
  },
});
const program = [join(VALIDATOR, 'validate.mjs'), folder, join(ROOT, 'docs', 'asyncapi.yaml')];
const { status, stdout, stderr } = spawnSync(process.execPath, program, { encoding: 'utf8', maxBuffer: 2 ** 26 });
if (status !== 0) throw new Error(`the parser of AsyncAPI ended with ${status}: ${stderr}`);
const seen = JSON.parse(stdout) as Seen;

const faults = seen.faults.filter(({ severity }) => severity <= WARNING);
for (const { at, message } of faults) console.log(`NOT OK   ${at}: ${message}`);
// A document that can't be parsed has no operations.
const named = new Set(seen.operations.flatMap(({ messages }) => messages));
const missing = Object.keys(SCHEMAS).filter((name) => !named.has(name));
for (const name of missing) console.log(`NOT OK   ${name}: no operation has it`);
for (const { id, messages } of seen.operations) console.log(`ok       ${id}: ${messages.length}`);

const failed = faults.length + missing.length;
console.log(`${seen.operations.length} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
