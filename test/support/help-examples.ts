import { VERBS } from '../../src/cli/run.ts';

/** The arguments of each call that the help of a verb gives as an example, without the program's name. */
export async function examplesOf(verb: string): Promise<readonly (readonly string[])[]> {
  const listed = VERBS[verb];
  if (listed === undefined) throw new Error(`there is no verb ${verb}`);
  const { help } = await listed.load();
  const [, examples = ''] = help.split(/^Examples:\n/m);
  return [...examples.matchAll(/^ {2}licensing (.*)$/gm)].map(([, line = '']) => wordsOf(line));
}

/** As a shell takes them: by blanks, unless these stand between single quotes. */
function wordsOf(line: string): readonly string[] {
  return [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain = '']) => quoted ?? plain);
}
