import { VERBS } from '../../src/cli/run.ts';

/** The verbs; in place of one that has actions, these: `send`, `dlq list`. */
export async function verbsAndActions(): Promise<readonly string[]> {
  const helps = await Promise.all(Object.values(VERBS).map(async ({ load }) => (await load()).help));
  return helps.flatMap(namesIn);
}

/**
 * The calls that the helps of these verbs, or of these actions of verbs (`dlq replay`), show as they are: their examples; where there is none,
 * the form without its options. A unit test looks for who calls this, so the names are written out there.
 * @throws for one whose help shows nothing that can be run
 */
export async function examplesOf(...names: readonly string[]): Promise<readonly string[]> {
  return (await Promise.all(names.map(ofOne))).flat();
}

async function ofOne(name: string): Promise<readonly string[]> {
  const [verb = ''] = name.split(' ');
  const { help } = (await VERBS[verb]?.load()) ?? { help: '' };
  const wanted = namesIn(help).filter((one) => isPartOf(one, name));
  if (wanted.length === 0) throw new Error(`no help begins a line with 'licensing ${name}'`);
  return wanted.flatMap((one) => callsIn(help, one));
}

function namesIn(help: string): readonly string[] {
  const begun = [...help.matchAll(/^licensing ([a-z]+(?: [a-z]+)?)/gm)].map(([, name = '']) => name);
  return [...new Set(begun)];
}

/** Whether this is the verb itself, or one of its actions. */
export function isPartOf(name: string, verb: string): boolean {
  return name === verb || name.startsWith(`${verb} `);
}

function callsIn(help: string, name: string): readonly string[] {
  const examples = [...help.matchAll(/^ {2}(licensing .*)$/gm)].map(([, line = '']) => line);
  const ours = examples.filter((line) => isPartOf(line, `licensing ${name}`));
  const form = new RegExp(`^licensing ${name}(?: +\\[.*?\\])*(?: {2}.*)?$`, 'm');
  if (ours.length === 0 && !form.test(help)) throw new Error(`the help shows no call of 'licensing ${name}'`);
  return ours.length > 0 ? ours : [`licensing ${name}`];
}

/** The words of a call, as a shell takes them, without the program's name. Where its output goes is left out. */
export function wordsOf(line: string): readonly string[] {
  const [, call = ''] = /^licensing ((?:'[^']*'|"[^"]*"|[^'"<>|])*)/.exec(line) ?? [];
  return [...call.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(
    ([, single, double, plain = '']) => single ?? double ?? plain,
  );
}
