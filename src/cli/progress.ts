import { durationText } from './lag-text.ts';

const WIDTH = 24;
const DRAW_EVERY_MS = 200;
const CLEAR_LINE = '\r\u001B[K';

export interface Sight {
  /** How much of the file is read; undefined: its size is not known. */
  readonly share: number | undefined;
  readonly sent: number;
  readonly open: number;
}

/** A bar at the terminal that stderr is; nothing where it is none. */
export class Progress {
  private readonly terminal: Pick<NodeJS.WriteStream, 'isTTY' | 'write'>;
  private readonly now: () => number;
  private readonly began: number;
  private drawn = -Infinity;

  /** @param now a clock that only goes forward. Milliseconds */
  constructor(terminal: Pick<NodeJS.WriteStream, 'isTTY' | 'write'>, now: () => number) {
    this.terminal = terminal;
    this.now = now;
    this.began = now();
  }

  show(sight: Sight): void {
    const now = this.now();
    if (!this.terminal.isTTY || now - this.drawn < DRAW_EVERY_MS) return;
    this.drawn = now;
    this.terminal.write(`${CLEAR_LINE}${barText(sight, (now - this.began) / 1_000)}`);
  }

  /** To be called before anything else is printed. */
  clear(): void {
    if (this.terminal.isTTY && this.drawn > -Infinity) this.terminal.write(CLEAR_LINE);
    this.drawn = -Infinity;
  }
}

export function barText({ share, sent, open }: Sight, seconds: number): string {
  const rate = seconds > 0 ? Math.round(sent / seconds) : 0;
  const waits = open > 0 ? `, ${open} wait for their answer` : '';
  const tail = `${sent} sent, ${rate}/s${waits}`;
  if (share === undefined) return tail;
  const full = Math.round(share * WIDTH);
  const left = share > 0 && share < 1 ? `, ${durationText((seconds * (1 - share)) / share)} left` : '';
  const bar = `${'#'.repeat(full)}${'.'.repeat(WIDTH - full)}`;
  return `[${bar}] ${String(Math.floor(share * 100)).padStart(3)} %  ${tail}${left}`;
}
