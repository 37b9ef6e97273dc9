import { asValue } from 'awilix/browser';
import { runWorker } from '../src/cli/worker.ts';
import { readConfig } from '../src/config.ts';
import { createWorkerContainer } from '../src/container.ts';

// The real worker, with one part replaced: it writes what its level brings within two seconds of an assignment, not after ten more. Those ten
// come once an assignment, and what is measured is the time after them.
const config = readConfig(process.env);
const overrides = { levelProvenAfter: asValue(0) };
process.exitCode = await runWorker(config, await createWorkerContainer({ config, overrides }));
