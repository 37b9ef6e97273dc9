import { isUuid } from '../ports/ids.ts';

/** Whether this is a UUID; in capitals, too. */
export function isId(word: string): boolean {
  return isUuid(word.toLowerCase());
}
