/** What an id looks like, for rooms that do not know the domain. */
export { isUuid } from '../domain/ids.ts';
