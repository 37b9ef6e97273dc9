import { StaleRead } from '../../../src/ports/errors.ts';
import * as a from '../builders.ts';
import {
  addSubdivisions,
  changeTenant,
  givenSubdivision,
  reading,
  type CreateSubject,
  type Subject,
} from './subject.ts';

const TENANT = a.tenantId(1);
const WITHOUT_NAME = a.aSubdivision(2, { name: '' });
/** Only at the COMMIT it is checked that this license is active. */
const WITH_ANOTHER_ACTIVE_LICENSE = a.aSubdivision(2, {
  licenses: [a.aLicense(2)],
  activeLicenseId: a.licenseId(2),
  workStatus: 'active',
});

export function describeRehearsals(create: CreateSubject): void {
  let subject: Subject;

  beforeEach(async () => {
    subject = await create();
    await givenSubdivision(subject, a.aLicense(1));
  });

  describe('a run that undoes itself', () => {
    it('tells how it would have ended, and leaves nothing', async () => {
      const message = a.aMessage(1);
      const rehearsal = await subject.unitOfWork.run(
        [message],
        async (unit) => {
          await changeTenant(unit, TENANT, { name: 'Changed' });
          unit.outbox.add(a.anEvent(TENANT, 'never'));
          unit.deadLetters.add(a.aDeadLetter(1));
          unit.settle(message, 'accepted');
          unit.undo();
          return 'done';
        },
        new a.TestLane(1),
      );
      expect(rehearsal).toEqual({ value: 'done', outbox: [] });
      expect(await subject.outbox()).toEqual([]);
      expect(await subject.deadLetters()).toEqual([]);
      await subject.unitOfWork.run([message], async (unit) => {
        expect(unit.seen(message)).toBeUndefined();
        expect(await unit.tenants.get(TENANT)).toEqual(a.aTenant(1));
      });
    });

    it.each([
      ['its flush', WITHOUT_NAME],
      ['its end', WITH_ANOTHER_ACTIVE_LICENSE],
    ])('is refused what the database refuses at %s', async (_, subdivision) => {
      const rehearsal = subject.unitOfWork.run([], async (unit) => {
        await addSubdivisions(unit, subdivision);
        unit.undo();
      });
      await expect(rehearsal).rejects.toThrow(StaleRead);
      expect(await reading(subject, ({ subdivisions }) => subdivisions.list(TENANT, { limit: 9 }))).toHaveLength(1);
    });
  });
}
