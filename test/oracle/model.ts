import { header, type WireRecord } from '../support/collect.ts';
import type { CommandShortName } from '../support/load.ts';
import { Fields, Refused } from './fields.ts';
import { digestOf, eventId, identityOf, positionOf, traceparentOf, type Identity } from './identity.ts';
import { LICENSE_RULES } from './rules-license.ts';
import { OLDER_RULES } from './rules-older.ts';
import { INTERNAL_RULES, SUBDIVISION_RULES, type Rule } from './rules-subdivision.ts';
import { fillIn, OUTSIDE_RULES, TENANT_RULES, type Profile } from './rules-tenant.ts';
import { USAGE_RULES } from './rules-usage.ts';
import { State, type Happening } from './state.ts';

export interface ExpectedEvent extends Happening {
  readonly id: string;
  readonly cause: Cause;
  readonly answer: Answer | undefined;
}

/** Which of how many events and rejections of its cause it is. A worker of the version before time does not tell. */
interface Answer {
  readonly index: number;
  readonly count: number;
}

/** The part of an answer that names the message it answers. */
interface Cause {
  readonly record: WireRecord;
  readonly id: string;
  /** '' for none. */
  readonly source: string;
  readonly correlationId: string | null;
  readonly traceparent: string | null;
}

export interface ExpectedRejection {
  readonly id: string;
  readonly cause: Cause;
  readonly answer: Answer | undefined;
  readonly subject: string;
  /** Without the sentence in `message`. */
  readonly data: Readonly<Record<string, string | number | null>>;
}

export interface ExpectedLetter {
  readonly record: WireRecord;
  readonly identity: Identity;
  readonly reason: string;
  readonly state: LetterState;
  /** The tenant and the user that the message names, as far as it can be read; sorted. */
  readonly keys: readonly string[];
}

type LetterState = 'open' | 'replayed' | 'discarded' | 'superseded';

/** What came of a message that was set aside: by a fault of the worker, or because it waited behind such a message. */
export interface SetAside {
  readonly reason: string;
  readonly state: LetterState;
}

export interface InboxRow {
  readonly outcome: 'accepted' | 'rejected' | 'dead';
  readonly digest: string;
}

/** How one message ended. A `skipped` one leaves no trace. */
export type Ending = InboxRow['outcome'] | 'duplicate' | 'skipped';

export interface ModelOptions {
  readonly topics: { readonly commands: string; readonly users: string; readonly userLookUps: string };
  /** `ce_source` of what the worker publishes: EVENT_SOURCE. */
  readonly source?: string;
  /** What the user domain answers: a profile, undefined for 404, 'malformed'. Left out: there is no user domain. */
  readonly userDomain?: ((userId: string) => Profile | undefined | 'malformed') | undefined;
  /**
   * What came of a message that was set aside; undefined for all others. A replayed one takes effect at its place among the messages of
   * its tenant or user, as if it had never failed.
   */
  readonly setAside?: ((record: WireRecord) => SetAside | undefined) | undefined;
  /** Whether a message's events are larger than their topic takes, which only the test that sends it knows. */
  readonly tooLarge?: ((record: WireRecord) => boolean) | undefined;
  /** No message was decided after this time, so a record with a later timestamp was dated ahead. Milliseconds since the epoch. */
  readonly now: () => number;
  /** The time at which the message with this answer was decided, as its first answer tells; undefined without an answer. */
  readonly decidedAt: (answerId: string) => number | undefined;
  /** Whether a worker of the version before time has decided the message with this answer. Default: none has. */
  readonly isOlder?: (answerId: string) => boolean;
}

const RULES: Readonly<Record<CommandShortName, Rule>> = {
  ...{ ...TENANT_RULES, ...SUBDIVISION_RULES, ...LICENSE_RULES, ...USAGE_RULES },
};
const COMMAND_RULES: Readonly<Record<string, Rule>> = RULES;
const ADVANCE = 'licensing.internal.AdvanceSubdivision';

/**
 * Handles a list of messages by the contract. It shares no code with the worker. It takes a message's time from the answers that it judges
 * only where the record has no timestamp, or one that lay ahead: nothing else tells when the transaction began.
 */
