/** What YAML can hold; nothing where a value is undefined. */
export type Yaml = string | number | boolean | null | undefined | readonly Yaml[] | { readonly [key: string]: Yaml };

/** A mapping in YAML's block style, to be formatted. */
export function renderYaml(value: { readonly [key: string]: Yaml }): string {
  return block(value, '').trimStart();
}

/** What stands behind a key or a dash, line break included. */
function block(value: Yaml, indent: string): string {
  if (value === null || value === undefined || typeof value !== 'object') return ` ${JSON.stringify(value ?? null)}\n`;
  const inner = `${indent}  `;
  if (isList(value)) {
    if (value.length === 0) return ' []\n';
    return `\n${value.map((item) => `${indent}- ${block(item, inner).trimStart()}`).join('')}`;
  }
  const entries = Object.entries(value).filter(([, one]) => one !== undefined);
  if (entries.length === 0) return ' {}\n';
  return `\n${entries.map(([key, one]) => `${indent}${plainOrQuoted(key)}:${block(one, inner)}`).join('')}`;
}

function isList(value: object): value is readonly Yaml[] {
  return Array.isArray(value);
}

function plainOrQuoted(key: string): string {
  return /^[A-Za-z$][\w$.-]*$/.test(key) ? key : JSON.stringify(key);
}
