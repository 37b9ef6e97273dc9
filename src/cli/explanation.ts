import { REASONS, type LetterSummary } from '../ports/dead-letters.ts';
import type { Searched } from './answer-search.ts';
import { timeText } from './dlq-words.ts';
import type { Fate } from './explain-fate.ts';

/** Beside the five that a message can end in or wait in, `skipped`: no worker takes its type; `forgotten`: nothing remembers how it ended. */
type ExplainedState = 'accepted' | 'rejected' | 'dead' | 'superseded' | 'undecided' | 'skipped' | 'forgotten';

/** Messages that the database has not decided, of the partitions where the message can be. */
interface Unread {
  readonly messages: number;
  /** How many of them come before the message in its partition; null when it is not known where it stands. */
  readonly before: number | null;
}

/** What is known of a message when all that can be asked was asked. */
export interface Findings {
  readonly fate: Fate;
  /** Undefined: answers were not looked for. */
  readonly searched: Searched | undefined;
  /** The indexes of answers that the outbox owes. */
  readonly owed: readonly number[];
  readonly unread: Unread;
  /** Undefined: an identity is asked about. */
  readonly record: FoundRecord | undefined;
  /** Milliseconds. */
  readonly inboxRetention: number;
}

interface FoundRecord {
  readonly place: string;
  readonly type: string | undefined;
  /** Its message was decided before, from another place. */
  readonly repeats: boolean;
  /** The partition that murmur2 of its key gives, if that is another one. */
  readonly belongsTo: number | undefined;
}

export interface Explained {
  readonly state: ExplainedState;
  /** For a person: what became of it, and what to do, if anything. */
  readonly says: readonly string[];
  readonly rejection: { readonly code: string; readonly message: string; readonly field: string | null } | null;
  readonly letter: LetterSummary | null;
}

/** Tells what the findings mean. */
export function explained(findings: Findings): Explained {
  const told = explainedFate(findings);
  const { place, belongsTo } = findings.record ?? {};
  if (belongsTo === undefined) return told;
  const misplaced =
    `It lies in ${place}, and murmur2 of its key gives ${belongsTo}: the order of its key is not kept. ` +
    'Its producer partitions otherwise, if no partitions were added since.';
  return { ...told, says: [...told.says, misplaced] };
}

function explainedFate(findings: Findings): Explained {
  const { fate, unread, record } = findings;
  switch (fate.what) {
    case 'answered':
      return withHistory(answered(findings, fate), findings, fate);
    case 'dead':
      return explainedBy('dead', deadSentences(fate.letter), { letter: fate.letter ?? null });
    case 'superseded':
      return explainedBy('superseded', [supersededSentence(fate)], { letter: fate.letter });
    case 'undecided':
      return explainedBy('undecided', undecidedSentences(unread, record?.place, findings.inboxRetention));
    case 'skipped':
      return explainedBy('skipped', [`The worker skips messages of type ${record?.type ?? 'unknown'}.`]);
    case 'displaced':
      return explainedBy('forgotten', [
        'It was read, and another message of its source under the same id is the one that was handled.',
        'What became of this one is no longer known: its dead letter was resolved, and is forgotten.',
      ]);
  }
}

type Answered = Extract<Fate, { readonly what: 'answered' }>;

function answered(findings: Findings, { outcome, since }: Answered): Explained {
  const { searched, owed, inboxRetention } = findings;
  const rejection = rejectionIn(searched);
  if (outcome === 'rejected' || rejection !== null) {
    const sentence =
      rejection === null ? `Rejected. ${missing(searched, owed, since)}` : `${rejection.code}: ${rejection.message}`;
    return explainedBy('rejected', [sentence], { rejection });
  }
  const isKnown = outcome === 'accepted' || (searched?.answers.length ?? 0) > 0;
  if (isKnown) return explainedBy('accepted', [`Accepted. ${eventsSentence(searched, owed, since)}`]);
  return explainedBy('forgotten', [
    `It was read, but the inbox has forgotten how it ended: it remembers for ${daysOf(inboxRetention)}.`,
    missing(searched, owed, since),
  ]);
}

/** What is to be said beside the answer: that the inbox has forgotten it, that it was a letter before, that it came twice. */
function withHistory(told: Explained, { record }: Findings, { outcome, letter }: Answered): Explained {
  const more: string[] = [];
  if (outcome === undefined && told.state !== 'forgotten') {
    more.push('The inbox has forgotten it; its answer in Kafka tells how it ended.');
  }
  if (record?.repeats === true) {
    more.push('The record itself is not read yet. It repeats a message that was decided before, and will be skipped.');
  }
  if (letter !== undefined) {
    const { letterId, reason, state, resolution } = letter;
    const note = resolution?.note === null || resolution === null ? '' : `, ${resolution.note}`;
    more.push(`It was dead letter ${letterId} before (${reason}), ${state}${note}.`);
  }
  return { ...told, says: [...told.says, ...more], letter: letter ?? null };
}

