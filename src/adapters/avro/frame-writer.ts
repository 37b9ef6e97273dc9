import type { Type } from 'avsc';
import { shortReason } from '../short-reason.ts';

/** The data does not fit the schema of its type. */
export class UnencodableMessage extends Error {
  override readonly name = 'UnencodableMessage';
}

/** Magic byte and schema id. */
export const HEADER = 5;
const SLAB = 64 * 1024;

/** What a frame is written with. */
export interface FrameType {
  readonly name: string;
  readonly type: Type;
}

/** Writes frames one behind the other into slabs. No byte of a slab is written twice. */
export class FrameWriter {
  #slab = Buffer.allocUnsafeSlow(SLAB);
  #used = 0;

  /** @throws UnencodableMessage */
  write(writer: FrameType, id: number, data: unknown): Buffer {
    let start = this.#used;
    let slab = this.#slab;
    let end = encodeAt(writer, data, slab, start);
    if (end < 0) {
      const needed = slab.length - end - start;
      slab = Buffer.allocUnsafeSlow(Math.max(SLAB, needed));
      start = 0;
      end = encodeAt(writer, data, slab, start);
      // A frame that fills a slab of its own leaves the rest of the present slab to other frames.
      if (needed < SLAB) this.#slab = slab;
    }
    if (slab === this.#slab) this.#used = end;
    slab[start] = 0;
    slab.writeUInt32BE(id, start + 1);
    return slab.subarray(start, end);
  }
}

/** @returns where the record ends; a negative number when the buffer is too short by that many bytes */
function encodeAt(writer: FrameType, data: unknown, buffer: Buffer, start: number): number {
  try {
    return writer.type.encode(data, buffer, start + HEADER);
  } catch (error) {
    throw new UnencodableMessage(`${writer.name}: ${shortReason(error)}`);
  }
}
