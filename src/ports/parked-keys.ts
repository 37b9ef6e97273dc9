/** Tenants and users go by UUID. What a message names in another form is nobody, so there is nothing to keep in order. */
const KEY = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Those of these names that can be parked, each once, sorted: in this order they are locked. */
export function parkableKeys(names: readonly string[]): readonly string[] {
  return [...new Set(names.filter((name) => KEY.test(name)))].sort();
}