export class Model {
  readonly state = new State();
  readonly events: ExpectedEvent[] = [];
  readonly rejections: ExpectedRejection[] = [];
  readonly letters: ExpectedLetter[] = [];
  readonly inbox = new Map<string, InboxRow>();
  /** By id, the look-ups that may be asked for: each follows from a UserCreated without a profile. */
  readonly lookUps = new Map<string, { readonly userId: string; readonly cause: Cause }>();
  readonly endings = new Map<Ending, number>();
  private readonly options: ModelOptions;

  constructor(options: ModelOptions) {
    this.options = options;
  }

  /** Handles the next message; to be called in the order in which messages take effect. */
  apply(record: WireRecord): Ending {
    const ending = this.ending(record);
    this.endings.set(ending, (this.endings.get(ending) ?? 0) + 1);
    return ending;
  }

  private ending(record: WireRecord): Ending {
    const { topics, userDomain } = this.options;
    const type = record.decoded?.type;
    const ours = this.ruleOf(record) !== undefined;
    if (record.topic === topics.users && type !== undefined && !ours) return 'skipped';
    if (record.topic === topics.userLookUps && ours && userDomain === undefined) return 'skipped';
    const identity = identityOf(record);
    const digest = digestOf(record.value);
    const seen = this.inbox.get(identity.hash);
    if (seen !== undefined && !this.supersedes(seen, identity)) {
      if (seen.digest === digest) return 'duplicate';
      this.letters.push({
        record,
        identity: positionOf(record),
        reason: 'IdReused',
        state: 'open',
        keys: this.keysOf(record),
      });
      return 'dead';
    }
    const outcome = this.first(record, identity);
    this.inbox.set(identity.hash, { outcome, digest });
    return outcome;
  }

  /**
   * Handles a message that was sent again: all that came of its identity is a letter that parks nothing, and it stands at another place.
   * Open letters of the identity are resolved.
   */
  private supersedes({ outcome }: InboxRow, { hash }: Identity): boolean {
    const before = [...this.letters.entries()].filter(([, { identity }]) => identity.hash === hash);
    if (outcome !== 'dead' || before.some(([, { reason }]) => PARKING.has(reason))) return false;
    for (const [i, letter] of before) {
      if (letter.state === 'open') this.letters[i] = { ...letter, state: 'superseded' };
    }
    return true;
  }

  private first(record: WireRecord, identity: Identity): InboxRow['outcome'] {
    const { decoded } = record;
    const rule = this.ruleOf(record);
    const bury = (reason: string, state: LetterState = 'open'): 'dead' => {
      this.letters.push({ record, identity, reason, state, keys: this.keysOf(record) });
      return 'dead';
    };
    const aside = this.options.setAside?.(record);
    if (aside !== undefined) bury(aside.reason, aside.state);
    if (aside !== undefined && aside.state !== 'replayed') return 'dead';
    if (decoded === undefined) return bury('UndecodableMessage');
    if (rule === undefined) return bury('UnknownType');
    if (this.options.tooLarge?.(record) === true) return bury('TooLarge');
    const cause: Cause = {
      record,
      id: identity.id,
      source: identity.source,
      correlationId: header(record, 'ce_correlationid') ?? null,
      traceparent: traceparentOf(record, this.isOlder(identity)),
    };
    const now = this.timeOf(record, identity);
    const older = this.isOlder(identity) ? OLDER_RULES[nameIn(decoded.type, 'licensing.commands.')] : undefined;
    try {
      this.tell((older ?? rule)(this.state, new Fields(decoded.data), now), identity, cause);
      return 'accepted';
    } catch (error) {
      if (error === MALFORMED_ANSWER) return bury('MalformedAnswer');
      if (!(error instanceof Refused)) throw error;
      // An event of the user domain is no command, so nobody gets a rejection.
      if (record.topic !== this.options.topics.commands) return bury('UndecodableMessage');
      this.reject(error, identity, cause, now);
      return 'rejected';
    }
  }

