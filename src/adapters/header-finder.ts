import { readVarint, type Reader } from './record-headers.ts';

/**
 * Finds a few headers among those of a message without making an object of any: nearly every message has a handful, and two or three of
 * them are read. What it tells is of the headers that were given last.
 */
export class HeaderFinder {
  private readonly names: readonly Buffer[];
  private readonly firsts: number;
  private readonly starts: Int32Array;
  private readonly lengths: Int32Array;
  private reader: Reader = { bytes: Buffer.alloc(0), at: 0 };

  /** @param firsts the names of those of which the first counts if they repeat. @param lasts the names of those of which the last one does */
  constructor(firsts: readonly string[], lasts: readonly string[]) {
    const names = [...firsts, ...lasts];
    this.names = names.map((name) => Buffer.from(name));
    this.firsts = firsts.length;
    this.starts = new Int32Array(names.length);
    this.lengths = new Int32Array(names.length);
  }

  /** @param headers as a record has them */
  find(headers: Buffer): void {
    const { names, firsts, starts, lengths } = this;
    starts.fill(ABSENT);
    lengths.fill(0);
    const reader = { bytes: headers, at: 0 };
    this.reader = reader;
    for (let left = readVarint(reader); left > 0; left -= 1) {
      const nameLength = readVarint(reader);
      const nameAt = reader.at;
      reader.at += Math.max(0, nameLength);
      const length = readVarint(reader);
      for (let i = 0; i < names.length; i += 1) {
        const name = names[i];
        if (name === undefined || name.length !== nameLength) continue;
        if (i < firsts && starts[i] !== ABSENT) continue;
        if (!isAt(name, headers, nameAt)) continue;
        starts[i] = reader.at;
        lengths[i] = Math.max(0, length);
        break;
      }
      reader.at += Math.max(0, length);
    }
  }

  /** In bytes; 0 when it is absent or null. */
  lengthOf(header: number): number {
    return this.lengths[header] ?? 0;
  }

  /** '' when it is absent or null. */
  textOf(header: number): string {
    const start = this.starts[header] ?? ABSENT;
    const length = this.lengthOf(header);
    return length === 0 ? '' : this.reader.bytes.toString('utf8', start, start + length);
  }

  /** Empty when it is absent or null. */
  bytesOf(header: number): Buffer {
    const start = Math.max(0, this.starts[header] ?? ABSENT);
    return this.reader.bytes.subarray(start, start + this.lengthOf(header));
  }

  /** Whether the header is these bytes, and not empty. */
  holds(header: number, bytes: Buffer): boolean {
    const length = this.lengthOf(header);
    return length > 0 && length === bytes.length && isAt(bytes, this.reader.bytes, this.starts[header] ?? ABSENT);
  }

  copy(header: number, to: Buffer, at: number): void {
    const { bytes } = this.reader;
    const start = this.starts[header] ?? ABSENT;
    const length = this.lengthOf(header);
    for (let i = 0; i < length; i += 1) to[at + i] = bytes[start + i] ?? 0;
  }
}

const ABSENT = -1;

function isAt(wanted: Buffer, bytes: Buffer, at: number): boolean {
  for (let i = 0; i < wanted.length; i += 1) if (wanted[i] !== bytes[at + i]) return false;
  return true;
}
