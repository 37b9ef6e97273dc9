import { constants, crc32, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { DamagedChunk } from '../../ports/errors.ts';
import type { OutgoingMessage } from '../../ports/messages.ts';
import type { Origin, OutboxRow } from '../../ports/unit-of-work.ts';
import { writeInt32 } from './arrays.ts';

/** What the outbox keeps of a message, its number aside. */
export type OwedMessage = OutgoingMessage & Pick<OutboxRow, 'origin'>;

/** JSON, ahead of the messages. */
interface Head {
  readonly topics: readonly string[];
  readonly messages: number;
  /** Of each adopted message: its index, and the lane and number under which it was written first. */
  readonly origins: readonly (readonly [index: number, lane: string, seq: number])[];
}

const PLAIN = 1;
const PACKED = 2;
const CHECKSUM_BYTES = 4;
const MESSAGE_HEADER_BYTES = 16;

/** Packing takes 40 us to begin with. Below this, some 50 events, it costs more than it saves. */
const PACK_FROM_BYTES = 32_768;
/** Leaves a third of the bytes, for half a microsecond an event. Stronger levels leave a fifth, for twice that. */
const PACKING = { params: { [constants.ZSTD_c_compressionLevel]: -5, [constants.ZSTD_c_windowLog]: 18 } };

/**
 * Messages as the body of one row of `outbox_chunks`: a CRC-32 of what follows, a byte that tells the form, and either the content itself or
 * the content packed with zstd. The content is the length of a head; the head, in JSON; and for each message the index of its topic,
 * the lengths of key, headers and value (-1: null), and these. All numbers are 32 bits, big-endian.
 */
export function encodeBody(messages: readonly OwedMessage[]): Buffer {
  const content = contentOf(messages);
  const isLarge = content.length >= PACK_FROM_BYTES;
  const form = Buffer.of(isLarge ? PACKED : PLAIN);
  const stored = isLarge ? zstdCompressSync(content, PACKING) : content;
  const checksum = Buffer.allocUnsafe(CHECKSUM_BYTES);
  checksum.writeUInt32BE(crc32(stored, crc32(form)), 0);
  return Buffer.concat([checksum, form, stored]);
}

/** @returns the bytes of all of them lie in one buffer. @throws DamagedChunk */
export function decodeBody(body: Buffer): readonly OwedMessage[] {
  const checked = body.subarray(CHECKSUM_BYTES);
  if (checked.length === 0 || body.readUInt32BE(0) !== crc32(checked)) {
    throw new DamagedChunk('its checksum does not fit');
  }
  const [form, stored] = [checked[0], checked.subarray(1)];
  if (form === PLAIN) return messagesIn(stored);
  if (form === PACKED) return messagesIn(zstdDecompressSync(stored));
  throw new DamagedChunk(`its form is ${form}, which this version does not know`);
}

function contentOf(messages: readonly OwedMessage[]): Buffer {
  const topics: string[] = [];
  const origins: [number, string, number][] = [];
  let size = 0;
  messages.forEach(({ topic, key, headers, value, origin }, i) => {
    if (!topics.includes(topic)) topics.push(topic);
    if (origin !== undefined) origins.push([i, origin.lane, origin.seq]);
    size += MESSAGE_HEADER_BYTES + (key?.length ?? 0) + headers.length + (value?.length ?? 0);
  });
  const head: Head = { topics, messages: messages.length, origins };
  const text = Buffer.from(JSON.stringify(head));
  const content = Buffer.allocUnsafe(4 + text.length + size);
  let at = putBytes(content, text, writeInt32(content, text.length, 0));
  for (const { topic, key, headers, value } of messages) {
    at = writeInt32(content, topics.indexOf(topic), at);
    at = writeInt32(content, key?.length ?? -1, at);
    at = writeInt32(content, headers.length, at);
    at = writeInt32(content, value?.length ?? -1, at);
    if (key !== null) at = putBytes(content, key, at);
    at = putBytes(content, headers, at);
    if (value !== null) at = putBytes(content, value, at);
  }
  return content;
}

function putBytes(content: Buffer, bytes: Buffer, at: number): number {
  content.set(bytes, at);
  return at + bytes.length;
}

function messagesIn(content: Buffer): readonly OwedMessage[] {
  const start = 4 + content.readInt32BE(0);
  const { topics, messages, origins } = JSON.parse(content.toString('utf8', 4, start)) as Head;
  const originOf = new Map(origins.map(([index, lane, seq]): [number, Origin] => [index, { lane, seq }]));
  let at = start;
  const take = (length: number): Buffer => content.subarray(at, (at += length));
  return Array.from({ length: messages }, (_, i) => {
    const lengths = take(MESSAGE_HEADER_BYTES);
    const [keyLength, valueLength] = [lengths.readInt32BE(4), lengths.readInt32BE(12)];
    return {
      topic: topics[lengths.readInt32BE(0)] ?? '',
      key: keyLength < 0 ? null : take(keyLength),
      headers: take(lengths.readInt32BE(8)),
      value: valueLength < 0 ? null : take(valueLength),
      origin: originOf.get(i),
    };
  });
}
