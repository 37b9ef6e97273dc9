import type { Data } from '../support/collect.ts';

// The contract's rules for `InvalidCommand`, field by field, in the order of its table.

const LATEST = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

/** A command's answer is no. */
export class Refused extends Error {
  override readonly name = 'Refused';
  readonly code: string;
  readonly field: string | null;

  constructor(code: string, field: string | null = null) {
    super(code);
    this.code = code;
    this.field = field;
  }
}

/** The fields of a message, checked one by one: each `read` throws Refused with `InvalidCommand` and the field's name. */
export class Fields {
  private readonly data: Data;

  constructor(data: Data) {
    this.data = data;
  }

  id(field: string): string {
    const value = String(this.data[field]).toLowerCase();
    if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(value)) this.refuse(field);
    return value;
  }

  text(field: string, min = 0, max = 1_000): string {
    const raw = String(this.data[field]);
    const kept = raw.trim().normalize('NFC');
    const length = [...kept].length;
    if (raw.includes('\0') || !raw.isWellFormed() || length < min || length > max) this.refuse(field);
    return kept;
  }

  name(): string {
    return this.text('name', 1, 200);
  }

  optionalText(field: string): string | null {
    return this.isNull(field) ? null : this.text(field);
  }

  /** A coarse check of "plausible": the addresses of the tests are plainly right or plainly wrong. */
  email(): string {
    const address = this.text('email', 0, 254);
    if (address !== '' && !/^\S+@[^\s@.]+(\.[^\s@.]+)+$/.test(address)) this.refuse('email');
    return address;
  }

  number(field: string, min: number, max: number): number {
    const value = Number(this.data[field]);
    if (this.isNull(field) || value < min || value > max) this.refuse(field);
    return value;
  }

  /** At most ten numbers, each in its order to the next. */
  numbers(field: string, min: number, max: number, inOrder: (a: number, b: number) => boolean): readonly number[] {
    const list = Array.isArray(this.data[field]) ? this.data[field].map(Number) : [];
    const good = list.every((one, i) => one >= min && one <= max && (i === 0 || inOrder(list[i - 1] ?? 0, one)));
    if (!good || list.length > 10) this.refuse(field);
    return list;
  }

  time(field: string): number {
    return this.number(field, 0, LATEST);
  }

  /** A time in seconds, read as milliseconds, lies in 1970. */
  recentTime(field: string): number {
    return this.number(field, Date.UTC(2001, 0, 1), LATEST);
  }

  optionalTime(field: string): number | null {
    return this.isNull(field) ? null : this.time(field);
  }

  oneOf(field: string, ...listed: readonly string[]): string {
    const value = String(this.data[field]);
    if (!listed.includes(value)) this.refuse(field);
    return value;
  }

  flag(field: string): boolean {
    return this.data[field] === true;
  }

  isNull(field: string): boolean {
    return this.data[field] === null || this.data[field] === undefined;
  }

  refuse(field: string): never {
    throw new Refused('InvalidCommand', field);
  }
}
