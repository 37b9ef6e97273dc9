import type { Stack } from '../stack/stack.ts';
import type { Program } from './programs.ts';
import type { Reference } from './reference.ts';

/** The input of every scenario: the stack, and the sizes. */
export interface Bench {
  readonly stack: Stack;
  readonly runs: number;
  /** Leaves out what no goal asks about: how fast another commit is in mixed and hot. */
  readonly goalOnly: boolean;
  /** Who drains statistic rows. */
  readonly contenders: readonly Program[];
  /** Who can do whatever a worker can: the worker of this tree, and that of another commit. */
  readonly workers: readonly Program[];
  /** The pipeline that was written by hand, if its folder was named: none or one. */
  readonly references: readonly Reference[];
  /** Of the drains. */
  readonly commands: number;
  /** Commands of a drain before anything is measured. */
  readonly warmUp: number;
  readonly tenants: number;
  readonly subdivisions: number;
  /** Subdivisions of the one tenant of large. */
  readonly large: number;
  /** Tenants of many, with a subdivision each. */
  readonly many: number;
  /** Of paced. */
  readonly rates: readonly number[];
  readonly pacedSeconds: number;
  /** Between two rates, so that a backlog of one does not count for the next. */
  readonly pauseSeconds: number;
  readonly history: number;
  readonly leftovers: number;
  /** Licenses that end at one moment, and the commands a second that come in meanwhile. */
  readonly timers: number;
  readonly timersRate: number;
  /** How long the commands come in; and from before their times are written until the licenses end. */
  readonly timersSeconds: number;
  readonly timersLeadSeconds: number;
  readonly starts: number;
  readonly profiles: number;
  /** Of the soak. */
  readonly minutes: number;
  readonly say: (line: string) => void;
}

type Sizes = Omit<Bench, 'stack' | 'contenders' | 'workers' | 'references' | 'goalOnly' | 'say'>;

/** The sizes of bench/RESULTS.md. */
export const FULL: Sizes = {
  runs: 5,
  commands: 200_000,
  warmUp: 50_000,
  tenants: 100,
  subdivisions: 1_000,
  large: 10_000,
  many: 100_000,
  rates: [1_000, 5_000],
  pacedSeconds: 30,
  pauseSeconds: 4,
  history: 10_000_000,
  leftovers: 200_000,
  timers: 1_000_000,
  timersRate: 1_000,
  timersSeconds: 240,
  timersLeadSeconds: 110,
  starts: 10,
  profiles: 1,
  minutes: 10,
};

/** The sizes of what the goals ask about: all of it in less than half an hour, history apart. */
export const GOAL: Sizes = { ...FULL, warmUp: 200_000, rates: [5_000], pacedSeconds: 15 };

/** Small enough to run at every change. It shows that the harness runs, and nothing about speed. */
export const QUICK: Sizes = {
  runs: 1,
  commands: 2_000,
  warmUp: 0,
  tenants: 4,
  subdivisions: 20,
  large: 40,
  many: 60,
  rates: [200],
  pacedSeconds: 1,
  pauseSeconds: 0,
  history: 5_000,
  leftovers: 2_000,
  timers: 400,
  timersRate: 100,
  timersSeconds: 16,
  timersLeadSeconds: 16,
  starts: 2,
  profiles: 1,
  minutes: 0.05,
};
