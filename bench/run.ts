import { cpus, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import { startStack } from '../stack/stack.ts';
import { drain, type DrainResult } from './drain.ts';

// npm run bench [-- --runs N --commands N --quick]

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '3' },
    commands: { type: 'string', default: '100000' },
    quick: { type: 'boolean', default: false },
  },
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
    const result = await drain(stack, { commands, tenants: 100, subdivisions: 1_000, partitions: 4 });
    results.push(result);
    console.log(line(result));
  }
  const sorted = results.map(({ perSecond }) => Math.round(perSecond)).sort((a, b) => a - b);
  console.log(
    `drain: median ${sorted[sorted.length >> 1]} commands/s, ${sorted[0]} to ${sorted.at(-1)}, ${runs} runs of ${commands}`,
  );
} finally {
  await stack.stop();
}

function line({ perSecond, seconds, cpu, cpuPerCommand }: DrainResult): string {
  const split = `CPU s: worker ${cpu.worker.toFixed(1)}, database ${cpu.database.toFixed(1)}, broker ${cpu.broker.toFixed(1)}`;
  return `${Math.round(perSecond)} commands/s in ${seconds.toFixed(2)} s; ${split}; worker ${cpuPerCommand.toFixed(1)} us a command`;
}
