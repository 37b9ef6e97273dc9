import { UndecodableMessage, type Decoded } from '../../ports/codec.ts';
import { shortReason } from '../short-reason.ts';
import { HEADER } from './frame-writer.ts';
import { checkCounts } from './writer-schema.ts';
import type { OurWriter } from './known-schemas.ts';

/** avsc reads longs as doubles before it undoes the zig-zag encoding. From here on it gets the last bit wrong, which is the sign. */
const MAX_LONG = 2 ** 52;

/**
 * The record of a frame, whole and with nothing behind it.
 * @throws UndecodableMessage when it is not, or holds what can not be read without loss
 */
export function readRecord(writer: OurWriter, id: number, value: Buffer): Decoded {
  const { reader } = writer;
  let decoded: { readonly value: Readonly<Record<string, unknown>>; readonly offset: number };
  try {
    if (writer.counted) checkCounts(writer.type, value, HEADER);
    decoded = reader.type.decode(value, HEADER, writer.resolver);
  } catch (error) {
    throw new UndecodableMessage(`${reader.name} (schema ${id}): ${shortReason(error)}`);
  }
  const { value: data, offset } = decoded;
  if (offset !== value.length) {
    const what = offset < 0 ? 'it is truncated' : `${value.length - offset} bytes follow the record`;
    throw new UndecodableMessage(`${reader.name} (schema ${id}): ${what}`);
  }
  for (const field of reader.fields) {
    const fault = lossIn(data[field], value);
    if (fault !== undefined) throw new UndecodableMessage(`${reader.name} (schema ${id}): ${field} is ${fault}`);
  }
  return { known: true, type: reader.name, data };
}

/** What was lost when a field's content was read; undefined: nothing. */
function lossIn(content: unknown, frame: Buffer): string | undefined {
  if (typeof content === 'string') {
    // Bytes that are no UTF-8 are read as U+FFFD. If the producer itself sent U+FFFD, the frame holds the text as it was read.
    return content.includes('\uFFFD') && !frame.includes(content, HEADER) ? 'not UTF-8' : undefined;
  }
  if (typeof content === 'number') return content >= MAX_LONG || content <= -MAX_LONG ? 'beyond 2^52' : undefined;
  if (!Array.isArray(content)) return undefined;
  for (const item of content) {
    const fault = lossIn(item, frame);
    if (fault !== undefined) return fault;
  }
  return undefined;
}
