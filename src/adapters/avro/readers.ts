import avsc, { type Type } from 'avsc';
import type { MessageName } from '../../generated/messages.ts';
import type { RecordSchema } from '../../generated/schemas.ts';

/** A type of this build. avsc gives records as instances of a class without methods that it makes for each type. */
export interface Reader {
  readonly name: MessageName;
  readonly type: Type;
  readonly fields: readonly string[];
}

/** @returns a reader for each schema, by its full name */
export function readersOf(schemas: Readonly<Record<MessageName, RecordSchema>>): ReadonlyMap<string, Reader> {
  return new Map((Object.keys(schemas) as MessageName[]).map((name) => [name, readerOf(name, schemas[name])]));
}

/** No logical types: uuid stays a string and timestamp-millis a number; unions of null and one type come unwrapped. */
function readerOf(name: MessageName, schema: RecordSchema): Reader {
  const type = avsc.Type.forSchema(schema as unknown as Parameters<typeof avsc.Type.forSchema>[0], {
    wrapUnions: 'never',
    omitRecordMethods: true,
  });
  return { name, type, fields: schema.fields.map((field) => field.name) };
}
