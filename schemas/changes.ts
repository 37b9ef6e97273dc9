// What may become of a schema that was released: FULL_TRANSITIVE as registries judge it, and what the contract asks for beyond that.
import type { FieldSchema, RecordSchema } from '../src/generated/schemas.ts';
import { isList, isOptional } from './rules.ts';
import { describe } from './wire-types.ts';

/** A change that released schemas do not allow. */
export interface Forbidden {
  /**
   * `registry`: FULL_TRANSITIVE is broken, so one of both schemas can't read what is written with the other, and a registry refuses it.
   * `contract`: a registry takes it, and somebody would be misled all the same.
   */
  readonly by: 'registry' | 'contract';
  /** Field, change and reason; no full stop. */
  readonly sentence: string;
}

/**
 * The schemas are such as rules.ts allows, so neither aliases, unions, defaults nor enumerations have to be compared. What else differs (docs, the
 * order of fields, new optional fields) is allowed.
 * @param since what `before` is called, such as `1.0.0`
 */
export function forbiddenChanges(before: RecordSchema, after: RecordSchema, since: string): readonly Forbidden[] {
  const changed = before.fields.flatMap((field) => {
    const now = after.fields.find(({ name }) => name === field.name);
    return now === undefined ? [gone(field, since)] : changesOf(field, now, since);
  });
  const added = after.fields.filter(({ name }) => !before.fields.some((field) => field.name === name));
  return [...changed, ...added.filter((field) => !isOptional(field)).map((field) => needed(field, since))];
}

function gone(field: FieldSchema, since: string): Forbidden {
  return isOptional(field)
    ? {
        by: 'contract',
        sentence: `field ${field.name} is gone: who goes on writing it, as with ${since}, is no longer heard, and is not told`,
      }
    : {
        by: 'registry',
        sentence: `field ${field.name} is gone, and is not optional in ${since}, which can't read what is written without it`,
      };
}

function needed({ name }: FieldSchema, since: string): Forbidden {
  return {
    by: 'registry',
    sentence: `field ${name} is new and not optional, so what is written with ${since} can't be read; a new field is ["null", T] with default null`,
  };
}

function changesOf(before: FieldSchema, after: FieldSchema, since: string): readonly Forbidden[] {
  const changes: Forbidden[] = [];
  const { name } = before;
  if (isOptional(after) && !isOptional(before)) {
    changes.push({ by: 'registry', sentence: `field ${name} may be null now, which ${since} can't read` });
  }
  if (isOptional(before) && !isOptional(after)) {
    changes.push({
      by: 'registry',
      sentence: `field ${name} may not be null any more, so a null that is written with ${since} can't be read`,
    });
  }
  const [was, is] = [valueOf(before), valueOf(after)];
  const [wasWire, isWire] = [describe(was).wire, describe(is).wire];
  if (encodingOf(was) !== encodingOf(is)) {
    changes.push({
      by: 'registry',
      sentence: `field ${name} is ${isWire}, and was ${wasWire} in ${since}: neither can be read as the other`,
    });
  } else if (wasWire !== isWire) {
    changes.push({
      by: 'contract',
      sentence: `field ${name} is ${isWire}, and was ${wasWire} in ${since}: the bytes are the same, but readers get another kind of value`,
    });
  }
  return changes;
}

type Value = Parameters<typeof describe>[0];

function valueOf(field: FieldSchema): Value {
  return isOptional(field) ? field.type[1] : field.type;
}

/** What stands in the bytes: registries overlook logical types. */
function encodingOf(value: Value): string {
  if (isList(value)) return `array of ${encodingOf(value.items)}`;
  return typeof value === 'string' ? value : value.type;
}
