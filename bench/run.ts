import { cpus, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import { startStack } from '../stack/stack.ts';
import { CONTENDERS, drain, type ContenderName, type DrainResult } from './drain.ts';

// npm run bench [-- --runs N --commands N --contenders worker,floor,baseline --quick]. Contenders take turns, so that each run's ratios hold
// though the machine's speed drifts.

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '3' },
    commands: { type: 'string', default: '100000' },
    contenders: { type: 'string', default: 'worker' },
    quick: { type: 'boolean', default: false },
  },
});

const contenders = values.contenders.split(',').map((name) => {
  if (isContender(name)) return name;
  throw new Error(`there is no contender '${name}'; there are ${Object.keys(CONTENDERS).join(', ')}`);
});
const runs = values.quick ? 1 : Number(values.runs);
const commands = values.quick ? 5_000 : Number(values.commands);
const stack = await startStack({ log: console.log });
process.once('SIGINT', () => void stack.stop().then(() => process.exit(130)));
try {
  console.log(
    `${cpus().length} x ${cpus()[0]?.model ?? 'unknown processor'}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`,
  );
  const results: DrainResult[] = [];
  for (let run = 0; run < runs; run += 1) {
    for (const contender of contenders) {
      const result = await drain(stack, { contender, commands, tenants: 100, subdivisions: 1_000, partitions: 4 });
      results.push(result);
      console.log(line(result));
    }
  }
  for (const contender of contenders) console.log(summary(contender, results));
} finally {
  await stack.stop();
}

function isContender(name: string): name is ContenderName {
  return name in CONTENDERS;
}

function summary(contender: ContenderName, results: readonly DrainResult[]): string {
  const own = results.filter((result) => result.contender === contender).map(({ perSecond }) => Math.round(perSecond));
  const sorted = own.sort((a, b) => a - b);
  const spread = `${sorted[0]} to ${sorted.at(-1)}, ${own.length} runs`;
  return `drain, ${contender}: median ${sorted[sorted.length >> 1]} commands/s, ${spread}`;
}

function line({ contender, perSecond, seconds, cpu, cpuPerCommand }: DrainResult): string {
  const split = `CPU s: worker ${cpu.worker.toFixed(1)}, database ${cpu.database.toFixed(1)}, broker ${cpu.broker.toFixed(1)}`;
  return `${contender}: ${Math.round(perSecond)} commands/s in ${seconds.toFixed(2)} s; ${split}; worker ${cpuPerCommand.toFixed(1)} us a command`;
}
