// docs/messages.md: every message, field by field.
import { REJECTIONS } from '../src/domain/rejection.ts';
import { REASONS } from '../src/ports/dead-letters.ts';
import type { Group } from './groups.ts';
import { isOptional } from './rules.ts';
import { describe } from './wire-types.ts';

export function renderPage(groups: readonly Group[], header: string): string {
  const topics = groups.map(({ topic, title = topic, about, namespace, records }) => {
    const messages = records.map(({ name, doc, fields }) => {
      const rows = fields.map((field) => {
        const type = describe(isOptional(field) ? field.type[1] : field.type).wire;
        return `| \`${field.name}\` | ${type}${isOptional(field) ? ' or null' : ''} | ${field.doc} |`;
      });
      return `### ${namespace}.${name}\n\n${doc}\n\n| field | type | meaning |\n| --- | --- | --- |\n${rows.join('\n')}\n`;
    });
    return `## ${title}\n\n${about}\n\n${messages.join('\n')}${namespace === 'licensing.rejections' ? codes() : ''}`;
  });
  return `<!-- ${header} -->

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
They carry on the trace of their message, too (\`traceparent\`, the last one if it has several): [clients.md](clients.md#traces).

${topics.join('\n')}
## Dead letters

\`<topic>.dlq\` carries what can't be handled, byte for byte, with headers that say why ([clients.md](clients.md#match-the-answer)). For
operators: [operations.md](operations.md#dead-letters). For the sender, \`dlq-reason\` is one of:

${table(['reason', 'advice', 'what has happened', 'what its sender does'], letters())}
`;
}

/** What senders do about a refusal, behind the message that tells of it. */
function codes(): string {
  const rows = Object.entries(REJECTIONS).map(([code, { advice, meaning, remedy }]) => [code, advice, meaning, remedy]);
  return `
### Codes

What the sender of a refused command does about it. **retry**: the same command can be accepted later; send it again some times, with growing
pauses, then treat it as one to fix. **fix**: it is refused again until somebody changes the command, or what stands in its way. **ignore**: as a
rule what it asks for is so already; count it as done. A command that was refused is answered: send it again under a new \`ce_id\`, for under
the same one it is skipped. Treat a code that is not in the table as one to fix.

${table(['code', 'advice', 'why', 'what its sender does'], rows)}
`;
}

function letters(): readonly (readonly string[])[] {
  return Object.entries(REASONS).map(([name, { meaning, sender }]) => [name, sender.advice, meaning, sender.note]);
}

function table(header: readonly string[], cells: readonly (readonly string[])[]): string {
  return [header, header.map(() => '---'), ...cells].map((line) => `| ${line.join(' | ')} |`).join('\n');
}