function eventsSentence(searched: Searched | undefined, owed: readonly number[], since: number): string {
  const { answers = [], count } = searched ?? {};
  if (count !== undefined && answers.length === count) {
    return count === 1 ? 'Its event is in Kafka.' : `Its ${count} events are in Kafka.`;
  }
  const of = count === undefined ? '' : `${answers.length} of its ${count} events were found. `;
  return of + missing(searched, owed, since);
}

/** Why answers were not found, which come around this time. */
function missing(searched: Searched | undefined, owed: readonly number[], since: number): string {
  const { answers = [], read = 0, isCutOff = false } = searched ?? {};
  const found = new Set(answers.map(({ index }) => index));
  const due = owed.filter((index) => !found.has(index)).length;
  if (due > 0) {
    return `${due === 1 ? 'An answer is' : `${due} answers are`} owed to Kafka: the outbox has what a worker, or the relay of any, is to publish.`;
  }
  if (isCutOff) {
    const what = found.size === 0 ? 'Its answers, if it has had any, are' : 'The rest is';
    return `${what} gone: of the time around ${timeText(since)}, the topic's retention has deleted records.`;
  }
  return found.size === 0
    ? `No answer to it was found among the ${read} records around ${timeText(since)}: what changes nothing has no event.`
    : `The rest was not found among the ${read} records around ${timeText(since)}.`;
}

function rejectionIn(searched: Searched | undefined): Explained['rejection'] {
  const data = searched?.answers.find(({ type }) => type === 'licensing.rejections.CommandRejected')?.data;
  if (data === undefined) return null;
  const { code, message, field } = data;
  return { code: String(code), message: String(message), field: typeof field === 'string' ? field : null };
}

function deadSentences(letter: LetterSummary | undefined): readonly string[] {
  if (letter === undefined) {
    return ['It became a dead letter, which was resolved without an effect, and is forgotten since.'];
  }
  const { letterId, reason, state, message, resolution, parks } = letter;
  const what = `Dead letter ${letterId}, ${reason}: ${message}`;
  if (state === 'discarded') {
    const by = resolution?.by === null || resolution === null ? '' : ` by ${resolution.by}`;
    const why = resolution?.note === null || resolution === null ? '' : `: ${resolution.note}`;
    const again = parks ? 'Under its id it can not be sent again' : 'Its producer may send it again under its id';
    return [what, `It was given up${by}${why}. It has had no effect. ${again}.`];
  }
  const { meaning, remedy } = REASONS[reason];
  return [what, `${reason} means that ${meaning}.`, `What to do: ${remedy}.`];
}

function supersededSentence({ letter, by }: Extract<Fate, { readonly what: 'superseded' }>): string {
  const { letterId, reason, resolution } = letter;
  const note = resolution?.note ?? 'sent again';
  const end = by === undefined ? 'how that one ended is forgotten' : `that one is ${by}`;
  return `It became dead letter ${letterId} (${reason}), and was ${note}: ${end}.`;
}

function undecidedSentences({ messages, before }: Unread, place = '', inboxRetention: number): readonly string[] {
  if (before !== null) {
    const wait =
      before === 0 ? 'it is the next' : `${before} ${before === 1 ? 'message comes' : 'messages come'} before it`;
    return [`Not decided yet: ${wait} in ${place}.`];
  }
  if (messages > 0) {
    return [
      `Not decided, as far as is remembered. ${messages === 1 ? 'One message is' : `${messages} messages are`} unread, and it may be among them.`,
      'With --position it is told exactly.',
    ];
  }
  return [
    `Nothing is known of it, and no message is unread: it was not sent here under this source and id, or longer than ${daysOf(inboxRetention)} ago, and is forgotten.`,
  ];
}

function daysOf(milliseconds: number): string {
  const days = milliseconds / 86_400_000;
  return days >= 2 ? `${Math.round(days)} days` : `${Math.round(milliseconds / 1_000)} s`;
}

function explainedBy(
  state: ExplainedState,
  says: readonly string[],
  { rejection = null, letter = null }: Partial<Pick<Explained, 'rejection' | 'letter'>> = {},
): Explained {
  return { state, says, rejection, letter };
}
