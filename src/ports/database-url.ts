/** A server that a URL names. */
export interface DatabaseHost {
  /** A name or an address; the folder of its socket when it begins with a slash. */
  readonly host: string;
  /** Where `host` is (libpq's `hostaddr`), so that its name is not looked up. The certificate is still checked against the name. */
  readonly address: string | undefined;
  readonly port: number | undefined;
}

/** A connection URI of libpq, taken apart. Source: PostgreSQL 18, "Connection URIs". */
export interface DatabaseUrl {
  /** In the order in which they are tried; none when the URL names none. */
  readonly hosts: readonly DatabaseHost[];
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly database: string | undefined;
  /** The others, by libpq's names. */
  readonly parameters: Readonly<Record<string, string>>;
}
