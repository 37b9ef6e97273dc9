import { copyMatch } from './copy-match.ts';
import { TooManyBytes, UnreadableBytes } from './errors.ts';

/** snappy-java, and with it Kafka's Java client, puts this and two version numbers before blocks that have a length each. */
const XERIAL_MAGIC = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]);
const XERIAL_HEADER = XERIAL_MAGIC.length + 8;
const MAX_LENGTH_BYTES = 5;
/** The shortest element that repeats the most: 3 bytes for 64. No block unpacks to more than this many times its size. */
const MOST_TIMES = 22;

/**
 * Unpacks snappy: one block, or xerial's framing of many. Allocates no more than `limit`, nor than the bytes can hold.
 * Source: google/snappy, format_description.txt; xerial/snappy-java, SnappyOutputStream.
 * @throws TooManyBytes, UnreadableBytes
 */
export function unpackSnappy(packed: Buffer, limit: number): Buffer {
  if (!packed.subarray(0, XERIAL_MAGIC.length).equals(XERIAL_MAGIC)) return unpackBlock(packed, limit);
  const blocks: Buffer[] = [];
  let unpacked = 0;
  for (let at = XERIAL_HEADER; at < packed.length;) {
    if (at + 4 > packed.length) throw new UnreadableBytes('the snappy blocks end within a length');
    const length = packed.readUInt32BE(at);
    at += 4;
    if (at + length > packed.length) throw new UnreadableBytes('the snappy blocks end within one of them');
    let block: Buffer;
    try {
      block = unpackBlock(packed.subarray(at, at + length), limit - unpacked);
    } catch (error) {
      throw error instanceof TooManyBytes ? new TooManyBytes(limit) : error;
    }
    unpacked += block.length;
    at += length;
    blocks.push(block);
  }
  return Buffer.concat(blocks, unpacked);
}

function unpackBlock(packed: Buffer, limit: number): Buffer {
  const { length, end: start } = readLength(packed);
  if (length > limit) throw new TooManyBytes(limit);
  if (length > MOST_TIMES * packed.length) throw new UnreadableBytes('the snappy block is shorter than it says');
  const bytes = Buffer.allocUnsafe(length);
  let to = 0;
  let at = start;
  while (at < packed.length) {
    const tag = packed[at++] ?? 0;
    const kind = tag & 3;
    if (kind === 0) {
      let size = tag >>> 2;
      if (size >= 60) {
        const extra = size - 59;
        size = littleEndian(packed, at, extra);
        at += extra;
      }
      size += 1;
      if (at + size > packed.length || to + size > length) throw new UnreadableBytes('a snappy literal is too long');
      packed.copy(bytes, to, at, at + size);
      at += size;
      to += size;
      continue;
    }
    const size = kind === 1 ? ((tag >>> 2) & 7) + 4 : (tag >>> 2) + 1;
    const extra = kind === 1 ? 1 : kind === 2 ? 2 : 4;
    const low = littleEndian(packed, at, extra);
    const distance = kind === 1 ? ((tag >>> 5) << 8) | low : low;
    at += extra;
    if (distance === 0 || distance > to || to + size > length) {
      throw new UnreadableBytes('a snappy copy reaches out of its block');
    }
    copyMatch(bytes, to, distance, size);
    to += size;
  }
  if (to !== length) throw new UnreadableBytes('the snappy block is shorter than it says');
  return bytes;
}

/** The length that a block unpacks to, a varint of up to 32 bits, and where it ends. */
function readLength(packed: Buffer): { readonly length: number; readonly end: number } {
  let length = 0;
  for (let at = 0; at < MAX_LENGTH_BYTES; at += 1) {
    const byte = packed[at];
    if (byte === undefined) break;
    length += (byte & 0x7f) * 2 ** (7 * at);
    if (byte < 0x80) return { length, end: at + 1 };
  }
  throw new UnreadableBytes('the snappy block has no length');
}

function littleEndian(packed: Buffer, at: number, size: number): number {
  if (at + size > packed.length) throw new UnreadableBytes('the snappy block ends within an element');
  return packed.readUIntLE(at, size);
}
