import type { HealthState } from '../ports/health.ts';

export type Question = 'live' | 'ready';

/** The answer for a probe, and the sentence for the person who reads its events. */
export interface Judgement {
  readonly holds: boolean;
  readonly why: string;
}

/** Without one of these nothing goes on, whatever the messages are. Who has none to handle finds out by looking at the decided offsets. */
const NEEDED = ['database', 'decided offsets', 'broker', 'broker to answer'];

/**
 * A worker is live unless only a new start may help: it has stopped writing its state, or no broker has answered it, for longer than
 * HEALTH_MAX_WAIT_MS. One that waits for anything else is live, since a new start would wait for the same.
 * It is ready when it is a member of its group, with or without partitions, and waits neither for the broker nor for the database.
 * @param now by the clock that has dated the state
 */
export function judge(question: Question, state: HealthState, now: number): Judgement {
  const age = now - state.at;
  // The clock begins anew with the system, and then a state is older than it seems.
  if (age < 0) return no('the state is one from before the system was started');
  if (age > state.maxWait) return no(`the worker has written no state for ${seconds(age)}`);
  const silent = state.brokerSilentFor + age;
  if (silent > state.maxWait) return no(`no broker has answered for ${seconds(silent)}`);
  const waits = Object.entries(state.waits).map(([what, milliseconds]) => ({ what, for: milliseconds + age }));
  const told = waits.map((wait) => `has waited ${seconds(wait.for)} for the ${wait.what}`);
  const doing = [phaseOf(state), ...told].join(', ');
  return question === 'live' || isReady(state) ? { holds: true, why: doing } : no(doing);
}

function isReady({ phase, joined, waits }: HealthState): boolean {
  return phase === 'working' && joined && !NEEDED.some((what) => Object.hasOwn(waits, what));
}

function phaseOf({ phase, joined, partitions }: HealthState): string {
  if (phase !== 'working') return phase;
  return joined ? `working with ${partitions} partitions` : 'joining its group';
}

function seconds(milliseconds: number): string {
  return `${Math.round(milliseconds / 1_000)} s`;
}

function no(why: string): Judgement {
  return { holds: false, why };
}
