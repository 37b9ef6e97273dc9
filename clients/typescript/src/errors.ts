/** The data does not fit the command's schema, or the id was used for another command. Nothing was sent. */
export class InvalidCommandData extends TypeError {
  override readonly name = 'InvalidCommandData';
}

/** Kafka or the registry was out of reach until the deadline, or refuses for good. Nothing was sent; `cause` says why. */
export class NotSent extends Error {
  override readonly name = 'NotSent';
}

/** The registry could not be asked. It may answer later. */
export class RegistryUnavailable extends Error {
  override readonly name = 'RegistryUnavailable';
}

/** The registry does not know the schema or subject, or refuses to tell. */
export class RegistryRefused extends Error {
  override readonly name = 'RegistryRefused';
}

/** A record that can't be read. It is passed over. */
export class UnreadableRecord extends Error {
  override readonly name = 'UnreadableRecord';
}

/** `close` was called. */
export class Closed extends Error {
  override readonly name = 'Closed';
}
