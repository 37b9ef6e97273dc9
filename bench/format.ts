import { median } from './statistics.ts';
import type { Measured } from './results.ts';

// How the report writes numbers and tables.

export type Cells = readonly (string | number)[];

/** When and how something was measured. */
export function about({ date, command, machine, versions }: Measured<unknown>): string {
  const named = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return `\`${command}\`, ${date.slice(0, 16).replace('T', ' ')} UTC, ${machine}; ${named.join(', ')}.`;
}

export function table(head: Cells, rows: readonly Cells[]): string {
  const line = (cells: Cells): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** Median, least and greatest: `1.52 (1.48 to 1.60)`. */
export function spread(values: readonly number[], digits: number): string {
  return values.length === 0 ? 'not measured' : `${number(median(values), digits)} (${range(values, digits)})`;
}

export function range(values: readonly number[], digits = 0): string {
  return `${number(Math.min(...values), digits)} to ${number(Math.max(...values), digits)}`;
}

export function number(value: number, digits = value < 100 && !Number.isInteger(value) ? 1 : 0): string {
  return value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}
