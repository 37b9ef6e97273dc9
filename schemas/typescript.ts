// The messages as TypeScript: their types, and their schemas as data.
import type { Group } from './groups.ts';
import { isOptional, VALUE_TYPES } from './rules.ts';
import { describe } from './wire-types.ts';

export function renderTypes(groups: readonly Group[], header: string): string {
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
  return [`// ${header}\n`, ...types, ...maps, all].join('\n');
}

export function renderSchemas(groups: readonly Group[], header: string): string {
  const schemas = groups.flatMap(({ namespace, records }) =>
    records.map((record) => `'${namespace}.${record.name}': ${JSON.stringify(record)},`),
  );
  const names = groups.map(({ names, nameType, namespace, records }) => {
    const list = records.map(({ name }) => `'${namespace}.${name}'`).join(', ');
    return `export const ${names} = [${list}] as const satisfies readonly ${nameType}[];\n`;
  });
  return `// ${header}

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
