import { createHash } from 'node:crypto';
import { header, type WireRecord } from '../support/collect.ts';

// The contract's rules of identity, written a second time: the oracle imports nothing of the code that it judges.

export interface Identity {
  readonly source: string;
  readonly id: string;
  /** The first 128 bits of SHA-256 over `source\0id`, 32 hex digits. */
  readonly hash: string;
}

const LONGEST_ID = 256;
/** Magic byte and schema id. */
const FRAME_BYTES = 5;

/** Source + id; a message without a usable id goes by its position. */
export function identityOf(record: WireRecord): Identity {
  const id = header(record, 'ce_id');
  if (id === undefined || id === '' || id.length > LONGEST_ID || id.includes('\0')) return positionOf(record);
  return identity(header(record, 'ce_source') ?? '', id);
}

/** The identity of a message without a usable id. Its source is told, but does not make it another identity. */
export function positionOf(record: WireRecord): Identity {
  const { topic, partition, offset, timestamp } = record;
  const source = header(record, 'ce_source') ?? '';
  return { ...identity('', `${topic}/${partition}/${offset}/${timestamp}`), source };
}

export function identity(source: string, id: string): Identity {
  return { source, id, hash: sha256(Buffer.from(`${source}\0${id}`)) };
}

/** The last one that a message has, unless it is malformed: W3C Trace Context. A worker of the version before time carries on the first. */
export function traceparentOf({ headers }: WireRecord, isOlder: boolean): string | null {
  if (isOlder) return headers['traceparent']?.[0]?.toString() ?? null;
  const text = headers['traceparent']?.at(-1)?.toString() ?? '';
  const [, version, trace = '', span = '', more] =
    /^([\da-f]{2})-([\da-f]{32})-([\da-f]{16})-[\da-f]{2}(-.*)?$/s.exec(text) ?? [];
  const isNone = version === undefined || version === 'ff' || BigInt(`0x${trace}`) === 0n || BigInt(`0x${span}`) === 0n;
  return isNone || (version === '00' && more !== undefined) ? null : text;
}

/** Tells a repetition from another message with the same id, by the bytes behind the schema id. */
export function digestOf(value: Buffer | null): string {
  return value === null ? '0'.repeat(32) : sha256(value.subarray(FRAME_BYTES));
}

/** The 16 bytes of the hash, the last 32 bits XORed with the index, version nibble 8 and variant bits 10. */
export function eventId({ hash }: Identity, index: number): string {
  const bytes = Buffer.from(hash, 'hex');
  bytes.writeUInt32BE((bytes.readUInt32BE(12) ^ index) >>> 0, 12);
  bytes.writeUInt8(0x80 | (bytes.readUInt8(6) & 0x0f), 6);
  bytes.writeUInt8(0x80 | (bytes.readUInt8(8) & 0x3f), 8);
  return asUuid(bytes.toString('hex'));
}

export function asUuid(hex: string): string {
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/** The partition in which the Java client puts a key: murmur2, made positive, modulo. Source: Kafka's `Utils.murmur2` and `toPositive`. */
export function partitionOf(key: string, partitions: number): number {
  return (murmur2(Buffer.from(key)) & 0x7fffffff) % partitions;
}

function murmur2(data: Buffer): number {
  const m = 0x5bd1e995;
  let h = 0x9747b28c ^ data.length;
  const whole = data.length & ~3;
  for (let i = 0; i < whole; i += 4) {
    let k = Math.imul(data.readInt32LE(i), m);
    k = Math.imul(k ^ (k >>> 24), m);
    h = Math.imul(h, m) ^ k;
  }
  const rest = data.subarray(whole);
  if (rest.length > 0) {
    for (const [i, byte] of rest.entries()) h ^= byte << (8 * i);
    h = Math.imul(h, m);
  }
  h = Math.imul(h ^ (h >>> 13), m);
  return h ^ (h >>> 15);
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex').slice(0, 32);
}
