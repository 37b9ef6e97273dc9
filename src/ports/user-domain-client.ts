/** A user as the user domain describes it. Source: `GET {USER_DOMAIN_URL}/users/{userId}`. */
export interface UserProfile {
  readonly email: string | null;
  readonly tgId: string | null;
  readonly superadmin: boolean;
}

/** The user domain answered with something that is no profile. The look-up becomes a dead letter. */
export class MalformedAnswer extends Error {
  override readonly name = 'MalformedAnswer';
}

export interface UserDomainClient {
  /**
   * Asks until there is an answer, with backoff and a circuit breaker. An outage makes the call wait, but never fail.
   * @returns the profile, or undefined when the user domain does not know the user (404)
   * @throws MalformedAnswer
   */
  lookUp(userId: string, signal: AbortSignal): Promise<UserProfile | undefined>;
}
