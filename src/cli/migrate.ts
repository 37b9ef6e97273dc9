import { openContainer } from './open-container.ts';
import { reachDatabase } from './reachable.ts';
import { configFor } from './settings.ts';
import { actionOf, complain, print, type Verb } from './verb.ts';

/** A day. An index over years of messages takes long, and nobody waits for it. Statements that others wait for keep their lock timeout. */
const STATEMENT_TIMEOUT_MS = 24 * 60 * 60 * 1_000;

const tell = (sentence: string): void => complain(`licensing migrate: ${sentence}`);

export const migrate: Verb = {
  help: `
licensing migrate up            runs every step that is missing
licensing migrate down [--all]  undoes the last step, or all of them; their data is lost
licensing migrate status        lists the steps; exit code 1 when some are missing

If it was ended midway, run it again: it goes on where it was. One run waits for the end of another, and says so; Ctrl-C ends the wait.

Needs DATABASE_URL.`,
  options: { all: { type: 'boolean' } },

  async run(call) {
    const action = actionOf(call, ['up', 'down', 'status']);
    const config = { ...configFor(call.environment, ['DATABASE_URL']), statementTimeout: STATEMENT_TIMEOUT_MS };
    const { cradle } = openContainer(config);
    const { migrations, database } = cradle;
    await reachDatabase(cradle);
    try {
      switch (action) {
        case 'up': {
          const done = await migrations.up(tell);
          print(done.length === 0 ? 'nothing to do' : `done: ${done.join(', ')}`);
          return 0;
        }
        case 'down': {
          const undone = await migrations.down(call.values['all'] === true, tell);
          print(undone.length === 0 ? 'nothing to undo' : `undone: ${undone.join(', ')}`);
          return 0;
        }
        case 'status': {
          const { done, pending } = await migrations.status();
          for (const name of done) print(`done     ${name}`);
          for (const name of pending) print(`pending  ${name}`);
          return pending.length === 0 ? 0 : 1;
        }
      }
    } finally {
      await database.destroy();
    }
  },
};
