import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { asValue } from 'awilix/browser';
import type { Knex } from 'knex';
import { pino } from 'pino';
import { MessageCodec } from '../../src/adapters/avro/message-codec.ts';
import { subjectsOf, writtenSubjects } from '../../src/adapters/subjects.ts';
import { readConfig } from '../../src/config.ts';
import { createContainer } from '../../src/container.ts';
import { SCHEMAS, type RecordSchema } from '../../src/generated/schemas.ts';
import type { Codec } from '../../src/ports/codec.ts';
import { Migrations } from '../../src/uow/migrations.ts';
import { licensing, type Environment } from '../support/world-process.ts';

/** The last commit before workers state levels and tell what is decided; it knows no time either. */
const COMMIT = 'b2f1871';
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const REGISTERED_WITHIN_MS = 20_000;

/** The command line of a worker of the version before. @throws where the repository lacks its commit */
export function olderWorker(): readonly string[] {
  return [join(checkedOut(), 'src', 'main.ts'), 'worker'];
}

/** Takes the tables back to what they were in the version before. */
export async function olderTables(db: Knex): Promise<void> {
  const older = readdirSync(join(checkedOut(), 'migrations'));
  const migrations = new Migrations(db, join(ROOT, 'migrations'));
  while ((await migrations.status()).done.length > older.length) await migrations.down(false);
}

/**
 * Registers schemas as at the beginning of a rolling update: all of the version before, and then what the new workers write.
 * @returns what producers of the version before write with: they can send none of the new commands, and none of the new fields
 */
export async function olderSchemas(env: Environment): Promise<Codec> {
  const folder = checkedOut();
  const { code, stderr } = await licensing(['schemas', 'register'], env, join(folder, 'src', 'main.ts'));
  if (code !== 0) throw new Error(`the older build's schemas: ${stderr}`);
  const config = readConfig(env);
  const { cradle } = createContainer({ config, overrides: { logger: asValue(pino({ level: 'silent' })) } });
  for (const { subject, type } of writtenSubjects(config.topics)) {
    await cradle.schemaRegistration.register(subject, SCHEMAS[type], 'FULL_TRANSITIVE');
  }
  const older = new Map(['commands', 'users'].flatMap((kind) => schemasIn(join(folder, 'schemas', kind))));
  const codec = new MessageCodec({
    registry: cradle.schemaRegistry,
    schemas: { ...SCHEMAS, ...Object.fromEntries(older) },
    clock: cradle.steadyClock,
    logger: cradle.logger,
  });
  const sent = subjectsOf(config.topics).filter(({ type }) => older.has(type));
  await codec.prepareWriters(sent, AbortSignal.timeout(REGISTERED_WITHIN_MS));
  return codec;
}

/** The older build's tree, made once. */
function checkedOut(): string {
  const folder = join(ROOT, '.cache', `build-${COMMIT}`);
  if (!existsSync(join(folder, 'node_modules'))) {
    mkdirSync(folder, { recursive: true });
    const unpacked = spawnSync('sh', ['-c', `git archive ${COMMIT} | tar x -C "$0"`, folder], { cwd: ROOT });
    if (!existsSync(join(folder, 'src', 'main.ts'))) {
      throw new Error(`commit ${COMMIT} is needed (git fetch --unshallow): ${String(unpacked.stderr)}`);
    }
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  }
  return folder;
}

/** By their full names. */
function schemasIn(folder: string): (readonly [string, RecordSchema])[] {
  return readdirSync(folder).map((file) => {
    const schema = JSON.parse(readFileSync(join(folder, file), 'utf8')) as RecordSchema;
    return [`${schema.namespace}.${schema.name}`, schema] as const;
  });
}
