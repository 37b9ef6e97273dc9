import { REASON_NAMES, REASONS } from '../ports/dead-letters.ts';
import { discardLetter } from './dlq-discard.ts';
import { eraseLetters } from './dlq-erase.ts';
import { exportLetters } from './dlq-export.ts';
import { listLetters } from './dlq-list.ts';
import { replay } from './dlq-replay.ts';
import { showLetter } from './dlq-show.ts';
import { UsageError, type Call, type Verb } from './verb.ts';

const OURS = REASON_NAMES.filter((reason) => REASONS[reason].ours);

const ACTIONS = {
  list: listLetters,
  show: showLetter,
  replay,
  discard: discardLetter,
  export: exportLetters,
  erase: eraseLetters,
};

export const dlq: Verb = {
  help: `
licensing dlq list    [--reason R] [--key K] [--older-than AGE] [--limit N] [--json]
licensing dlq show    LETTER [--json]
licensing dlq replay  LETTER | --key K | --reason R | --all  [--dry-run]
licensing dlq discard LETTER --why TEXT [--by NAME] [--free-key] [--yes]
licensing dlq export  [--reason R] [--key K] [--older-than AGE]
licensing dlq erase   --key K --why TEXT [--by NAME] [--yes]

  licensing dlq list --reason HandlerFailed
  licensing dlq show 17
  licensing dlq replay --all --dry-run
  licensing dlq discard 17 --why "sent by mistake" --yes
  licensing dlq export --older-than 7d > letters.ndjson
  licensing dlq erase --key 018f4e9c-6a3b-7c2d-8e1f-0a1b2c3d4e5f --why "asked for on 1 May" --yes

A message that fails through a fault of the worker (${OURS.join(', ')}) parks the tenant or user that it names: later messages
for the same one become letters too (ParkedBehind), until all of them are replayed, in order. Other tenants and users go on.

list     counts the open letters by reason, and by the source (ce_source) of their messages, which tells the team to call; then lists
         the parked keys, and the letters by number
show     shows one letter: where its message came from, why it failed, its headers, and its value, decoded if possible. The stack of a fault of the
         worker's stands in its log: \`dead letter: REASON\`, with the same topic, partition and offset
replay   runs the stored message under its original identity, at the time of its original record. It takes effect once, whatever happens
         in between, and running workers publish its events. The letters of a parked key are replayed from the lowest number up; one
         that fails again stays open and stops its key; the key is free after the last one. --key and --all leave out IdReused: name
         these by number or --reason. Letters that park nothing (UndecodableMessage, say) have lost their place in the order of their
         key. If the producer has sent the message again under its id, and it was handled, the letter is superseded and no longer open
discard  gives one letter up, and remembers who did it and why. It asks first; without a terminal, --yes is needed. The key stays parked
         until the letters behind are replayed. With --free-key it is free at once, unless a lower letter holds it
export   prints open letters as \`show --json\` does, one a line, to be looked at elsewhere
erase    removes what letters about a key hold: bytes, keys, headers, texts. Number, position, reason and ending stay, with who did it and
         why. Letters in any state are meant. An open one is discarded with that, so its message is lost; its keys stay parked as after
         a discard. It asks first; without a terminal, --yes is needed. The copies in Kafka go with the retention of their topics

  --reason      ${REASON_NAMES.join(', ')}
  --key         the tenant's or user's id
  --older-than  90s, 15m, 12h or 7d
  --limit       how many letters and keys are listed; default 50
  --dry-run     tries each letter whose turn it is, tells how it would end, and undoes everything
  --why, --by   are kept with a discarded or erased letter; --by defaults to the user of this system
  --json        one JSON object a line

Exit code 0 when everything asked for is done, 1 when a letter has failed again or could not be replayed.
Needs DATABASE_URL; replay also SCHEMA_REGISTRY_URL, and otherwise the worker's own settings; show and export take SCHEMA_REGISTRY_URL.`,
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
  export: ['reason', 'key', 'older-than'],
  erase: ['key', 'why', 'by', 'yes'],
};

/** Refuses an option that belongs to another action: it would do nothing, in silence. */
function allow(action: string, { values }: Call): void {
  const odd = Object.keys(values).find((name) => OPTIONS[action]?.includes(name) !== true);
  if (odd !== undefined) throw new UsageError(`dlq ${action} has no option --${odd}`);
}
