#!/usr/bin/env -S node --max-semi-space-size=16
import { run } from './cli/run.ts';
import { complain } from './cli/verb.ts';

const output = { hasFailed: false };

// `licensing ... | head` closes our output while we still write: what is under way is finished all the same.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') outputFailed(error);
});

// Whoever does not read what we complain of may still want the output and the exit code.
process.stderr.on('error', () => undefined);

const exitCode = await run(process.argv.slice(2), process.env);
await Promise.all([taken(process.stdout), taken(process.stderr)]);
// Connections that were given up may still be trying; a verb that has ended waits for none of them.
process.exit(output.hasFailed ? 1 : exitCode);

/** What is under way ends as at a Ctrl-C, so that a verb that can be gone on with says where. */
function outputFailed(error: Error): void {
  if (output.hasFailed) return;
  output.hasFailed = true;
  complain(`licensing: the output can't be written: ${error.message}`);
  if (!process.emit('SIGINT')) process.exit(1);
}

/** Whoever reads a pipe may be slower than we: what he has not taken when a process exits is gone. */
async function taken(stream: NodeJS.WriteStream): Promise<void> {
  await new Promise<void>((resolve) => {
    stream.write('', () => {
      resolve();
    });
  });
}
