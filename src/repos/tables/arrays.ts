/**
 * Arrays in PostgreSQL's binary form, one a column of a bulk statement: the driver sends a Buffer as it is, so nothing is turned into text
 * and parsed again. Source: `array_recv` in src/backend/utils/adt/arrayfuncs.c, and the `_recv` function of each type.
 */

/** With or without dashes, as text. */
export function uuids(values: readonly (string | null)[]): Buffer {
  const array = begin(UUID_OID, values, 16);
  let at = HEADER_BYTES;
  for (const value of values) {
    if (value === null) at = writeNull(array, at);
    else at = writeUuid(array, value, writeInt32(array, 16, at));
  }
  return array.subarray(0, at);
}

/** bigint: integers below 2^53. */
export function longs(values: readonly (number | null)[]): Buffer {
  const array = begin(INT8_OID, values, 8);
  let at = HEADER_BYTES;
  for (const value of values) {
    if (value === null) at = writeNull(array, at);
    else at = writeLong(array, Math.floor(value / TWO_32), value, writeInt32(array, 8, at));
  }
  return array.subarray(0, at);
}

/** timestamptz: milliseconds since 1970, exact to the year 9999. PostgreSQL counts microseconds since 2000. */
export function times(values: readonly number[]): Buffer {
  const array = begin(TIMESTAMPTZ_OID, values, 8);
  let at = HEADER_BYTES;
  for (const value of values) {
    const sinceThen = value - YEAR_2000;
    const high = Math.floor(sinceThen / TWO_32);
    // The product is beyond 2^53 for distant years, those of its halves are not.
    const low = (sinceThen - high * TWO_32) * 1_000;
    at = writeLong(array, high * 1_000 + Math.floor(low / TWO_32), low, writeInt32(array, 8, at));
  }
  return array;
}

export function booleans(values: readonly boolean[]): Buffer {
  const array = begin(BOOL_OID, values, 1);
  let at = HEADER_BYTES;
  for (const value of values) {
    at = writeInt32(array, 1, at);
    array[at++] = value ? 1 : 0;
  }
  return array;
}

export function byteas(values: readonly (Buffer | null)[]): Buffer {
  let size = HEADER_BYTES;
  for (const value of values) size += 4 + (value?.length ?? 0);
  const array = header(BYTEA_OID, values.length, size);
  let at = HEADER_BYTES;
  for (const value of values) {
    if (value === null) {
      at = writeNull(array, at);
      continue;
    }
    at = writeInt32(array, value.length, at);
    array.set(value, at);
    at += value.length;
  }
  return array;
}

const BOOL_OID = 16;
const BYTEA_OID = 17;
const INT8_OID = 20;
const TIMESTAMPTZ_OID = 1_184;
const UUID_OID = 2_950;
const HEADER_BYTES = 20;
const TWO_32 = 2 ** 32;
const YEAR_2000 = 946_684_800_000;

function begin(oid: number, values: readonly unknown[], bytes: number): Buffer {
  return header(oid, values.length, HEADER_BYTES + values.length * (4 + bytes));
}

/** One dimension from 1 on; the flag says that there may be nulls. (An empty one has length 0 in its one dimension, which reads as empty.) */
function header(oid: number, length: number, size: number): Buffer {
  const array = Buffer.allocUnsafe(size);
  array.writeInt32BE(1, 0);
  array.writeInt32BE(1, 4);
  array.writeInt32BE(oid, 8);
  array.writeInt32BE(length, 12);
  array.writeInt32BE(1, 16);
  return array;
}

function writeNull(array: Buffer, at: number): number {
  return array.writeInt32BE(-1, at);
}

/** Big-endian; of a larger number its lower 32 bits. @returns where it ends */
export function writeInt32(bytes: Buffer, value: number, at: number): number {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
  return at + 4;
}

/** Two halves; of `low` the lower 32 bits count. */
function writeLong(array: Buffer, high: number, low: number, at: number): number {
  writeInt32(array, high, at);
  return writeInt32(array, low, at + 4);
}

const DASH = 45;
const NIBBLES = Uint8Array.from({ length: 128 }, (_, code) => Number.parseInt(String.fromCharCode(code), 16) || 0);

/** Dashes never part the two digits of a byte. */
function writeUuid(array: Buffer, text: string, start: number): number {
  let at = start;
  for (let i = 0; i < text.length; i += 2) {
    if (text.charCodeAt(i) === DASH) i += 1;
    array[at++] = ((NIBBLES[text.charCodeAt(i)] ?? 0) << 4) | (NIBBLES[text.charCodeAt(i + 1)] ?? 0);
  }
  return at;
}
