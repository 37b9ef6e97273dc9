/** More than there are producers. A producer that makes up a new source for each message must fill neither memory nor the system that keeps the counters. */
const MAX_SOURCES = 100;
const MAX_LENGTH = 100;

/** The names that counters have for `ce_source`: the first hundred sources have their own, all others share one. */
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
