// Events tell their aggregate's whole state, so the fields of a state stand once: a file of schemas/states/ has them, and the events that
// carry them. The .avsc of an event is made from it.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RecordSchema } from '../src/generated/schemas.ts';
import { checkedRecord, isObject, onlyKeys, SchemaRuleError } from './rules.ts';

/** Fields of an event's own stand before these two, with which every event ends. */
const LAST = ['version', 'occurredAt'];

/** The events of all states, by name. @throws {SchemaRuleError} that names file and event */
export async function readEvents(directory: string, namespace: string): Promise<readonly RecordSchema[]> {
  const files = (await readdir(directory)).sort();
  const records = await Promise.all(
    files.map(async (file) => {
      const parsed: unknown = JSON.parse(await readFile(join(directory, file), 'utf8'));
      return eventsOf(parsed, `schemas/states/${file}`, namespace);
    }),
  );
  const all = records.flat().sort((a, b) => (a.name < b.name ? -1 : 1));
  const twice = all.find(({ name }, index) => all[index + 1]?.name === name);
  if (twice !== undefined) throw new SchemaRuleError(`schemas/states: ${twice.name} stands there twice`);
  return all;
}

/** @throws {SchemaRuleError} */
export function eventsOf(state: unknown, path: string, namespace: string): readonly RecordSchema[] {
  if (!isObject(state) || !Array.isArray(state['fields']) || !isObject(state['events'])) {
    throw new SchemaRuleError(`${path}: expected "fields" and "events"`);
  }
  onlyKeys(state, ['fields', 'events'], path);
  const shared: readonly unknown[] = state['fields'];
  return Object.entries(state['events']).map(([name, event]) => {
    const at = `${path}: ${name}`;
    if (!isObject(event)) throw new SchemaRuleError(`${at}: expected "doc"`);
    onlyKeys(event, ['doc', 'fields'], at);
    const { fields: listed = [] } = event;
    if (!Array.isArray(listed)) throw new SchemaRuleError(`${at}: "fields" is no list`);
    const own: readonly unknown[] = listed;
    const ends = shared.filter((field) => isObject(field) && LAST.includes(String(field['name'])));
    const fields = [...shared.filter((field) => !ends.includes(field)), ...own, ...ends];
    return checkedRecord({ type: 'record', name, namespace, doc: event['doc'], fields }, { path: at, name, namespace });
  });
}

/** A record as its .avsc has it, to be formatted: each field's type on one line. */
export function renderAvsc({ name, namespace, doc, fields }: RecordSchema): string {
  const lines = fields.map((field) => {
    const entries = Object.entries(field).map(([key, value]) => `"${key}": ${JSON.stringify(value)}`);
    return `{\n${entries.join(',\n')}\n}`;
  });
  const head = Object.entries({ type: 'record', name, namespace, doc }).map(
    ([key, value]) => `"${key}": ${JSON.stringify(value)}`,
  );
  return `{\n${head.join(',\n')},\n"fields": [${lines.join(',\n')}]\n}`;
}
