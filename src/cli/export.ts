import type { Exported } from '../ports/tenant-exports.ts';
import type { Cradle } from '../container.ts';
import { decoded, headersOf, letterRecord } from './letter-record.ts';
import { openContainer } from './open-container.ts';
import { reachDatabase } from './reachable.ts';
import { configFor } from './settings.ts';
import { NotThere, tenantIn } from './show-call.ts';
import { unreadSignal } from './stop.ts';
import { printPatiently, UsageError, type Call, type Verb } from './verb.ts';

export const exportTenant: Verb = {
  help: `
licensing export TENANT

Prints all that the database holds about a tenant as of one moment, one JSON object a line: subdivisions, licenses, usage, users, and its dead
letters in any state. Each object has a \`kind\`; docs/privacy.md lists them. The last one is \`end\`, with the number of the others: without it the
export is not whole. The tenant is given by id or by name; of a deleted one only the id is known.

  licensing export 018f4e9c-6a3b-7c2d-8e1f-0a1b2c3d4e5f > tenant.ndjson
  licensing export Initech > tenant.ndjson

Exit code 1 when nothing is known of such a tenant.
Needs DATABASE_URL; takes SCHEMA_REGISTRY_URL, with which the messages of letters are decoded.`,
  options: {},

  async run({ positionals, environment }: Call) {
    const [tenant = '', ...more] = positionals;
    if (tenant === '' || more.length > 0)
      throw new UsageError(`expected TENANT, an id or a name; got '${positionals.join(' ')}'`);
    const { cradle } = openContainer(configFor(environment, ['DATABASE_URL']));
    await reachDatabase(cradle);
    try {
      const tenantId = await tenantIn(cradle.looks, tenant);
      const unread = unreadSignal();
      let records = 0;
      for await (const exported of cradle.tenantExports.ofTenant(tenantId)) {
        await printPatiently(JSON.stringify(await recordOf(exported, cradle, environment)));
        if (unread.aborted) return 0;
        records += 1;
      }
      if (records === 0) throw new NotThere(`nothing is known of a tenant ${tenantId}`);
      await printPatiently(JSON.stringify({ kind: 'end', records }));
      return 0;
    } finally {
      await cradle.database.destroy();
    }
  },
};

async function recordOf(exported: Exported, cradle: Cradle, environment: NodeJS.ProcessEnv): Promise<object> {
  if (exported.kind !== 'letter') return { kind: exported.kind, ...exported.row };
  const { kind, letter } = exported;
  const value = await decoded(cradle, environment, letter.value);
  return { kind, ...letterRecord(letter, headersOf(letter, cradle.cloudEvents), value) };
}
