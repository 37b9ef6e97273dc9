import { readFile } from 'node:fs/promises';
import { SETTINGS } from '../config.ts';
import { ConfigurationError } from '../ports/errors.ts';
import { steadyNow, type HealthState } from '../ports/health.ts';
import { readSettings } from '../settings.ts';
import { judge, type Judgement, type Question } from './judge-health.ts';
import { actionOf, print, type Verb } from './verb.ts';

/** Nothing is imported here that takes long to load: a probe runs every few seconds beside each worker. */
export const health: Verb = {
  help: `
licensing health live   exit code 0 unless the worker has written no state, or no broker has answered it, for HEALTH_MAX_WAIT_MS
licensing health ready  exit code 0 when the worker is a member of its group, and waits neither for the broker nor for the database

Says in one sentence what the worker beside it does. Reads the file that the worker keeps, and asks nobody else.

Needs HEALTH_FILE, the worker's own.`,
  options: {},

  async run(call) {
    const question = actionOf(call, ['live', 'ready']);
    const { healthFile } = readSettings({ healthFile: SETTINGS.healthFile }, call.environment);
    if (healthFile === undefined) throw new ConfigurationError("HEALTH_FILE is not set; expected the worker's own");
    const { holds, why } = await judgementOf(question, healthFile);
    print(`${holds ? '' : 'not '}${question}: ${why}`);
    return holds ? 0 : 1;
  },
};

async function judgementOf(question: Question, file: string): Promise<Judgement> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    return { holds: false, why: `no worker keeps HEALTH_FILE '${file}' (${code})` };
  }
  const state = stateIn(text);
  if (state === undefined) return { holds: false, why: `HEALTH_FILE '${file}' holds no state of a worker` };
  return judge(question, state, steadyNow());
}

function stateIn(text: string): HealthState | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isState(value) ? value : undefined;
  } catch {
    return undefined; // some other file
  }
}

/** The worker beside it is of this version: its state has all fields if it has one. */
function isState(value: unknown): value is HealthState {
  return typeof value === 'object' && value !== null && 'maxWait' in value;
}
