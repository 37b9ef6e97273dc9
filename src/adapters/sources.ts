/** More than there are producers; who makes up a new one for each message must not fill the memory, nor whoever keeps the counters. */
const MAX_SOURCES = 100;
const MAX_LENGTH = 100;

/** `ce_source` as a name in counters: the first hundred by themselves, all others together. */
export class Sources {
  private readonly known = new Set<string>();

  nameOf(source: string): string {
    if (source === '') return '(no source)';
    const name = source.slice(0, MAX_LENGTH);
    if (this.known.has(name)) return name;
    if (this.known.size === MAX_SOURCES) return '(other sources)';
    this.known.add(name);
    return name;
  }
}
