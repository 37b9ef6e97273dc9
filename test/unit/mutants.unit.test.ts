import { readFile } from 'node:fs/promises';
import { MUTANTS } from '../faults/mutants.ts';

test.each(MUTANTS.flatMap(({ name, patches }) => patches.map(({ file, find }) => ({ name, file, find }))))(
  'the mutant "$name" breaks what stands in $file exactly once',
  async ({ file, find }) => {
    const source = await readFile(new URL(`../../${file}`, import.meta.url), 'utf8');
    expect(source.split(find)).toHaveLength(2);
  },
);
