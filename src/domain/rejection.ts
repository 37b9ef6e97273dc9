/**
 * What a sender does about an answer. `retry`: the same command can be accepted later. `fix`: it is refused again until somebody changes the
 * command, or what stands in its way. `ignore`: nothing is to be done.
 */
export type Advice = 'retry' | 'fix' | 'ignore';

interface Refusal {
  /** When nothing more is known than the code. */
  readonly advice: Advice;
  /** Why a command is refused so. Markdown, without a full stop. */
  readonly meaning: string;
  /** What its sender does about it. Markdown, without a full stop. */
  readonly remedy: string;
}

/**
 * Why a command is refused: the codes of the contract, and `UserDeleted`, an addition of ours. The table in docs/messages.md
 * (`npm run generate`) goes by this one.
 */
export const REJECTIONS = {
  InvalidCommand: {
    advice: 'fix',
    meaning: 'a field holds what it must not hold, or terms contradict each other; `field` names it',
    remedy: 'mend what made the command',
  },
  TenantAlreadyExists: {
    advice: 'ignore',
    meaning: 'a tenant has this id, or had it once',
    remedy: 'as a rule this is a second try under another `ce_id`. If it is not, choose another id',
  },
  TenantNameTaken: {
    advice: 'fix',
    meaning: 'another living tenant has this name',
    remedy: 'ask for another name',
  },
  UserBelongsToAnotherTenant: {
    advice: 'fix',
    meaning: 'the user who is to create the tenant belongs to one already',
    remedy: 'name another user, or delete the other tenant first',
  },
  UserDeleted: {
    advice: 'fix',
    meaning: 'the user who is to create the tenant was deleted; checked last',
    remedy: 'name another user',
  },
  UserAlreadyExists: {
    advice: 'ignore',
    meaning: 'the user is known, or was deleted',
    remedy: 'nothing: a user is created by events of the user domain, too',
  },
  TenantNotFound: {
    advice: 'retry',
    meaning: 'there is no such tenant, or none any more',
    remedy:
      'its CreateTenant may still be on its way if another service sends it, or one with another partitioner. If it stays so, the id is wrong, or the ' +
      'tenant was deleted: to delete it once more is done',
  },
  SubdivisionAlreadyExists: {
    advice: 'ignore',
    meaning: 'a subdivision of the tenant has this id, or had it once',
    remedy: 'as a rule this is a second try under another `ce_id`. If it is not, choose another id',
  },
  SubdivisionNotFound: {
    advice: 'retry',
    meaning:
      'the tenant has no such subdivision, or none any more; a subdivision of another tenant is not found either',
    remedy: 'as with TenantNotFound; look at `tenantId`, too',
  },
  SubdivisionInactive: {
    advice: 'fix',
    meaning: 'usage comes while no license is active, or the subdivision is suspended',
    remedy:
      'stop serving the subdivision, which [licensing.entitlements.v1](#licensingentitlementsv1) tells in time. Once a license is active or the ' +
      'suspension lifted, the row may be sent again; it counts nothing if it is from before the first activation of that license',
  },
  SubdivisionHasActiveLicense: {
    advice: 'fix',
    meaning: 'another license is active, and the one to be activated would start at once',
    remedy: 'deactivate the other one first, or give this one a `startsAt` at its end',
  },
  LicenseAlreadyExists: {
    advice: 'ignore',
    meaning: 'a license of the tenant has this id, or had it once',
    remedy: 'as a rule this is a second try under another `ce_id`. If it is not, choose another id',
  },
  LicenseNotFound: {
    advice: 'retry',
    meaning: 'the subdivision has no such license, or none any more',
    remedy: 'as with TenantNotFound; look at `subdivisionId`, too',
  },
  LicenseAlreadyActive: {
    advice: 'ignore',
    meaning: 'the license to be activated is active',
    remedy: 'nothing. Of a RenewLicense nothing took effect: send it without `activate`',
  },
  LicenseAlreadyScheduled: {
    advice: 'ignore',
    meaning: 'the license to be activated waits for its `startsAt`',
    remedy: 'nothing. Of a RenewLicense nothing took effect: send it without `activate`',
  },
  LicenseInactive: {
    advice: 'fix',
    meaning:
      'a subdivision without an active license is to be resumed, or a license that neither is active nor waits is to be deactivated',
    remedy:
      'activate a license, which lifts a suspension, too; for DeactivateSubdivisionLicense there is nothing to be done',
  },
  LicenseExpired: {
    advice: 'fix',
    meaning: 'the license to be activated has expired; or a row is dated ahead, beyond an end that is still to come',
    remedy: 'renew the license with a later `expiresAt`, or activate another; see to the clock that dates the rows',
  },
  LicenseExhausted: {
    advice: 'fix',
    meaning: 'the license to be activated is used up',
    remedy: 'renew it with another limit or with `resetUsage`, or activate another',
  },
  LicenseChanged: {
    advice: 'fix',
    meaning: '`expectedTermsVersion` is not the present `termsVersion`: somebody else has changed the license',
    remedy:
      'read the newest event of the license, decide anew, and send the command with the `termsVersion` of that event',
  },
  ExpiryNotLater: {
    advice: 'fix',
    meaning: 'a new `expiresAt` is not later than now or, in a renewal, than the present one',
    remedy: 'give a later one, or in a renewal none, which keeps the present one',
  },
  LimitBelowUsage: {
    advice: 'fix',
    meaning: 'what is used already reaches the new hard limit',
    remedy:
      'give a higher limit, or say what shall happen: `resetUsage` in a renewal, `whenBelowUsage` `exhaust` with new terms',
  },
  StatisticRowInFuture: {
    advice: 'fix',
    meaning: 'a row is dated more than 5 minutes ahead',
    remedy: 'mend the clock that dates the rows; the row itself is accepted once its time has come',
  },
  StatisticRowAlreadyExists: {
    advice: 'ignore',
    meaning: 'the subdivision has a row of this id, or of this `created`',
    remedy:
      'as a rule this is a second try under another `ce_id`. Other usage of the same millisecond takes another `created`; another number for the ' +
      'same row takes a CorrectStatisticRow',
  },
  StatisticRowNotFound: {
    advice: 'retry',
    meaning: 'the subdivision has no such row',
    remedy: 'its AddStatisticRow may still be on its way. If it stays so, that was refused, or the id is wrong',
  },
  CorrectionWindowClosed: {
    advice: 'fix',
    meaning: 'the row is older than `CORRECTION_WINDOW_MS` (35 days)',
    remedy: 'the row stays as it is: settle the difference elsewhere, with the invoice, say',
  },
} as const satisfies Readonly<Record<string, Refusal>>;

export type RejectionCode = keyof typeof REJECTIONS;

/** A command's answer is no. Thrown by the domain and the handlers; it ends as a `CommandRejected`, never as a dead letter. */
export class Rejection extends Error {
  override readonly name = 'Rejection';
  readonly code: RejectionCode;
  /** The faulty field; only of an `InvalidCommand`. */
  readonly field: string | null;

  /** @param message a sentence for a person, naming ids, never repeating what was sent in a faulty field */
  constructor(code: RejectionCode, message: string, field: string | null = null) {
    super(message);
    this.code = code;
    this.field = field;
  }
}

/**
 * An event of the user domain, or a message of our own, says what can't be true or can't be stored. It is no command, so it is dead-lettered,
 * not rejected.
 */
export class InvalidOutsideEvent extends Error {
  override readonly name = 'InvalidOutsideEvent';
  readonly field: string;

  constructor(message: string, field: string) {
    super(message);
    this.field = field;
  }
}
