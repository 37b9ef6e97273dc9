import { copyMatch } from './copy-match.ts';
import { TooManyBytes, UnreadableBytes } from './errors.ts';

const MAGIC = 0x184d2204;
const VERSION = 1;
/** Bits of the frame's descriptor. */
const INDEPENDENT_BLOCKS = 0x20;
const BLOCK_CHECKSUMS = 0x10;
const CONTENT_SIZE = 0x08;
const CONTENT_CHECKSUM = 0x04;
const DICTIONARY = 0x01;
/** A block with this bit in its size is stored as it is. */
const STORED = 0x80000000;
const MIN_MATCH = 4;
/** A byte of a length stands for 255 bytes at the most. No block unpacks to more than this many times its size. */
const MOST_TIMES = 255;

/** What is unpacked so far. It grows by doubling, up to the limit and no further than the next block can fill. */
interface Output {
  bytes: Buffer;
  at: number;
}

/**
 * Unpacks lz4 frames. Their own checksums are passed over, since the checksum of the record batch covers the same bytes, and old Java
 * clients write wrong ones. Source: lz4/lz4, doc/lz4_Frame_format.md and doc/lz4_Block_format.md.
 * @throws TooManyBytes, UnreadableBytes
 */
export function unpackLz4(packed: Buffer, limit: number): Buffer {
  const output: Output = { bytes: Buffer.alloc(0), at: 0 };
  let at = 0;
  do at = unpackFrame(packed, at, output, limit);
  while (at < packed.length);
  return output.bytes.subarray(0, output.at);
}

/** @returns where the frame ends */
function unpackFrame(packed: Buffer, start: number, output: Output, limit: number): number {
  if (readWord(packed, start) !== MAGIC) throw new UnreadableBytes('it is no lz4 frame');
  const flags = packed[start + 4] ?? 0;
  if (flags >>> 6 !== VERSION) throw new UnreadableBytes('the lz4 frame is of an unknown version');
  if (flags & DICTIONARY) throw new UnreadableBytes('the lz4 frame needs a dictionary');
  const sizeCode = ((packed[start + 5] ?? 0) >>> 4) & 7;
  if (sizeCode < 4) throw new UnreadableBytes('the lz4 frame has blocks of an unknown size');
  const blockLimit = 2 ** (8 + 2 * sizeCode);
  const checksumSize = flags & BLOCK_CHECKSUMS ? 4 : 0;
  const frameStart = output.at;
  let at = start + 7 + (flags & CONTENT_SIZE ? 8 : 0);
  for (;;) {
    const word = readWord(packed, at);
    at += 4;
    if (word === 0) break;
    const size = word & ~STORED;
    if (at + size > packed.length) throw new UnreadableBytes('the lz4 frame ends within a block');
    const block = packed.subarray(at, at + size);
    if (size > blockLimit) throw new UnreadableBytes('an lz4 block is larger than its frame allows');
    if (word >= STORED) store(block, output, limit);
    else unpackBlock(block, { output, limit, blockLimit, from: flags & INDEPENDENT_BLOCKS ? output.at : frameStart });
    at += size + checksumSize;
  }
  return at + (flags & CONTENT_CHECKSUM ? 4 : 0);
}

function store(block: Buffer, output: Output, limit: number): void {
  reserve(output, block.length, limit);
  if (output.at + block.length > limit) throw new TooManyBytes(limit);
  output.at += block.copy(output.bytes, output.at);
}

interface Block {
  readonly output: Output;
  readonly limit: number;
  readonly blockLimit: number;
  /** Where the bytes begin that a match may repeat. */
  readonly from: number;
}

function unpackBlock(block: Buffer, { output, limit, blockLimit, from }: Block): void {
  const most = Math.min(blockLimit, MOST_TIMES * block.length);
  reserve(output, most, limit);
  const { bytes } = output;
  const end = Math.min(output.at + most, limit);
  const tooLong = (): Error =>
    end === limit ? new TooManyBytes(limit) : new UnreadableBytes('an lz4 block holds more than its frame allows');
  let to = output.at;
  let at = 0;
  for (;;) {
    const token = block[at++];
    if (token === undefined) throw new UnreadableBytes('an lz4 block ends within a sequence');
    let literals = token >>> 4;
    if (literals === 15) {
      let more: number;
      do {
        more = byteIn(block, at++);
        literals += more;
      } while (more === 255);
    }
    if (at + literals > block.length) throw new UnreadableBytes('an lz4 block ends within its literals');
    if (to + literals > end) throw tooLong();
    copyLiterals(block, at, bytes, to, literals);
    at += literals;
    to += literals;
    if (at === block.length) break;
    const distance = byteIn(block, at) | (byteIn(block, at + 1) << 8);
    at += 2;
    let length = token & 15;
    if (length === 15) {
      let more: number;
      do {
        more = byteIn(block, at++);
        length += more;
      } while (more === 255);
    }
    length += MIN_MATCH;
    if (distance === 0 || to - distance < from) throw new UnreadableBytes('an lz4 match reaches out of its block');
    if (to + length > end) throw tooLong();
    copyMatch(bytes, to, distance, length);
    to += length;
  }
  output.at = to;
}

const NATIVE_FROM = 24;

function copyLiterals(block: Buffer, from: number, bytes: Buffer, to: number, length: number): void {
  if (length >= NATIVE_FROM) {
    block.copy(bytes, to, from, from + length);
    return;
  }
  for (let i = 0; i < length; i += 1) bytes[to + i] = block[from + i] ?? 0;
}

function reserve(output: Output, more: number, limit: number): void {
  const needed = Math.min(output.at + more, limit);
  if (needed <= output.bytes.length) return;
  const larger = Buffer.allocUnsafe(Math.min(Math.max(needed, 2 * output.bytes.length), limit));
  output.bytes.copy(larger, 0, 0, output.at);
  output.bytes = larger;
}

function byteIn(block: Buffer, at: number): number {
  const byte = block[at];
  if (byte === undefined) throw new UnreadableBytes('an lz4 block ends within a sequence');
  return byte;
}

function readWord(packed: Buffer, at: number): number {
  if (at + 4 > packed.length) throw new UnreadableBytes('the lz4 frame ends too soon');
  return packed.readUInt32LE(at);
}
