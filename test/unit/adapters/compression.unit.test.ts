import { createRequire } from 'node:module';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { TooManyBytes, UnreadableBytes } from '../../../src/adapters/compression/errors.ts';
import { unpack } from '../../../src/adapters/compression/unpack.ts';

const require = createRequire(import.meta.url);
// Implementations by other hands, which pack here and are nowhere unpacked with.
const snappyjs = require('snappyjs') as { compress(bytes: Buffer): Uint8Array };
const lz4js = require('lz4js') as { compress(bytes: Buffer): Uint8Array };

type Pack = (bytes: Buffer) => Buffer;

const snappy: Pack = (bytes) => Buffer.from(snappyjs.compress(bytes));
const lz4: Pack = (bytes) => Buffer.from(lz4js.compress(bytes));

const CODECS: readonly (readonly [name: string, codec: number, pack: Pack])[] = [
  ['gzip', 1, (plain) => gzipSync(plain)],
  ['snappy', 2, snappy],
  ['snappy in blocks', 2, inBlocks],
  ['lz4', 3, lz4],
  ['zstd', 4, (plain) => zstdCompressSync(plain)],
];

/** As records are: stretches that come again, near or far, between others that do not. */
const bytes = fc
  .array(fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 80 }), fc.integer({ min: 1, max: 400 })), { maxLength: 12 })
  .map((stretches) =>
    Buffer.concat([...stretches, ...stretches].flatMap(([one, times]) => Array.from({ length: times }, () => one))),
  );

describe.each(CODECS)('%s', (_, codec, pack) => {
  test('unpacks what others have packed', () => {
    fc.assert(
      fc.property(bytes, (plain) => {
        expect(unpack(codec, pack(plain), plain.length + 1).equals(plain)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  test('takes what fits its limit to the byte, and refuses one byte more', () => {
    const plain = Buffer.alloc(100_000, 'all the same ');
    expect(unpack(codec, pack(plain), plain.length).equals(plain)).toBe(true);
    expect(() => unpack(codec, pack(plain), plain.length - 1)).toThrow(TooManyBytes);
  });

  test('what was cut off is refused, wherever that was', () => {
    const packed = pack(Buffer.from('a sentence that comes again, a sentence that comes again, and ends'));
    for (let length = 1; length < packed.length; length += 1) {
      const outcome = outcomeOf(() => unpack(codec, packed.subarray(0, length), 1_000));
      // Between two blocks nobody can tell that there were more: then the records tell it.
      if (Buffer.isBuffer(outcome)) expect(outcome.length).toBeLessThan(66);
      else expect([TooManyBytes, UnreadableBytes]).toContain(outcome?.constructor);
    }
  });

  test('damaged bytes give other bytes within the limit or a named error', () => {
    const packed = pack(Buffer.from('a sentence that comes again, a sentence that comes again, and ends'.repeat(20)));
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 5 }), (changes) => {
        const damaged = Buffer.from(packed);
        for (const [at, byte] of changes) damaged[at % damaged.length] = byte;
        expectBoundedOrNamed(() => unpack(codec, damaged, 3_000), 3_000);
      }),
      { numRuns: 200 },
    );
  });

  test('bytes that nobody has packed give a named error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 200 }), (noise) => {
        expectBoundedOrNamed(() => unpack(codec, Buffer.from(noise), 3_000), 3_000);
      }),
      { numRuns: 200 },
    );
  });
});

test('a snappy block that says it is large, and is not, takes no memory for it', () => {
  const claims = Buffer.from([0xff, 0xff, 0xff, 0xff, 0x07, 0x00, 0x61]); // 2 GB
  expect(() => unpack(2, claims, 2 ** 32)).toThrow(UnreadableBytes);
});

test('an lz4 block may repeat what the block before it holds, unless the frame says that its blocks are independent', () => {
  const stored = Buffer.from('0123456789');
  // No literals and a match of 10 bytes, 10 back; then the literals of the end.
  const repeated = Buffer.concat([Buffer.from([0x06, 10, 0, 0x50]), Buffer.from('abcde')]);
  const frame = (flags: number): Buffer =>
    Buffer.concat([
      Buffer.from([0x04, 0x22, 0x4d, 0x18, flags, 0x40, 0]),
      word(0x80000000 + stored.length),
      stored,
      word(repeated.length),
      repeated,
      word(0),
    ]);
  expect(unpack(3, frame(0x40), 100).toString()).toBe('01234567890123456789abcde');
  expect(() => unpack(3, frame(0x60), 100)).toThrow(UnreadableBytes);
});

test.each(CODECS.filter(([name]) => name === 'gzip' || name === 'lz4'))(
  'several frames of %s one after the other are one content',
  (_, codec, pack) => {
    const packed = Buffer.concat([pack(Buffer.from('first ')), pack(Buffer.from('second'))]);
    expect(unpack(codec, packed, 12).toString()).toBe('first second');
    expect(() => unpack(codec, packed, 11)).toThrow(TooManyBytes);
  },
);

test('a codec that Kafka does not have yet is refused by its number', () => {
  expect(() => unpack(5, Buffer.from('x'), 100)).toThrow(UnreadableBytes);
});

/** As snappy-java has it, with blocks that are smaller than its own. */
function inBlocks(plain: Buffer): Buffer {
  const BLOCK = 1_000;
  const parts: Buffer[] = [Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0, 0, 0, 0, 1, 0, 0, 0, 1])];
  for (let at = 0; at < plain.length; at += BLOCK) {
    const block = snappy(plain.subarray(at, at + BLOCK));
    const length = Buffer.alloc(4);
    length.writeUInt32BE(block.length);
    parts.push(length, block);
  }
  return Buffer.concat(parts);
}

function word(value: number): Buffer {
  const four = Buffer.alloc(4);
  four.writeUInt32LE(value);
  return four;
}

function outcomeOf(work: () => Buffer): object | undefined {
  try {
    return work();
  } catch (error) {
    return error instanceof Error ? error : undefined;
  }
}

function expectBoundedOrNamed(work: () => Buffer, limit: number): void {
  const outcome = outcomeOf(work);
  if (Buffer.isBuffer(outcome)) expect(outcome.length).toBeLessThanOrEqual(limit);
  else expect([TooManyBytes, UnreadableBytes]).toContain(outcome?.constructor);
}
