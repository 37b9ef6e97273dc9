import { encodeHeaders, sizeOfText, sizeOfVarint, writeText, writeVarint } from './record-headers.ts';

/** Headers of many messages: some are the same in all of them, of the others only the names are. */
export class HeaderTemplate {
  /** The number of all headers, and those that are the same. */
  readonly head: Buffer;
  /** The names of the others, with their lengths. */
  readonly names: readonly Buffer[];

  constructor(fixed: readonly (readonly [name: string, value: string])[], names: readonly string[]) {
    const count = Buffer.alloc(sizeOfVarint(fixed.length + names.length));
    writeVarint(count, fixed.length + names.length, 0);
    this.head = Buffer.concat([count, encodeHeaders(fixed).subarray(sizeOfVarint(fixed.length))]);
    this.names = names.map((name) => {
      const bytes = Buffer.alloc(sizeOfText(name));
      writeText(bytes, name, 0);
      return bytes;
    });
  }
}

const SLAB = 64 * 1024;
const MOST_BYTES_OF_A_VARINT = 5;
/** In UTF-8. What takes four bytes is two characters of a string. */
const MOST_BYTES_OF_A_CHARACTER = 3;

/** Writes headers one behind the other into slabs. No byte of a slab is written twice. */
export class HeaderWriter {
  #slab = Buffer.allocUnsafeSlow(SLAB);
  #used = 0;

  /** @param values of the names of the template, in their order. @returns headers as `encodeHeaders` encodes them */
  write({ head, names }: HeaderTemplate, values: readonly string[]): Buffer {
    const most = mostBytesOf(head, names, values);
    const isLarge = most > SLAB;
    if (!isLarge && this.#used + most > SLAB) {
      this.#slab = Buffer.allocUnsafeSlow(SLAB);
      this.#used = 0;
    }
    const bytes = isLarge ? Buffer.allocUnsafeSlow(most) : this.#slab;
    const start = isLarge ? 0 : this.#used;
    bytes.set(head, start);
    let at = start + head.length;
    for (let i = 0; i < names.length; i += 1) {
      const name = names[i] ?? head;
      bytes.set(name, at);
      at = writeText(bytes, values[i] ?? '', at + name.length);
    }
    if (!isLarge) this.#used = at;
    return bytes.subarray(start, at);
  }
}

function mostBytesOf(head: Buffer, names: readonly Buffer[], values: readonly string[]): number {
  let most = head.length;
  for (const name of names) most += name.length + MOST_BYTES_OF_A_VARINT;
  for (const value of values) most += value.length * MOST_BYTES_OF_A_CHARACTER;
  return most;
}