  /** The message's own time, which does not depend on who handles it or when. */
  private timeOf({ timestamp, decoded }: WireRecord, identity: Identity): number {
    const own = decoded?.type === ADVANCE ? Number(decoded.data['upTo']) : timestamp;
    const isItsOwn = own >= YEAR_2001 && own <= this.options.now();
    return isItsOwn ? own : (this.options.decidedAt(eventId(identity, 0)) ?? Number.NaN);
  }

  /** The tenant and the user that a message of ours names, in lower case, as far as they are UUIDs. */
  private keysOf(record: WireRecord): readonly string[] {
    if (this.ruleOf(record) === undefined) return [];
    const { tenantId, userId } = record.decoded?.data ?? {};
    const named = [tenantId, userId].flatMap((id) => (typeof id === 'string' ? id.toLowerCase() : []));
    return [...new Set(named.filter((id) => UUID.test(id)))].sort();
  }

  private ruleOf({ topic, decoded }: WireRecord): Rule | undefined {
    const { topics, userDomain } = this.options;
    const name = (prefix: string): string => nameIn(decoded?.type ?? '', prefix);
    if (topic === topics.users) return OUTSIDE_RULES[name('users.events.')];
    if (topic === topics.commands && decoded?.type === ADVANCE) return INTERNAL_RULES.AdvanceSubdivision;
    if (topic === topics.commands) return COMMAND_RULES[name('licensing.commands.')];
    if (decoded?.type !== 'licensing.internal.LookUpUser') return undefined;
    return (state, fields, now) => {
      const userId = fields.id('userId');
      const answer = userDomain?.(userId);
      if (answer === 'malformed') {
        state.lookUps.delete(userId);
        throw MALFORMED_ANSWER;
      }
      return fillIn(state, userId, answer, now);
    };
  }

  private isOlder(identity: Identity): boolean {
    return this.options.isOlder?.(eventId(identity, 0)) === true;
  }

  private tell(happenings: readonly Happening[], identity: Identity, cause: Cause): void {
    for (const [index, happening] of happenings.entries()) {
      const answer = this.isOlder(identity) ? undefined : { index, count: happenings.length };
      const event = { ...happening, id: eventId(identity, index), cause, answer };
      this.events.push(event);
      if (event.type === 'licensing.events.UserCreated') this.lookUp(event);
    }
  }

  private lookUp({ id, cause, subject, data }: ExpectedEvent): void {
    if (this.state.users.get(subject)?.hasProfile !== false) return;
    this.lookUps.set(id, { userId: subject, cause });
    this.state.lookUps.set(subject, {
      ...{ userId: subject, causeId: id, correlationId: cause.correlationId ?? cause.id },
      ...{ traceparent: cause.traceparent, requestedAt: Number(data['occurredAt']) },
    });
  }

  private reject({ code, field }: Refused, identity: Identity, cause: Cause, now: number): void {
    const { type = '', data = {} } = cause.record.decoded ?? {};
    const named = (name: string): string | null => {
      const value = data[name];
      return typeof value === 'string' ? value.toLowerCase() : null;
    };
    const aggregateId = named('subdivisionId') ?? named('tenantId') ?? named('userId');
    this.rejections.push({
      id: eventId(identity, 0),
      cause,
      answer: this.isOlder(identity) ? undefined : { index: 0, count: 1 },
      subject: aggregateId ?? identity.id,
      data: {
        ...{ commandId: identity.id, commandSource: identity.source, commandType: type, code, field },
        ...{ tenantId: named('tenantId'), aggregateId, correlationId: cause.correlationId },
        rejectedAt: now,
      },
    });
  }
}

/** What follows the prefix of a type; '' for one without it. */
function nameIn(type: string, prefix: string): string {
  return type.startsWith(prefix) ? type.slice(prefix.length) : '';
}

const YEAR_2001 = Date.UTC(2001, 0, 1);
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** The reasons whose letters keep later messages of the same key waiting. */
const PARKING = new Set(['HandlerFailed', 'FlushFailed', 'ParkedBehind']);
const MALFORMED_ANSWER = new Error('the user domain answers, but not with a profile');
