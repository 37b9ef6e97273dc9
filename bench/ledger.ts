import { randomBytes } from 'node:crypto';

/** Counts what has to come of the commands of a load: enough to notice one event too few or too many. */
export class Ledger {
  /** Statistic rows of subdivisions that are there at the end. */
  rows = 0;
  accepted = 0;
  pastAccepted = 0;
  rejected = 0;
  /** Events that have to be on their topic. */
  events = 0;
  readonly prefix: string;
  private readonly eventsOf: number[] = [];

  constructor(prefix: string = newPrefix()) {
    this.prefix = prefix;
  }

  get commands(): number {
    return this.eventsOf.length;
  }

  /** @param events how many the command has; 0: it is rejected @returns its id, which tells its number */
  note(events: number, rows = 0): string {
    this.eventsOf.push(events);
    this.events += events;
    this.rows += rows;
    if (events > 0) this.accepted += 1;
    else this.rejected += 1;
    return idOf(this.prefix, this.eventsOf.length - 1);
  }

  /** Adds rows that are in the tables, and identities that are in the inbox, though no command was sent for them. */
  past(rows: number, messages: number): void {
    this.rows += rows;
    this.pastAccepted += messages;
  }

  expected(number: number): number {
    return this.eventsOf[number] ?? 0;
  }
}

/** Command ids look like UUIDs and hold the command's number in their last group. */
export function newPrefix(): string {
  return randomBytes(9)
    .toString('hex')
    .replace(/^(.{8})(.{4})(.{3})(.{3})$/, '$1-$2-4$3-8$4-');
}

export function idOf(prefix: string, number: number): string {
  return prefix + number.toString(16).padStart(12, '0');
}

/** The number of the command with this id; undefined: not a command of this load. */
export function numberOf(prefix: string, id: string): number | undefined {
  return id.startsWith(prefix) ? Number.parseInt(id.slice(prefix.length), 16) : undefined;
}
