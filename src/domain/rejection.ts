/** Why a command was refused: the codes of the contract, and `UserDeleted`, an addition of ours. */
export type RejectionCode =
  | 'InvalidCommand'
  | 'TenantAlreadyExists'
  | 'TenantNameTaken'
  | 'UserBelongsToAnotherTenant'
  | 'TenantNotFound'
  | 'SubdivisionAlreadyExists'
  | 'SubdivisionNotFound'
  | 'LicenseAlreadyExists'
  | 'LicenseNotFound'
  | 'LicenseAlreadyActive'
  | 'LicenseAlreadyScheduled'
  | 'SubdivisionHasActiveLicense'
  | 'LicenseInactive'
  | 'LicenseExpired'
  | 'LicenseExhausted'
  | 'LicenseChanged'
  | 'ExpiryNotLater'
  | 'LimitBelowUsage'
  | 'SubdivisionInactive'
  | 'StatisticRowInFuture'
  | 'StatisticRowAlreadyExists'
  | 'StatisticRowNotFound'
  | 'CorrectionWindowClosed'
  | 'UserAlreadyExists'
  /** CreateTenant for a user that was deleted; checked last. */
  | 'UserDeleted';

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
