// Arrays in PostgreSQL's binary form, as a Buffer parameter goes to it unchanged: nothing is turned into text and parsed again.
// Source: array_recv in src/backend/utils/adt/arrayfuncs.c, uuid_recv, int8recv, timestamptz_recv, boolrecv.

const HEADER_BYTES = 20;

export function uuidArray(values: readonly string[]): Buffer {
  return array(2_950, 16, values, (target, value, at) => writeUuid(target, value, at));
}

export function int8Array(values: readonly number[]): Buffer {
  return array(20, 8, values, writeInt64);
}

/** Of milliseconds since 1970; PostgreSQL counts microseconds since 2000. */
export function timeArray(values: readonly number[]): Buffer {
  return array(1_184, 8, values, (target, value, at) => writeInt64(target, (value - 946_684_800_000) * 1_000, at));
}

export function booleanArray(values: readonly boolean[]): Buffer {
  return array(16, 1, values, (target, value, at) => (target[at] = value ? 1 : 0));
}

function array<T>(
  oid: number,
  size: number,
  values: readonly T[],
  write: (target: Buffer, value: T, at: number) => unknown,
): Buffer {
  const target = Buffer.allocUnsafe(HEADER_BYTES + values.length * (4 + size));
  target.writeInt32BE(1, 0);
  target.writeInt32BE(0, 4);
  target.writeInt32BE(oid, 8);
  target.writeInt32BE(values.length, 12);
  target.writeInt32BE(1, 16);
  let at = HEADER_BYTES;
  for (const value of values) {
    target[at] = target[at + 1] = target[at + 2] = 0;
    target[at + 3] = size;
    write(target, value, at + 4);
    at += 4 + size;
  }
  return target;
}

const DASH = 45;
const NIBBLES = Uint8Array.from({ length: 128 }, (_, code) => Number.parseInt(String.fromCharCode(code), 16) || 0);

/** With or without dashes, which never part two digits of a byte. */
function writeUuid(target: Buffer, text: string, start: number): void {
  let at = start;
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (code === DASH) continue;
    i += 1;
    target[at++] = (NIBBLES[code]! << 4) | NIBBLES[text.charCodeAt(i)]!;
  }
}

function writeInt64(target: Buffer, value: number, at: number): void {
  const high = Math.floor(value / 2 ** 32);
  target.writeInt32BE(high, at);
  target.writeUInt32BE(value - high * 2 ** 32, at + 4);
}
