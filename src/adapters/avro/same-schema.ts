/**
 * Whether two texts are the same Avro schema, however a registry has written it down: white space, the order of attributes, names in
 * full or by their namespace, `{"type": "string"}` for `"string"`. Another default, doc or order of fields makes another schema.
 */
export function isSameSchema(one: string, other: string): boolean {
  try {
    return canonical(one) === canonical(other);
  } catch (error) {
    // Registries hold Protobuf, too, which is no JSON and the same as no Avro schema.
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}

function canonical(text: string): string {
  return JSON.stringify(normal(JSON.parse(text), ''));
}

const NAMED = ['record', 'error', 'enum', 'fixed'];

/** @param namespace the one around it, in which a short name stands */
function normal(schema: unknown, namespace: string): unknown {
  if (typeof schema === 'string') return PRIMITIVES.has(schema) ? schema : fullName(schema, namespace);
  if (Array.isArray(schema)) return schema.map((branch) => normal(branch, namespace));
  if (typeof schema !== 'object' || schema === null) return schema;
  const attributes: Record<string, unknown> = { ...schema };
  const { type, name } = attributes;
  if (Object.keys(attributes).length === 1 && type !== undefined) return normal(type, namespace);
  let inner = namespace;
  if (NAMED.includes(String(type)) && typeof name === 'string') {
    const own = attributes['namespace'];
    attributes['name'] = fullName(name, typeof own === 'string' ? own : namespace);
    inner = String(attributes['name']).split('.').slice(0, -1).join('.');
    delete attributes['namespace'];
  }
  return Object.fromEntries(
    Object.entries(attributes)
      .map(([key, value]) => [key, partOf(key, value, inner)] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

function partOf(key: string, value: unknown, namespace: string): unknown {
  if (key === 'fields' && Array.isArray(value)) return value.map((field) => normal(field, namespace));
  if (key === 'type' && typeof value === 'string' && [...NAMED, 'array', 'map'].includes(value)) return value;
  return ['type', 'items', 'values'].includes(key) ? normal(value, namespace) : sorted(value);
}

/** Attributes that hold no types, such as defaults, docs and logical types. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .map(([key, part]: [string, unknown]) => [key, sorted(part)] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

const PRIMITIVES = new Set(['null', 'boolean', 'int', 'long', 'float', 'double', 'bytes', 'string']);

function fullName(name: string, namespace: string): string {
  return name.includes('.') || namespace === '' ? name : `${namespace}.${name}`;
}
