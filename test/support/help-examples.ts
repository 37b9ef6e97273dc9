import type { Verb } from '../../src/cli/verb.ts';

/** The calls that the help of a verb shows as they are: its examples; without any, its forms that leave nothing to be filled in. */
export function examplesIn({ help }: Pick<Verb, 'help'>): readonly string[] {
  const examples = [...help.matchAll(/^ {2}(licensing .*)$/gm)];
  const forms = [...help.matchAll(/^(licensing [a-z]+(?: [a-z]+)*)(?: {2}.*)?$/gm)];
  return (examples.length > 0 ? examples : forms).map(([, line = '']) => line);
}

/** The words of a call, as a shell takes them, without the program's name. Where its output goes is left out. */
export function wordsOf(line: string): readonly string[] {
  const [, call = ''] = /^licensing ((?:'[^']*'|"[^"]*"|[^'"<>|])*)/.exec(line) ?? [];
  return [...call.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(
    ([, single, double, plain = '']) => single ?? double ?? plain,
  );
}
