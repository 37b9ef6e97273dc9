import { globSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { MUTANTS } from '../faults/mutants.ts';

const ROOT = new URL('../../', import.meta.url);

test.each(MUTANTS.flatMap(({ name, patches }) => patches.map(({ file, find }) => ({ name, file, find }))))(
  'the mutant "$name" breaks what stands in $file exactly once',
  async ({ file, find }) => {
    const source = await readFile(new URL(file, ROOT), 'utf8');
    expect(source.split(find)).toHaveLength(2);
  },
);

test.each(MUTANTS.filter(({ level }) => level === 'unit'))(
  'a unit test has the name that should notice the mutant "$name"',
  async ({ cases }) => {
    const files = globSync('test/unit/**/*.test.ts', { cwd: ROOT });
    const sources = await Promise.all(files.map((file) => readFile(new URL(file, ROOT), 'utf8')));
    expect(sources.filter((source) => hasTestNamed(source, cases))).toHaveLength(1);
  },
);

/** Whether the name of a test begins so: its own, or that of its `describe` and its own behind it. */
function hasTestNamed(source: string, name: string): boolean {
  const words = name.split(' ');
  return words.some((_, i) => {
    const [group, own] = [words.slice(0, i).join(' '), words.slice(i).join(' ')];
    return (group === '' || source.includes(`describe('${group}'`)) && source.includes(`('${own}`);
  });
}
