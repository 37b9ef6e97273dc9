import type { Cradle } from '../container.ts';
import { isId } from './ids.ts';
import { UsageError } from './verb.ts';

/** What is to be shown, as a person names it: by id, or by name. */
type Named =
  | { readonly what: 'tenant'; readonly tenant: string }
  | { readonly what: 'subdivision' | 'license'; readonly tenant: string; readonly one: string }
  | { readonly what: 'user'; readonly userId: string };

/** The same, by ids. */
export type Shown =
  | { readonly what: 'tenant'; readonly tenantId: string }
  | { readonly what: 'subdivision' | 'license'; readonly tenantId: string; readonly id: string }
  | { readonly what: 'user'; readonly userId: string };

/** @throws UsageError */
export function namedIn(positionals: readonly string[]): Named {
  const [what, first = '', second = '', ...more] = positionals;
  const got = `; got '${positionals.join(' ')}'`;
  switch (what) {
    case 'tenant':
      if (first === '' || second !== '') throw new UsageError(`expected tenant TENANT, an id or a name${got}`);
      return { what, tenant: first };
    case 'subdivision':
    case 'license':
      if (second === '' || more.length > 0) {
        throw new UsageError(`expected ${what} TENANT ${what.toUpperCase()}, each an id or a name${got}`);
      }
      return { what, tenant: first, one: second };
    case 'user':
      if (!isId(first) || second !== '') throw new UsageError(`expected user ID, a UUID${got}`);
      return { what, userId: first.toLowerCase() };
    default:
      throw new UsageError(`expected one of: tenant, subdivision, license, user${what === undefined ? '' : got}`);
  }
}

/** @throws NotThere when nothing, or more than one thing, has the name */
export async function shownBy({ looks }: Pick<Cradle, 'looks'>, named: Named): Promise<Shown> {
  if (named.what === 'user') return named;
  const tenantId = await tenantIn(looks, named.tenant);
  if (named.what === 'tenant') return { what: 'tenant', tenantId };
  const { what, one } = named;
  if (isId(one)) return { what, tenantId, id: one.toLowerCase() };
  const name = stored(one);
  const ids = await (what === 'license'
    ? looks.licensesNamed(tenantId, name)
    : looks.subdivisionsNamed(tenantId, name));
  const [id, ...others] = ids;
  if (id === undefined) throw new NotThere(`tenant ${tenantId} has no ${what} named '${name}'`);
  if (others.length > 0) {
    throw new NotThere(`tenant ${tenantId} has ${ids.length} ${what}s named '${name}': ${ids.join(', ')}; give an id`);
  }
  return { what, tenantId, id };
}

/** What was to be shown is not there, or can't be told from others. */
export class NotThere extends Error {
  override readonly name = 'NotThere';
}

/** @param word an id, or a name. @throws NotThere when no tenant has the name */
export async function tenantIn(looks: Cradle['looks'], word: string): Promise<string> {
  if (isId(word)) return word.toLowerCase();
  const tenantId = await looks.tenantNamed(stored(word));
  if (tenantId === undefined) throw new NotThere(`there is no tenant named '${word}'`);
  return tenantId;
}

/** Names are stored so. */
function stored(name: string): string {
  return name.trim().normalize('NFC');
}
