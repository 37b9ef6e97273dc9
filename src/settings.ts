import { readFileSync } from 'node:fs';
import type { DatabaseUrl } from './ports/database-url.ts';
import { ConfigurationError } from './ports/errors.ts';
import { httpUrl, postgresUrl } from './urls.ts';

/** One environment variable. All that is said about it, to the program, to the operator and in the docs, stands here. */
export interface Setting<T> {
  /** The value may also stand in a file, which the variable with `_FILE` at its end names. */
  readonly variable: string;
  readonly type: Type<T>;
  /** The text that is read when the variable is not set or empty. */
  readonly default?: string;
  /** The value is undefined when the variable is not set. A setting that is neither optional nor has a default is required. */
  readonly optional?: true;
  /** The value may hold a password: no error, log line or page shows it, whatever is wrong with it. */
  readonly secret?: true;
  /** The README lists it; docs/operations.md lists all settings. */
  readonly inReadme?: true;
  /** What it is and, where somebody may want to change it, why the default is what it is. Markdown, without a full stop. */
  readonly about: string;
}

/** How the text of a variable becomes a value. */
export interface Type<T> {
  /** What the text must be; completes "expected ..." in errors and is the type's column in the docs. */
  readonly expected: string;
  /** @returns undefined when the text is something else */
  readonly read: (text: string) => T | undefined;
  /** For a value that can change while the program runs. It gets what reads the file anew and throws ConfigurationError. */
  readAnew?(read: () => T): T;
}

/** A password or token. Reading it reads its file anew, if it stands in one: a rotated secret needs no restart. @throws ConfigurationError */
export type Secret = () => string;

/** Settings by the names that the code uses. A table within a table is a group, such as the topics. */
export interface SettingTable {
  readonly [name: string]: Setting<unknown> | SettingTable;
}

/** What is read from a table: the same names, with values in place of settings. */
export type Values<Table> = { readonly [Name in keyof Table]: Value<Table[Name]> };

type Value<Entry> = Entry extends { readonly type: Type<infer T> }
  ? Entry extends { readonly optional: true }
    ? T | undefined
    : T
  : Values<Entry>;

export type Environment = Readonly<Record<string, string | undefined>>;

/** @throws ConfigurationError that names every fault */
export function readSettings<Table extends SettingTable>(table: Table, environment: Environment): Values<Table> {
  const faults: string[] = [];
  const values = readTable(table, (setting) => {
    const file = environment[`${setting.variable}_FILE`];
    if (file && environment[setting.variable]) {
      faults.push(`${setting.variable} and ${setting.variable}_FILE are both set; expected one of them`);
      return undefined;
    }
    const text = environment[setting.variable] || setting.default;
    if (!file && text === undefined) {
      if (setting.optional !== true) faults.push(`${setting.variable} is not set; expected ${setting.type.expected}`);
      return undefined;
    }
    const read = (): unknown => valueOf(setting, file ? contentOf(setting.variable, file) : (text ?? ''));
    try {
      const value = read();
      return file && setting.type.readAnew ? setting.type.readAnew(read) : value;
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error;
      faults.push(...error.faults);
      return undefined;
    }
  });
  if (faults.length > 0) throw new ConfigurationError(faults);
  // Without a fault each value is what its type reads, so the whole is what the type says of the table.
  return values as Values<Table>;
}

/** Whether a setting has a value, in its variable or in the file that `_FILE` names. */
export function isSet(environment: Environment, variable: string): boolean {
  return Boolean(environment[variable] || environment[`${variable}_FILE`]);
}

/** @throws ConfigurationError */
function valueOf(setting: Setting<unknown>, text: string): unknown {
  const value = setting.type.read(text);
  if (value !== undefined) return value;
  throw new ConfigurationError(`${setting.variable} is ${shown(setting, text)}; expected ${setting.type.expected}`);
}

/** What the file of a setting says, without a newline at its end. @throws ConfigurationError */
function contentOf(variable: string, file: string): string {
  let text: string;
  try {
    text = readFileSync(file, 'utf8').replace(/\r?\n$/, '');
  } catch (error) {
    const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : 'unknown error';
    throw new ConfigurationError(`${variable}_FILE is '${file}', which can't be read (${code})`);
  }
  if (text === '') throw new ConfigurationError(`${variable}_FILE is '${file}', which is empty`);
  return text;
}

