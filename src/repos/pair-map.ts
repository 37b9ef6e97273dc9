interface Pair<Scope, Value> {
  readonly scope: Scope;
  readonly value: Value;
  /** The pair of the same id in another scope. */
  readonly next: Pair<Scope, Value> | undefined;
}

/**
 * A map by an id and the scope in which that id is unique. By the two of them joined to one text it would take thrice as long: such a text
 * is made and hashed for each look. Ids are nearly always unique across scopes; if not, those that share one are gone through.
 */
export class PairMap<Scope extends string, Id extends string, Value> {
  private readonly byId = new Map<Id, Pair<Scope, Value>>();

  get(scope: Scope, id: Id): Value | undefined {
    return found(this.byId.get(id), scope)?.value;
  }

  /** The value of this pair, made now if there is none. */
  at(scope: Scope, id: Id, make: () => Value): Value {
    const next = this.byId.get(id);
    const known = found(next, scope);
    if (known !== undefined) return known.value;
    const value = make();
    this.byId.set(id, { scope, value, next });
    return value;
  }
}

function found<Scope, Value>(first: Pair<Scope, Value> | undefined, scope: Scope): Pair<Scope, Value> | undefined {
  let pair = first;
  while (pair !== undefined && pair.scope !== scope) pair = pair.next;
  return pair;
}
