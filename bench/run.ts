import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startStack } from '../stack/stack.ts';
import { FULL, GOAL, QUICK, type Bench } from './bench.ts';
import { measure } from './measure.ts';
import { OWN_PROGRAMS, WORKER, workerOfCommit } from './programs.ts';
import { Reference, referenceOf } from './reference.ts';
import { report } from './report.ts';
import { saveResults } from './results.ts';
import { startSink, withTelemetry } from './telemetry.ts';
import { GROUPS, QUICK_SCENARIOS, SCENARIOS, scenariosOf } from './scenarios.ts';

const NAMES = OWN_PROGRAMS.map(({ name }) => name);
const HELP = `npm run bench -- [SCENARIO...] [options]

Scenarios: ${SCENARIOS.join(', ')}; none named: all of them.
Groups: ${Object.entries(GROUPS)
  .map(([name, scenarios]) => `${name} (${scenarios.join(', ')})`)
  .join('; ')}.
--runs N           how often each scenario runs (default ${FULL.runs})
--commands N       how many commands a drain has (default ${FULL.commands})
--contenders LIST  who drains: ${NAMES.join(',')} (default all; of goal the worker)
--against COMMIT   also the worker of another commit, in turns with this one, in drain, mixed, hot and paced
--telemetry        also the worker with metrics, and with metrics and 1 % of the messages traced, in turns, in drain
--reference FOLDER also a pipeline that was written by hand for this alone, in turns, in drain and paced
--minutes N        how long the soak takes (default ${FULL.minutes})
--quick            tiny sizes, to see that the harness runs; keeps no results
--dry              keeps no results`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    runs: { type: 'string' },
    commands: { type: 'string' },
    contenders: { type: 'string' },
    against: { type: 'string' },
    reference: { type: 'string' },
    telemetry: { type: 'boolean', default: false },
    minutes: { type: 'string' },
    quick: { type: 'boolean', default: false },
    dry: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  console.log(HELP);
  process.exit(0);
}

const wanted = scenariosOf(positionals, values.quick ? QUICK_SCENARIOS : SCENARIOS);
const forGoal = positionals.includes('goal');
const contenders = (values.contenders ?? (forGoal ? WORKER.name : NAMES.join(','))).split(',').map((name) => {
  const program = OWN_PROGRAMS.find((own) => own.name === name);
  if (program === undefined) throw new Error(`there is no contender '${name}'\n${HELP}`);
  return program;
});
const against = values.against === undefined ? [] : [await workerOfCommit(values.against, console.log)];
const sink = values.telemetry ? await startSink() : undefined;
const exporting = sink === undefined ? [] : withTelemetry(WORKER, sink);
const reference = values.reference === undefined ? [] : [await referenceOf(values.reference, console.log)];
const sizes = values.quick ? QUICK : forGoal ? GOAL : FULL;
const stack = await startStack({ log: console.log });
process.once('SIGINT', () => void stack.stop().then(() => process.exit(130)));
// A process starts in half the time when it finds what others have compiled. What is measured for good starts as it always did.
if (values.quick) process.env['NODE_COMPILE_CACHE'] ??= join(stack.runDir, 'compiled');
try {
  const commands = Number(values.commands ?? sizes.commands);
  const bench: Bench = {
    ...sizes,
    stack,
    contenders: [...contenders, ...exporting, ...against],
    workers: [WORKER, ...against],
    goalOnly: forGoal,
    references: await Promise.all(reference.map((folder) => Reference.create(folder, stack, commands))),
    runs: Number(values.runs ?? sizes.runs),
    commands,
    minutes: Number(values.minutes ?? sizes.minutes),
    say: console.log,
  };
  // Results are committed, and where the reference lies is a matter of this machine.
  const folder = values.reference ?? 'FOLDER';
  const command = ['npm run bench --', ...process.argv.slice(2)].join(' ').replace(folder, 'FOLDER');
  await measure(bench, wanted, command, async (measured) => {
    if (values.quick || values.dry) return;
    await saveResults(measured);
    await report();
  });
} finally {
  await stack.stop();
  sink?.close();
}
