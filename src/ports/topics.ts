/** The names of the topics, as they are configured. */
export interface Topics {
  readonly commands: string;
  readonly users: string;
  readonly events: string;
  readonly rejections: string;
  readonly userLookUps: string;
  /** compacted; never given more partitions, or the last record of a key would stay in the old one for ever */
  readonly entitlements: string;
}

export function dlqOf(topic: string): string {
  return `${topic}.dlq`;
}

/** The topics that the worker reads. */
export function sourcesOf({ commands, users, userLookUps }: Topics): readonly string[] {
  return [commands, users, userLookUps];
}

/** How the topics are, against what the worker needs of them. A sentence each. */
export interface TopicReport {
  /** What keeps the worker from working. */
  readonly faults: readonly string[];
  /** What the worker works with all the same. */
  readonly advice: readonly string[];
  /** What the broker does not tell, and the worker takes to be as it has to be. */
  readonly assumed: readonly string[];
}

export interface TopicCheck {
  check(): Promise<TopicReport>;
  /** What the worker may not do with the topics and has to, a sentence each. */
  lackingRights(): Promise<readonly string[]>;
}
