import type { MessageHeaders } from '../ports/messages.ts';

/**
 * Kafka headers as one `bytea`: for each, in order, the name's length (2 bytes, big endian), the name in UTF-8, the value's length
 * (4 bytes, big endian) and the value. A repeated header stands several times.
 */
export function packHeaders(headers: MessageHeaders): Buffer {
  const parts: Buffer[] = [];
  for (const name in headers) {
    const value = headers[name];
    if (value === undefined) continue;
    for (const one of Array.isArray(value) ? value : [value]) {
      const bytes = Buffer.isBuffer(one) ? one : Buffer.from(String(one));
      const nameBytes = Buffer.from(name);
      const lengths = Buffer.allocUnsafe(6);
      lengths.writeUInt16BE(nameBytes.length, 0);
      lengths.writeUInt32BE(bytes.length, 2);
      parts.push(lengths.subarray(0, 2), nameBytes, lengths.subarray(2), bytes);
    }
  }
  return Buffer.concat(parts);
}

export function unpackHeaders(packed: Buffer): Record<string, Buffer | Buffer[]> {
  const headers: Record<string, Buffer | Buffer[]> = {};
  let at = 0;
  while (at < packed.length) {
    const nameLength = packed.readUInt16BE(at);
    const name = packed.toString('utf8', at + 2, at + 2 + nameLength);
    at += 2 + nameLength;
    const length = packed.readUInt32BE(at);
    const value = packed.subarray(at + 4, at + 4 + length);
    at += 4 + length;
    const there = headers[name];
    headers[name] = there === undefined ? value : Array.isArray(there) ? [...there, value] : [there, value];
  }
  return headers;
}
