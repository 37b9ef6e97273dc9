import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { codeOf } from '../error-code.ts';
import { TooManyBytes, UnreadableBytes } from './errors.ts';
import { unpackLz4 } from './lz4.ts';
import { unpackSnappy } from './snappy.ts';

type Unpack = (packed: Buffer, limit: number) => Buffer;

interface Codec {
  readonly name: string;
  readonly unpack: Unpack;
}

/** By the number that a record batch has for its codec. Source: Kafka's protocol guide, "Record Batch", attributes. */
const CODECS: readonly (Codec | undefined)[] = [
  undefined,
  { name: 'gzip', unpack: byZlib(gunzipSync) },
  { name: 'snappy', unpack: unpackSnappy },
  { name: 'lz4', unpack: unpackLz4 },
  { name: 'zstd', unpack: byZlib(zstdDecompressSync) },
];

export function codecName(codec: number): string {
  return codec === 0 ? 'uncompressed' : (CODECS[codec]?.name ?? `codec ${codec}`);
}

/**
 * Unpacks in the codec of this number, other than 0, at once: a batch takes a fraction of a millisecond, and the largest tens of them.
 * @throws TooManyBytes, UnreadableBytes
 */
export function unpack(codec: number, packed: Buffer, limit: number): Buffer {
  const known = CODECS[codec];
  if (known === undefined) throw new UnreadableBytes('its codec is unknown');
  return known.unpack(packed, limit);
}

/** Larger than zlib's own: a batch is seldom smaller than what is then put together from many. */
const CHUNK = 65_536;

function byZlib(inflate: (packed: Buffer, options: { maxOutputLength: number; chunkSize: number }) => Buffer): Unpack {
  return (packed, limit) => {
    try {
      return inflate(packed, { maxOutputLength: limit, chunkSize: CHUNK });
    } catch (error) {
      if (codeOf(error) === 'ERR_BUFFER_TOO_LARGE') throw new TooManyBytes(limit);
      throw new UnreadableBytes(String(error), { cause: error });
    }
  };
}
