/** The names of the topics; which is which is decided by configuration, what goes where by this. */
export interface Topics {
  readonly commands: string;
  readonly users: string;
  readonly events: string;
  readonly rejections: string;
  readonly userLookUps: string;
}

export function dlqOf(topic: string): string {
  return `${topic}.dlq`;
}

/** The topics that are read. */
export function sourcesOf({ commands, users, userLookUps }: Topics): readonly string[] {
  return [commands, users, userLookUps];
}
