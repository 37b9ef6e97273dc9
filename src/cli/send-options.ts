import { UsageError, type Call } from './verb.ts';

export interface SendOptions {
  readonly source: string;
  readonly correlationId: string | undefined;
  readonly wait: boolean;
  /** How long to wait for an answer. Milliseconds. */
  readonly timeout: number;
  readonly json: boolean;
}

const DEFAULT_TIMEOUT_S = 30;
const MAX_TIMEOUT_S = 86_400;

const WITH_FILE = ['id-field', 'from-line', 'dry-run'];
const WITHOUT_FILE = ['id', 'key'];

/** @throws UsageError for options that do not go together */
export function sendOptionsOf({ values }: Call): SendOptions {
  const { source, 'correlation-id': correlationId, wait, timeout, json, file } = values;
  const odd = (file === undefined ? WITH_FILE : WITHOUT_FILE).find((name) => values[name] !== undefined);
  if (odd !== undefined) {
    throw new UsageError(
      file === undefined ? `--${odd} is for --file` : `--${odd} is for one message; with --file each line has its own`,
    );
  }
  if (timeout !== undefined && wait !== true) throw new UsageError('--timeout is for --wait');
  if (json === true && wait !== true && file === undefined) throw new UsageError('--json is for --wait and --file');
  return {
    source: typeof source === 'string' ? source : 'licensing-cli',
    correlationId: typeof correlationId === 'string' ? correlationId : undefined,
    wait: wait === true,
    timeout: wholeNumber('--timeout', timeout, DEFAULT_TIMEOUT_S, MAX_TIMEOUT_S) * 1_000,
    json: json === true,
  };
}

/** @throws UsageError unless it is a whole number from 1 on */
export function wholeNumber(
  option: string,
  value: Call['values'][string],
  ifAbsent: number,
  most = Number.MAX_SAFE_INTEGER,
): number {
  if (value === undefined) return ifAbsent;
  const number = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : Number.NaN;
  if (number >= 1 && number <= most) return number;
  throw new UsageError(
    `${option} is '${String(value)}'; expected a whole number from 1${most === Number.MAX_SAFE_INTEGER ? '' : ` to ${most}`}`,
  );
}
