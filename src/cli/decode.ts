import type { Cradle } from '../container.ts';
import { UndecodableMessage } from '../ports/codec.ts';
import { registryPlace } from '../places.ts';
import { patiently } from './reachable.ts';

/** What a value says. `type`, a full name, is undefined when it can't be decoded; `data` also when this build does not know the type. */
export interface DecodedValue {
  readonly type: string | undefined;
  readonly data: Readonly<Record<string, unknown>> | undefined;
}

/** Asks the registry for a schema that was not met before. @throws Unreachable */
export async function decodeValue(
  { codec, config }: Pick<Cradle, 'codec' | 'config'>,
  value: Buffer | null,
): Promise<DecodedValue> {
  const missing = codec.missingSchema(value);
  if (missing !== undefined) {
    await patiently(registryPlace(config), (signal) => codec.fetchSchema(missing, signal));
  }
  try {
    const decoded = codec.decode(value);
    return { type: decoded.type, data: decoded.known ? fieldsOf(decoded.data) : undefined };
  } catch (error) {
    if (error instanceof UndecodableMessage) return { type: undefined, data: undefined };
    throw error;
  }
}

/** A record as a plain object. */
function fieldsOf(data: unknown): Readonly<Record<string, unknown>> {
  return typeof data === 'object' && data !== null ? { ...data } : {};
}
