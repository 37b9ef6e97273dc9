import { isUuid } from '../ports/ids.ts';

/** Whether this is a UUID; in capitals, too. */
export function isId(word: string): boolean {
  return isUuid(word.toLowerCase());
}

const MAX_ID_LENGTH = 256;

/** @returns what is wrong with the id of a message, if anything is */
export function idFault(id: string): string | undefined {
  if (id !== '' && id.length <= MAX_ID_LENGTH && !id.includes('\0')) return undefined;
  return `its id must have 1 to ${MAX_ID_LENGTH} characters, none of them U+0000`;
}
