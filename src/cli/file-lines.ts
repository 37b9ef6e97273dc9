import { createReadStream, statSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { linesOf, type Lines } from './lines.ts';
import { UsageError } from './verb.ts';

export interface Input {
  readonly stream: Readable;
  /** Undefined for a pipe. */
  readonly size: number | undefined;
}

/** @param file `-`: stdin. @throws UsageError for a file that can't be read */
export async function opened(file: string): Promise<Input> {
  if (file === '-') return { stream: process.stdin, size: undefined };
  const stream = createReadStream(file);
  try {
    await new Promise((resolve, reject) => stream.once('open', resolve).once('error', reject));
    const stats = statSync(file);
    if (stats.isDirectory()) throw new UsageError('it is a directory');
    return { stream, size: stats.isFile() ? stats.size : undefined };
  } catch (error) {
    throw new UsageError(`--file ${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

interface Part {
  readonly file: string;
  /** The first line that is wanted. */
  readonly fromLine: number;
}

/** @throws LineFault, behind the lines before it; UsageError when the file ends before the line that comes before the first */
export async function* linesFrom({ stream }: Input, { file, fromLine }: Part): AsyncGenerator<Lines> {
  let last = 0;
  for await (const part of linesOf(stream)) {
    last = part.last;
    yield fromLine === 1 ? part : { ...part, lines: part.lines.filter(({ number }) => number >= fromLine) };
  }
  if (last < fromLine - 1) throw new UsageError(`--from-line ${fromLine}: the last line of ${file} is ${last}`);
}
