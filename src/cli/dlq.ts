import { REASON_NAMES, REASONS } from '../ports/dead-letters.ts';
import { discardLetter } from './dlq-discard.ts';
import { listLetters } from './dlq-list.ts';
import { replay } from './dlq-replay.ts';
import { showLetter } from './dlq-show.ts';
import { UsageError, type Call, type Verb } from './verb.ts';

const OURS = REASON_NAMES.filter((reason) => REASONS[reason].ours);

const ACTIONS = { list: listLetters, show: showLetter, replay, discard: discardLetter };

export const dlq: Verb = {
  about: 'dead letters: lists, shows, replays, discards them',
  help: `
licensing dlq list    [--reason R] [--key K] [--older-than AGE] [--limit N] [--json]
licensing dlq show    LETTER [--json]
licensing dlq replay  LETTER | --key K | --reason R | --all  [--dry-run]
licensing dlq discard LETTER --why TEXT [--by NAME] [--free-key] [--yes]

A message that fails by a fault of the worker (${OURS.join(', ')}) parks the tenant or user that it names: what comes after it
for the same one is set aside too (ParkedBehind), until all of it is replayed, in order. Other tenants and users go on.

list     open letters: how many by reason, and by the source (ce_source) of the messages, which tells the team to call; which keys are parked, and the letters themselves by number
show     one letter: where it came from, why it is one, headers, and the value decoded where it can be
replay   runs the stored message under its original identity and by the time of its original record, once, whatever happens in
         between. A letter of a parked key comes only when it is the lowest open one of it; one that fails again stays open and stops
         its key. With the last one through, the key is free. What follows is published by the running workers. --key and --all
         leave IdReused out: ask for these by number or reason. UndecodableMessage and other letters that park nothing have no place
         in the order of their key any more. One whose message was sent again under its id, and handled, is superseded: it is no
         longer open
discard  gives one letter up, and remembers who and why; asks first, without a terminal --yes is needed. Its key stays parked until
         what waits behind is replayed, or is free at once with --free-key, unless a lower letter holds it

  --reason      ${REASON_NAMES.join(', ')}
  --key         the tenant's or user's id
  --older-than  90s, 15m, 12h or 7d
  --limit       letters and keys that are listed; default 50
  --dry-run     tries each letter whose turn it is, tells how it would end, and undoes it
  --why, --by   what is remembered with a discarded letter; --by defaults to the user of this system
  --json        one JSON object a line

Exit code 0 when all that was asked for is done, 1 when a letter failed again or could not be replayed.
Needs DATABASE_URL; replay also SCHEMA_REGISTRY_URL, and otherwise the worker's own settings; show takes SCHEMA_REGISTRY_URL.`,
  options: {
    reason: { type: 'string' },
    key: { type: 'string' },
    'older-than': { type: 'string' },
    limit: { type: 'string' },
    all: { type: 'boolean' },
    'dry-run': { type: 'boolean' },
    why: { type: 'string' },
    by: { type: 'string' },
    'free-key': { type: 'boolean' },
    yes: { type: 'boolean' },
    json: { type: 'boolean' },
  },

  async run(call) {
    const [word = '', ...positionals] = call.positionals;
    const action = Object.entries(ACTIONS).find(([name]) => name === word);
    if (action === undefined) {
      const got = word === '' ? '' : `; got '${word}'`;
      throw new UsageError(`expected one of: ${Object.keys(ACTIONS).join(', ')}${got}`);
    }
    allow(action[0], call);
    return action[1]({ ...call, positionals });
  },
};

const OPTIONS: Readonly<Record<string, readonly string[]>> = {
  list: ['reason', 'key', 'older-than', 'limit', 'json'],
  show: ['json'],
  replay: ['key', 'reason', 'all', 'dry-run'],
  discard: ['why', 'by', 'free-key', 'yes'],
};

/** An option of another action would silently do nothing, which is not what somebody meant who gave it. */
function allow(action: string, { values }: Call): void {
  const odd = Object.keys(values).find((name) => OPTIONS[action]?.includes(name) !== true);
  if (odd !== undefined) throw new UsageError(`dlq ${action} has no option --${odd}`);
}
