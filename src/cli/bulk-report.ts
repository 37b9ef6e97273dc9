import type { Known } from './answer-reader.ts';
import type { ReadMessage } from './topic-reader.ts';

/** What became of one line of a file. */
export interface LineOutcome {
  readonly line: number;
  readonly id: string;
  readonly type: string;
  readonly outcome: Known<unknown>['outcome'];
  /** The code of the rejection, or the reason of the dead letter. */
  readonly code?: string;
  readonly message?: string;
  readonly field?: string | null;
}

/** @param last the last record of an answer, decoded: the rejection or the dead letter; undefined: there is none */
export function lineOutcome(
  { line, id, type }: Pick<LineOutcome, 'line' | 'id' | 'type'>,
  outcome: LineOutcome['outcome'],
  last: ReadMessage | undefined,
): LineOutcome {
  const base = { line, id, type, outcome };
  if (outcome === 'rejected') {
    const { code, message, field } = last?.data ?? {};
    const isReadable = typeof code === 'string' && typeof message === 'string';
    return {
      ...base,
      ...(isReadable ? { code, message } : { code: 'unreadable', message: '' }),
      field: typeof field === 'string' ? field : null,
    };
  }
  if (outcome !== 'dead') return base;
  const headers = last?.headers ?? {};
  return { ...base, code: headers['dlq-reason'] ?? 'unknown', message: headers['dlq-message'] ?? '' };
}

/** Counts; what is bounded in number, however long the file is. */
export class BulkReport {
  /** Up to this line all is sent. */
  sentUpTo = 0;
  sent = 0;
  accepted = 0;
  handled = 0;
  late = 0;
  readonly rejected = new Map<string, number>();
  readonly dead = new Map<string, number>();

  count({ outcome, code = '' }: LineOutcome): void {
    switch (outcome) {
      case 'accepted':
      case 'handled':
      case 'late':
        this[outcome] += 1;
        return;
      case 'rejected':
      case 'dead':
        this[outcome].set(code, (this[outcome].get(code) ?? 0) + 1);
    }
  }

  /** 0, unless something was not accepted: 4 for dead letters, 5 for what has no answer, 3 for rejections. */
  get exitCode(): number {
    if (this.dead.size > 0) return 4;
    if (this.late + this.handled > 0) return 5;
    return this.rejected.size > 0 ? 3 : 0;
  }

  /** For a person, in several lines. @param seconds how long it has taken */
  lines(seconds: number, withAnswers: boolean): readonly string[] {
    const rate = seconds > 0 ? `, ${Math.round(this.sent / seconds)} a second` : '';
    const lines = [`sent      ${this.sent} messages in ${seconds.toFixed(1)} s${rate}`];
    if (withAnswers) {
      lines.push(`accepted  ${this.accepted}`, ...byCode('rejected', this.rejected), ...byCode('dead', this.dead));
      if (this.handled > 0) {
        lines.push(`handled   ${this.handled} without an answer: sent before under their ids, or they change nothing`);
      }
      if (this.late > 0)
        lines.push(`late      ${this.late} without an answer in time: \`licensing lag\` tells how far the worker is`);
    }
    return lines;
  }

  /** For a program. */
  json(seconds: number, withAnswers: boolean): string {
    const { sentUpTo, sent, accepted, rejected, dead, handled, late } = this;
    const answers = { accepted, rejected: Object.fromEntries(rejected), dead: Object.fromEntries(dead), handled, late };
    return JSON.stringify({ sent, sentUpToLine: sentUpTo, seconds, ...(withAnswers && answers) });
  }
}

function byCode(word: string, counts: ReadonlyMap<string, number>): readonly string[] {
  if (counts.size === 0) return [];
  const sum = [...counts.values()].reduce((total, count) => total + count, 0);
  const each = [...counts].sort(([, a], [, b]) => b - a).map(([code, count]) => `${code} ${count}`);
  return [`${word.padEnd(10)}${sum}: ${each.join(', ')}`];
}
