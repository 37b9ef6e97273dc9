import { shortName } from './message-types.ts';
import type { SendOptions } from './send-options.ts';
import type { Sent } from './sender.ts';
import { oneLine } from './verb.ts';

/** How a message was asked to be sent. */
export interface Sending extends SendOptions {
  readonly key: string | undefined;
}

/** @returns the call that sends the same message once more, under its id and with the data as it was completed, for a shell */
export function callAgain({ type, id, data }: Pick<Sent, 'type' | 'id' | 'data'>, options: Sending): string {
  const { source, correlationId, key, wait, timeout, json } = options;
  return [
    // In JSON an escape means the character.
    ...['licensing send', shortName(type), shellWord(oneLine(JSON.stringify(data)))],
    ...[option('id', id), option('source', source)],
    ...(correlationId === undefined ? [] : [option('correlation-id', correlationId)]),
    ...(key === undefined ? [] : [option('key', key)]),
    ...(wait ? ['--wait', option('timeout', String(timeout / 1_000))] : []),
    ...(json ? ['--json'] : []),
  ].join(' ');
}

/** @returns the call that says what became of a message, for a shell */
export function explainCall(source: string, id: string): string {
  return `licensing explain ${option('source', source)} ${option('id', id)}`;
}

/** A value that begins with a dash would be taken for an option of its own. */
function option(name: string, value: string): string {
  return `--${name}${value.startsWith('-') ? '=' : ' '}${shellWord(value)}`;
}

/** A text as one word for a shell, without control characters. */
function shellWord(text: string): string {
  if (/^[\w.:/@%+,-]+$/.test(text)) return text;
  if (!/\p{Cc}/u.test(text)) return `'${text.replaceAll("'", String.raw`'\''`)}'`;
  const escaped = text.replace(/[\\']/g, String.raw`\$&`).replace(/\p{Cc}/gu, codeOf);
  return `$'${escaped}'`;
}

function codeOf(control: string): string {
  return `\\u${control.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
