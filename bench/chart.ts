import { byContender } from './pairs.ts';
import type { ContenderName } from './programs.ts';
import type { Results } from './results.ts';
import { median } from './statistics.ts';

const WIDTH = 760;
const LEFT = 150;
const RIGHT = 110;
const TOP = 58;
const BAR = 26;
const GAP = 14;
const BOTTOM = 56;
const COLORS: Partial<Record<ContenderName, string>> = { worker: '#2563a8', reference: '#7a8794', baseline: '#b9754a' };
const OTHER_COLOR = '#5b8c6a';

interface Bar {
  readonly title: string;
  readonly color: string;
  readonly speeds: readonly number[];
}

/** Commands a second of each scenario and contender: bars to the median, whiskers over the runs. */
export function chart({ drain, mixed, hot, workers, large, many }: Results): string {
  const bars: Bar[] = [];
  for (const [scenario, measured] of Object.entries({ drain, mixed, hot, workers, large, many })) {
    for (const [contender, runs] of byContender(measured?.runs ?? [])) {
      const speeds = runs.map(({ perSecond }) => perSecond);
      bars.push({ title: `${scenario}, ${contender}`, color: COLORS[contender] ?? OTHER_COLOR, speeds });
    }
  }
  const most = niceAbove(Math.max(1, ...bars.flatMap(({ speeds }) => speeds)));
  const height = TOP + bars.length * (BAR + GAP) + BOTTOM;
  const x = (speed: number): number => LEFT + (speed / most) * (WIDTH - LEFT - RIGHT);
  const axis = TOP + bars.length * (BAR + GAP);
  const ticks = Array.from({ length: 6 }, (_, i) => (most * i) / 5);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="13" fill="#222">
<rect width="${WIDTH}" height="${height}" fill="#fff"/>
<text x="${LEFT}" y="24" font-size="17" font-weight="bold">How fast a backlog is drained</text>
<text x="${LEFT}" y="43" fill="#555">median of the runs; the line spans the slowest and the fastest</text>
${ticks.map((tick) => tickOf(x(tick), axis, tick)).join('\n')}
${bars.map((bar, i) => barOf(bar, TOP + i * (BAR + GAP) + GAP / 2, x)).join('\n')}
<text x="${(LEFT + WIDTH - RIGHT) / 2}" y="${axis + 42}" text-anchor="middle">commands per second</text>
</svg>
`;
}

function tickOf(x: number, axis: number, speed: number): string {
  return `<line x1="${x}" x2="${x}" y1="${TOP}" y2="${axis}" stroke="#ddd"/><text x="${x}" y="${axis + 18}" text-anchor="middle">${text(speed)}</text>`;
}

function barOf({ title, color, speeds }: Bar, y: number, x: (speed: number) => number): string {
  const middle = y + BAR / 2;
  const [least, greatest] = [x(Math.min(...speeds)), x(Math.max(...speeds))];
  const speed = median(speeds);
  return `<text x="${LEFT - 8}" y="${middle + 4}" text-anchor="end">${title}</text>
<rect x="${LEFT}" y="${y}" width="${round(x(speed) - LEFT)}" height="${BAR}" fill="${color}"/>
<line x1="${round(least)}" x2="${round(greatest)}" y1="${middle}" y2="${middle}" stroke="#111" stroke-width="2"/>
<text x="${round(Math.max(greatest, x(speed)) + 8)}" y="${middle + 4}">${text(speed)}</text>`;
}

function text(speed: number): string {
  return Math.round(speed).toLocaleString('en');
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

/** 1, 2 or 5 times a power of ten. */
function niceAbove(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((nice) => nice >= value) ?? value;
}
