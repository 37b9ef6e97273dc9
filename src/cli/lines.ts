import { isUtf8 } from 'node:buffer';

export interface Line {
  /** From 1. */
  readonly number: number;
  readonly text: string;
}

/** The lines that a part of a file has brought to their end. */
export interface Lines {
  readonly lines: readonly Line[];
  /** The number of the last line that has been read, which may be a blank one. */
  readonly last: number;
  /** How much of the file has been read. */
  readonly bytes: number;
}

/** A line of a file can't be sent. */
export class LineFault extends Error {
  override readonly name = 'LineFault';
  readonly line: number;

  constructor(line: number, sentence: string, options?: ErrorOptions) {
    super(sentence, options);
    this.line = line;
  }
}

/** More than the largest message that a topic takes by default. */
export const MAX_LINE_BYTES = 1_048_576;
const NEWLINE = 0x0a;
const BYTE_ORDER_MARK = '\uFEFF';

/** Blank lines are left out, and counted. Holds one line and one part of the file at a time. @throws LineFault, behind the lines before it */
export async function* linesOf(file: AsyncIterable<Buffer>): AsyncGenerator<Lines> {
  let number = 0;
  let bytes = 0;
  /** The beginning of the line that goes on in the next part. */
  let begun: Buffer[] = [];
  let begunBytes = 0;
  for await (const part of file) {
    bytes += part.length;
    const lines: Line[] = [];
    let start = 0;
    try {
      for (let end = part.indexOf(NEWLINE); end >= 0; end = part.indexOf(NEWLINE, start)) {
        number += 1;
        const rest = part.subarray(start, end);
        const text = textOf(number, begun.length === 0 ? rest : Buffer.concat([...begun, rest]));
        begun = [];
        begunBytes = 0;
        start = end + 1;
        if (text !== '') lines.push({ number, text });
      }
      if (start < part.length) {
        begun.push(part.subarray(start));
        begunBytes += part.length - start;
        if (begunBytes > MAX_LINE_BYTES) throw tooLong(number + 1);
      }
    } catch (fault) {
      yield { lines, last: number, bytes };
      throw fault;
    }
    yield { lines, last: number, bytes };
  }
  if (begun.length === 0) return;
  number += 1;
  const text = textOf(number, Buffer.concat(begun));
  yield { lines: text === '' ? [] : [{ number, text }], last: number, bytes };
}

function textOf(number: number, line: Buffer): string {
  if (line.length > MAX_LINE_BYTES) throw tooLong(number);
  // What is read as UTF-8 and is none would be stored with the wrong letters, for ever.
  if (!isUtf8(line)) throw new LineFault(number, 'it is not UTF-8; save the file with that encoding');
  const text = line.toString('utf8');
  return (number === 1 && text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text).trim();
}

function tooLong(number: number): LineFault {
  return new LineFault(number, `it has more than ${MAX_LINE_BYTES} bytes; one line is one JSON object`);
}
