import { randomUUID } from 'node:crypto';
import type { Knex } from 'knex';
import type { Unit } from '../../src/ports/unit-of-work.ts';
import { query } from '../../src/repos/tables/sql.ts';
import { KnexOutboxMaintenance } from '../../src/uow/outbox-maintenance.ts';
import { KnexUnitOfWork } from '../../src/uow/unit-of-work.ts';
import * as a from '../support/builders.ts';
import { inChunks } from '../support/contract/in-chunks.ts';
import { addRows, addSubdivisions, addTenants, addUsers } from '../support/contract/subject.ts';

/** What workers do with a database, without Kafka: a chunk that touches each aggregate, its change, what is owed in both forms, and every kind of cleaning. */
export async function mainJob(db: Knex): Promise<void> {
  const unitOfWork = new KnexUnitOfWork(db, randomUUID);
  await unitOfWork.run([], async (unit) => {
    await addTenants(unit, a.aTenant(1), a.aTenant(2));
    await addSubdivisions(unit, a.aSubdivision(1, a.licensed(a.anActiveLicense(1), a.aLicense(2))));
    await addUsers(unit, a.aUser(1, { tenantId: a.tenantId(1) }));
    await addRows(unit, a.aRow(1));
    unit.outbox.add({
      topic: 'events',
      key: Buffer.from('key'),
      value: Buffer.from('value'),
      headers: Buffer.from('{}'),
    });
  });
  await unitOfWork.run([], async ({ tenants }) => {
    const tenant = await tenants.get(a.tenantId(1));
    if (tenant !== undefined) tenants.update({ ...tenant, phone: '112', version: tenant.version + 1 });
  });
  const owing = async ({ outbox }: Unit): Promise<void> => outbox.add(a.anEvent('key', 'in a chunk'));
  await inChunks(unitOfWork).run([], owing, new a.TestLane(1));
  const maintenance = new KnexOutboxMaintenance(db);
  for (const owed of [1, 1, 0]) expect(await maintenance.relay(0, 10, async () => undefined)).toBe(owed);
  await maintenance.forget(0);
  await maintenance.pruneInbox(0, 10);
  await maintenance.removeOrphanedRows(10);
  await maintenance.pruneDeadLetters(0, 10);
  await maintenance.forgetFreedKeys();
  const counts = `SELECT (SELECT count(*) FROM tenants WHERE version = 2) AS changed, (SELECT count(*) FROM statistic_rows) AS rows,
    (SELECT count(*) FROM outbox) + (SELECT count(*) FROM outbox_chunks) AS owed`;
  expect(await query(db, counts, [])).toEqual([{ changed: 1, rows: 1, owed: 0 }]);
}
