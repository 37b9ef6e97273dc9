import { linesFrom, opened } from './file-lines.ts';
import { LineFault } from './lines.ts';
import { completeRecord } from './record.ts';
import { rowOf, withLine } from './rows.ts';
import type { FileOptions } from './send-file.ts';
import { complain, print } from './verb.ts';

/** How many faults are told. */
const MAX_FAULTS = 100;

/** Reads all lines, and tells what can't be sent, without asking any server. @returns the exit code */
export async function checkFile({ file, form, fromLine }: FileOptions): Promise<number> {
  const input = await opened(file);
  let [fit, faults] = [0, 0];
  const tell = (fault: LineFault): void => {
    faults += 1;
    if (faults <= MAX_FAULTS) complain(`${file} line ${fault.line}: ${fault.message}`);
  };
  try {
    for await (const { lines } of linesFrom(input, { file, fromLine })) {
      for (const line of lines) {
        try {
          const { type, data } = rowOf(line, form);
          withLine(line, () => completeRecord(type, data, undefined));
          fit += 1;
        } catch (fault) {
          if (!(fault instanceof LineFault)) throw fault;
          tell(fault);
        }
      }
    }
  } catch (fault) {
    if (!(fault instanceof LineFault)) throw fault;
    tell(fault); // what is behind it can't be told apart
  }
  print(`${fit} lines can be sent, ${faults} can't`);
  return faults === 0 ? 0 : 2;
}