/** All settings of a table and of the tables in it, in their order. */
export function settingsIn(table: SettingTable): readonly Setting<unknown>[] {
  return Object.values(table).flatMap((entry) => (isSetting(entry) ? [entry] : settingsIn(entry)));
}

function readTable(table: SettingTable, read: (setting: Setting<unknown>) => unknown): object {
  return Object.fromEntries(
    Object.entries(table).map(([name, entry]) => [name, isSetting(entry) ? read(entry) : readTable(entry, read)]),
  );
}

function isSetting(entry: Setting<unknown> | SettingTable): entry is Setting<unknown> {
  return typeof entry.variable === 'string';
}

function shown({ secret }: Setting<unknown>, text: string): string {
  return secret === true ? 'malformed (its value may be a secret and is not shown)' : `'${text}'`;
}

/** The name of a topic, a group or a source. */
export const NAME: Type<string> = {
  expected: 'letters, digits, dots, dashes and underscores',
  read: (text) => (/^[\w.-]+$/.test(text) ? text : undefined),
};

export const TEXT: Type<string> = { expected: 'a text', read: (text) => text };

export const SECRET: Type<Secret> = {
  expected: 'a text',
  read: (text) => () => text,
  readAnew: (read) => () => read()(),
};

export const FILE: Type<string> = { expected: 'the path of a file', read: (text) => text };

export const PEM_FILE: Type<string> = { expected: 'the path of a PEM file', read: (text) => text };

export const PAIRS: Type<Readonly<Record<string, string>>> = {
  expected: 'name=value, several separated by commas',
  read: (text) => {
    const pairs: [name: string, value: string][] = [];
    for (const pair of text.split(',')) {
      const [, name, value] = /^\s*([^=\s]+)=(.*?)\s*$/.exec(pair) ?? [];
      if (name === undefined || value === undefined) return undefined;
      pairs.push([name, value]);
    }
    return Object.fromEntries(pairs);
  },
};

export const BOOLEAN: Type<boolean> = {
  expected: 'true or false',
  read: (text) => (text === 'true' ? true : text === 'false' ? false : undefined),
};

/** kafkajs takes what is before the first colon for the host, so an IPv6 address is refused. It needs a name; behind that, IPv6 works. */
export const HOST_AND_PORT: Type<string> = {
  expected: 'host:port, the host as a name or an IPv4 address',
  read: (text) => (/^[\w.-]+:\d{1,5}$/.test(text) ? text : undefined),
};

const ESCAPED = 'with / ? # @ % and blanks of its password percent-encoded';

export const HTTP_URL: Type<string> = { expected: 'an http(s) URL without a query', read: httpUrl };

export const HTTP_URL_WITH_PASSWORD: Type<string> = { expected: `${HTTP_URL.expected}, ${ESCAPED}`, read: httpUrl };

/** Reading it reads its file anew, if it stands in one, as a `Secret` does. */
export const POSTGRES_URL: Type<() => DatabaseUrl> = {
  expected: `a postgres:// URL, ${ESCAPED}, and with no parameters but those of libpq`,
  read: (text) => {
    const url = postgresUrl(text);
    return url && (() => url);
  },
  readAnew: (read) => () => read()(),
};

/** Both bounds are included. */
export function wholeNumber(min: number, max: number): Type<number> {
  const read = (text: string): number | undefined => {
    const number = Number(text);
    return Number.isInteger(number) && number >= min && number <= max ? number : undefined;
  };
  return { expected: `a whole number from ${min} to ${max}`, read };
}

export function oneOf<const Word extends string>(words: readonly [Word, ...Word[], Word]): Type<Word> {
  const expected = `${words.slice(0, -1).join(', ')} or ${words.at(-1) ?? ''}`;
  return { expected, read: (text) => words.find((word) => word === text) };
}

export function listOf<T>({ expected, read }: Type<T>): Type<readonly T[]> {
  const readAll = (text: string): readonly T[] | undefined => {
    const values = text.split(',').map((item) => read(item.trim()));
    return values.every((value) => value !== undefined) ? values : undefined;
  };
  return { expected: `${expected}, several separated by commas`, read: readAll };
}
