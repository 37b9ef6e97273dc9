#!/usr/bin/env -S node --max-semi-space-size=16
import { run } from './cli/run.ts';

// `licensing ... | head` closes our output while we still write: what is under way is finished all the same.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

const exitCode = await run(process.argv.slice(2), process.env);
// Connections that were given up may still be trying; a verb that has ended waits for none of them.
process.exit(exitCode);
