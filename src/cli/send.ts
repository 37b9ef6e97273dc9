import { text as textOf } from 'node:stream/consumers';
import { describe, SENDABLE, sendableType, shortName } from './message-types.ts';
import { openContainer } from './open-container.ts';
import { reachKafka, reachRegistry } from './reachable.ts';
import { completeRecord } from './record.ts';
import { Sender, type Sent } from './sender.ts';
import { configFor } from './settings.ts';
import { print, UsageError, type Call, type Verb } from './verb.ts';

export const send: Verb = {
  help: `
licensing send TYPE JSON [--id ID] [--source SOURCE] [--correlation-id ID] [--key KEY]
licensing send TYPE -     reads the JSON object from stdin
licensing send TYPE       tells the fields of a type and sends nothing

  licensing send CreateTenant '{"name": "Acme"}'
  licensing send CreateSubdivision '{"tenantId": "...", "name": "North"}'
  licensing send AddStatisticRow '{"tenantId": "...", "subdivisionId": "...", "countRequests": 50}'

Filled in when left out: ids of what is created, a row's \`created\` (now), optional fields (null), and in Create... commands
address, email, phone, description and location (empty). Times are ISO-8601 text or milliseconds since the epoch.

  --id               the command's id, for sending it again: with the same id, source and data it is skipped. Nothing is made up
                     then: give every id, and the time of a row. Default: a new UUID
  --source           who sends it. Default: licensing-cli. An id is one of its source: to send a message of somebody else again, give theirs
  --correlation-id   carried on to everything that follows. Default: the command's id
  --key              the message's key. Default: the tenant's id, for users the user's

Types: ${wrapped(SENDABLE.map(shortName))}

Needs KAFKA_BROKERS and SCHEMA_REGISTRY_URL; \`licensing schemas register\` and \`topics create\` come first. The answer is told by
\`licensing tail\`.`,
  options: {
    id: { type: 'string' },
    source: { type: 'string' },
    'correlation-id': { type: 'string' },
    key: { type: 'string' },
  },

  async run(call) {
    const [word, json, ...more] = call.positionals;
    if (word === undefined)
      throw new UsageError(`expected TYPE and JSON; the types are ${SENDABLE.map(shortName).join(', ')}`);
    const type = sendableType(word);
    if (json === undefined) throw new UsageError(`expected the data as JSON after ${word}\n\n${describe(type)}`);
    if (more.length > 0)
      throw new UsageError(`expected TYPE and JSON, got ${more.length} words more; put the JSON in quotes`);
    const given = parsed(json === '-' ? await textOf(process.stdin) : json);
    const config = configFor(call.environment, ['KAFKA_BROKERS', 'SCHEMA_REGISTRY_URL']);
    const { cradle } = openContainer(config);
    // Before anything is asked of a server: a mistake in the data is told even when none is there.
    const { newId, clock } = cradle;
    completeRecord(type, given, call.values['id'] === undefined ? { newId, now: () => clock.now() } : undefined);
    await Promise.all([reachKafka(cradle), reachRegistry(cradle)]);
    const sent = await new Sender(cradle).send(type, given, optionsOf(call));
    await cradle.producer.stop();
    tell(sent);
    return 0;
  },
};

function optionsOf({ values }: Call): Parameters<Sender['send']>[2] {
  const { id, source, 'correlation-id': correlationId, key } = values;
  return {
    source: typeof source === 'string' ? source : 'licensing-cli',
    ...(typeof id === 'string' && { id, madeUp: false }),
    ...(typeof correlationId === 'string' && { correlationId }),
    ...(typeof key === 'string' && { key }),
  };
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (error) {
    throw new UsageError(`the data is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function tell({ type, topic, key, id, data }: Sent): void {
  print(`sent  ${type}`);
  print(`to    ${topic}, key ${key}`);
  print(`id    ${id}`);
  print(`data  ${JSON.stringify(data)}`);
}

function wrapped(names: readonly string[]): string {
  const lines: string[] = [];
  for (const name of names) {
    const last = lines.at(-1);
    if (last === undefined || last.length + name.length > 110) lines.push(name);
    else lines[lines.length - 1] = `${last}, ${name}`;
  }
  return lines.join(',\n       ');
}
