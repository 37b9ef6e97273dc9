import { parkableKeys } from '../ports/parked-keys.ts';

/** Whether this is a UUID; in capitals, too. */
export function isId(word: string): boolean {
  return parkableKeys([word.toLowerCase()]).length === 1;
}
