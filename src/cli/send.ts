import { text as textOf } from 'node:stream/consumers';
import { checkFile } from './check-file.ts';
import { idFault } from './ids.ts';
import { describe, SENDABLE, sendableType, shortName } from './message-types.ts';
import { openContainer } from './open-container.ts';
import { reachKafka, reachRegistry } from './reachable.ts';
import { completeRecord } from './record.ts';
import { sendFile } from './send-file.ts';
import { sendOne } from './send-one.ts';
import { sendOptionsOf, wholeNumber, type SendOptions } from './send-options.ts';
import { configFor } from './settings.ts';
import { UsageError, type Call, type Verb } from './verb.ts';

export const send: Verb = {
  help: `
licensing send TYPE JSON [--wait] [--id ID] [--source SOURCE] [--correlation-id ID] [--key KEY]
licensing send TYPE -     reads the JSON object from stdin
licensing send TYPE       tells the fields of a type and sends nothing
licensing send [TYPE] --file FILE [--wait] [--id-field FIELD] [--from-line N] [--dry-run] [--source SOURCE] [--correlation-id ID]

  licensing send CreateTenant '{"name": "Globex"}' --wait
  licensing send CreateSubdivision '{"tenantId": "...", "name": "North"}'
  licensing send AddStatisticRow '{"tenantId": "...", "subdivisionId": "...", "countRequests": 50}' --wait --timeout 60
  licensing send --file rows.ndjson --dry-run
  licensing send --file rows.ndjson --wait > not-accepted.ndjson
  licensing send AddStatisticRow --file - --id-field statisticRowId < usage.ndjson

Filled in when left out: ids of what is created, a row's \`created\` (now), optional fields (null), and in Create... commands
address, email, phone, description and location (empty). Times are ISO-8601 text or milliseconds since the epoch.

  --wait             waits for the answer and prints it as \`tail\` does: its events, its rejection, or the dead letter
  --timeout          for how many seconds without any answer; default 30
  --json             the answer as \`tail --json\` has it, and nothing else; with --file the counts as one JSON object, in the end
  --id               the command's id, for sending it again: with the same id, source and data it is skipped. Nothing is made up
                     then: give every id, and the time of a row. Default: a new UUID
  --source           who sends it. Default: licensing-cli. An id is one of its source: to send a message of somebody else again, give theirs
  --correlation-id   carried on to everything that follows. Default: the command's id
  --key              the message's key. Default: the tenant's id, for users the user's

Types: ${wrapped(SENDABLE.map(shortName))}

Many messages from a file of UTF-8, one JSON object a line; \`-\` is stdin:

  {"type": "CreateSubdivision", "data": {"tenantId": "...", ...}}     may also have id, source, correlationId, key
  {"tenantId": "...", ...}                                            with TYPE: the data alone

No id and no time is made up. A message's id is made of its line's number and text, so the same file sent again takes effect
once, and of two equal lines each does; a file whose lines have moved is another one. Where that may happen, take the id from the data:
  --id-field         this field is the id: text, or a whole number. It is not sent unless the type has it. Equal ids are one message
  --dry-run          tells every line that can't be read or does not fit its type, and sends nothing
  --from-line        begins with this line, for going on after a stop
The order of the file is kept for each key. Nothing behind a line that can't be sent is sent. Ctrl-C stops behind what is under way, and
tells the line to go on from; a second one tells it at once. After a kill, send the whole file again. With --wait stdout has one JSON object
for each line that was not accepted, as soon as that is known: line, id, type, outcome (rejected, dead, late), code, message, field. The
counts go to stderr.

Of one message that Kafka does not acknowledge nobody knows whether it has arrived. stderr has its id, its data with what was filled in, and the
call that sends it again: that takes effect once. A new call without --id would be another message.

Exit codes: 0 sent, with --wait accepted; 3 rejected; 4 a dead letter; 5 no answer in time, or never, since a message that was sent
before under its id is not answered again (\`licensing explain\` tells what became of it); 2 also for a line that can't be sent; 1 also for
a file that was not sent to its end. Of a file, 4 goes before 5, and 5 before 3.
Needs KAFKA_BROKERS and SCHEMA_REGISTRY_URL; \`licensing schemas register\` and \`topics create\` come first. --wait takes KAFKA_GROUP_ID.`,
  options: {
    id: { type: 'string' },
    source: { type: 'string' },
    'correlation-id': { type: 'string' },
    key: { type: 'string' },
    wait: { type: 'boolean' },
    timeout: { type: 'string' },
    json: { type: 'boolean' },
    file: { type: 'string' },
    'id-field': { type: 'string' },
    'from-line': { type: 'string' },
    'dry-run': { type: 'boolean' },
  },

  async run(call) {
    const options = sendOptionsOf(call);
    if (typeof call.values['file'] === 'string') return runFile(call, call.values['file'], options);
    const [word, json, ...more] = call.positionals;
    if (word === undefined)
      throw new UsageError(`expected TYPE and JSON, or --file; the types are ${SENDABLE.map(shortName).join(', ')}`);
    const type = sendableType(word);
    if (json === undefined) throw new UsageError(`expected the data as JSON after ${word}`, describe(type));
    if (more.length > 0)
      throw new UsageError(`expected TYPE and JSON, got ${more.length} words more; put the JSON in quotes`);
    const { id, key } = call.values;
    const faultOfId = typeof id === 'string' ? idFault(id) : undefined;
    if (faultOfId !== undefined) throw new UsageError(faultOfId);
    const given = parsed(json === '-' ? await textOf(process.stdin) : json);
    const { cradle } = openContainer(configFor(call.environment, ['KAFKA_BROKERS', 'SCHEMA_REGISTRY_URL']));
    // Before anything is asked of a server: a mistake in the data is told even when none is there.
    const { newId, clock } = cradle;
    completeRecord(type, given, id === undefined ? { newId, now: () => clock.now() } : undefined);
    await Promise.all([reachKafka(cradle), reachRegistry(cradle)]);
    return sendOne(cradle, type, given, {
      ...options,
      id: typeof id === 'string' ? id : undefined,
      key: typeof key === 'string' ? key : undefined,
    });
  },
};

async function runFile(call: Call, file: string, options: SendOptions): Promise<number> {
  const [word, ...more] = call.positionals;
  if (more.length > 0)
    throw new UsageError(`with --file expected no more than TYPE, got '${call.positionals.join(' ')}'`);
  const { 'id-field': idField, 'from-line': fromLine, 'dry-run': dryRun } = call.values;
  const all = {
    ...options,
    file,
    form: {
      type: word === undefined ? undefined : sendableType(word),
      idField: typeof idField === 'string' ? idField : undefined,
    },
    fromLine: wholeNumber('--from-line', fromLine, 1),
  };
  return dryRun === true ? checkFile(all) : sendFile(all, call);
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (error) {
    throw new UsageError(`the data is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
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
