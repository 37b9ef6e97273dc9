import { isUuid } from '../domain/ids.ts';

/**
 * The keys among these names, each once. Sorted, because their rows are locked in this order. Tenants and users go by UUID: a name in another
 * form belongs to nobody, so there is no order to keep for it.
 */
export function parkableKeys(names: readonly string[]): readonly string[] {
  return [...new Set(names.filter(isUuid))].sort();
}
