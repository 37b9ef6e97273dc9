/**
 * CRC-32C (Castagnoli) of a buffer, as an unsigned 32-bit number. Eight tables take in eight bytes a step. Source: RFC 3720, appendix B.4; the method is Intel's "slicing-by-8".
 */
export function crc32c(bytes: Buffer): number {
  let crc = -1;
  let at = 0;
  for (const end = bytes.length - 7; at < end; at += 8) {
    const low =
      crc ^
      (byteAt(bytes, at) |
        (byteAt(bytes, at + 1) << 8) |
        (byteAt(bytes, at + 2) << 16) |
        (byteAt(bytes, at + 3) << 24));
    crc =
      look(7, low) ^
      look(6, low >>> 8) ^
      look(5, low >>> 16) ^
      look(4, low >>> 24) ^
      look(3, byteAt(bytes, at + 4)) ^
      look(2, byteAt(bytes, at + 5)) ^
      look(1, byteAt(bytes, at + 6)) ^
      look(0, byteAt(bytes, at + 7));
  }
  for (; at < bytes.length; at += 1) crc = look(0, crc ^ byteAt(bytes, at)) ^ (crc >>> 8);
  return (crc ^ -1) >>> 0;
}

const POLYNOMIAL = 0x82f63b78;

/** TABLES[256 * n + b]: the remainder of byte b followed by n zero bytes. */
const TABLES = makeTables();

function makeTables(): Int32Array {
  const tables = new Int32Array(8 * 256);
  for (let byte = 0; byte < 256; byte += 1) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
    tables[byte] = crc;
  }
  for (let at = 256; at < tables.length; at += 1) {
    const before = tables[at - 256] ?? 0;
    tables[at] = (tables[before & 0xff] ?? 0) ^ (before >>> 8);
  }
  return tables;
}

function look(table: number, value: number): number {
  return TABLES[(table << 8) | (value & 0xff)] ?? 0;
}

function byteAt(bytes: Buffer, at: number): number {
  return bytes[at] ?? 0;
}
