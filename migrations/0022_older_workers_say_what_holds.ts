import type { Knex } from 'knex';
import { currentSchema } from '../src/repos/tables/schema.ts';

/**
 * What a worker of before 0016 changes: it knows neither `suspended` nor `end_reason`, and leaves them as they are. A subdivision that it makes
 * active is not suspended any more, and a license that it activates was ended by nothing: the database itself sees to it, before the next end
 * or deactivation would make the old words believed. Statements that name neither `work_status` nor `status`, as those that count usage, are not
 * looked at; AFTER triggers, which lock nothing where their conditions are not met.
 *
 * One table at a time, and a step that can begin anew: see 0016.
 */
export const config = { transaction: false };

export async function up(knex: Knex): Promise<void> {
  const schema = await currentSchema(knex);
  for (const [name, { on, of, when, set, key }] of Object.entries(TRIGGERS)) {
    await knex.raw(`
      CREATE OR REPLACE FUNCTION ${schema}.${name}() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        EXECUTE format('UPDATE %I.${on} SET ${set} WHERE tenant_id = $1 AND ${key} = $2', TG_TABLE_SCHEMA) USING NEW.tenant_id, NEW.${key};
        RETURN NULL;
      END $$`);
    await knex.raw(`
      CREATE OR REPLACE TRIGGER ${name} AFTER UPDATE OF ${of} ON ${schema}.${on} FOR EACH ROW
      WHEN (${when}) EXECUTE FUNCTION ${schema}.${name}()`);
  }
  // What was left so before.
  for (const { on, when, set } of Object.values(TRIGGERS)) {
    await knex.raw(`UPDATE ${schema}.${on} SET ${set} WHERE ${when.replaceAll('NEW.', '')}`);
  }
}

export async function down(knex: Knex): Promise<void> {
  const schema = await currentSchema(knex);
  for (const [name, { on }] of Object.entries(TRIGGERS)) {
    await knex.raw(`DROP TRIGGER IF EXISTS ${name} ON ${schema}.${on}`);
    await knex.raw(`DROP FUNCTION IF EXISTS ${schema}.${name}`);
  }
}

const TRIGGERS = {
  subdivisions_suspended_no_more: {
    ...{ on: 'subdivisions', of: 'work_status', key: 'subdivision_id' },
    ...{ when: `NEW.suspended AND NEW.work_status = 'active'`, set: 'suspended = false' },
  },
  licenses_active_again: {
    ...{ on: 'licenses', of: 'status', key: 'license_id' },
    ...{ when: `NEW.end_reason IS NOT NULL AND NEW.status = 'active'`, set: 'end_reason = NULL' },
  },
};
