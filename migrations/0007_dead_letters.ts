import type { Knex } from 'knex';

/** The truth about dead letters; the DLQ topics are its outlet. `value`, `key` and `headers` are the original bytes. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE dead_letters (
      letter_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      topic text NOT NULL,
      partition integer NOT NULL,
      "offset" bigint NOT NULL,
      "timestamp" timestamptz NOT NULL,
      source text NOT NULL,
      message_id text NOT NULL,
      identity uuid NOT NULL,
      key bytea,
      headers bytea NOT NULL,
      value bytea,
      reason text NOT NULL CHECK (reason IN ('UndecodableMessage', 'UnknownType', 'IdReused', 'HandlerFailed', 'FlushFailed',
        'ParkedBehind', 'MalformedAnswer', 'TooLarge')),
      message text NOT NULL,
      exception text NOT NULL,
      state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'replayed', 'discarded')),
      created_at timestamptz NOT NULL,
      CONSTRAINT dead_letters_position UNIQUE (topic, partition, "offset", "timestamp")
    )`);
  await knex.raw("CREATE INDEX dead_letters_open ON dead_letters (reason, letter_id) WHERE state = 'open'");
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP TABLE dead_letters');
}
