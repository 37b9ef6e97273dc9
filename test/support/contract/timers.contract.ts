import { timesOf } from '../../../src/domain/due.ts';
import type { License } from '../../../src/domain/license.ts';
import * as a from '../builders.ts';
import { attempt, changeSubdivision, givenSubdivision, type CreateSubject, type Subject } from './subject.ts';

const KEY = { tenantId: a.tenantId(1), subdivisionId: a.subdivisionId(1) };
const MINUTE = 60_000;

/** An active license that expires so long after NOW. */
function expiring(after: number): License {
  return a.anActiveLicense(1, { type: 'bytime', requestsLimit: null, expiresAt: a.NOW + after });
}

/** What of the subdivision follows from this license. */
function withLicense(license: License) {
  return { ...a.licensed(license), due: timesOf([license]).due };
}

/** The subdivision's timer, not sent for. */
function dueIn(after: number) {
  return { ...KEY, due: { at: a.NOW + after, isNotice: false }, isQueued: false };
}

export function describeTimers(create: CreateSubject): void {
  let subject: Subject;
  beforeEach(async () => {
    subject = await create();
  });

  async function change(to: Parameters<typeof changeSubdivision>[2]): Promise<void> {
    await subject.unitOfWork.run([], (unit) => changeSubdivision(unit, KEY, to));
  }

  it('are there where something is due, and nowhere else', async () => {
    await givenSubdivision(subject, expiring(MINUTE));
    await subject.unitOfWork.run([], async ({ subdivisions }) => {
      await subdivisions.get(KEY.tenantId, a.subdivisionId(2));
      subdivisions.add(a.aSubdivision(2));
    });
    expect(await subject.timers()).toEqual([dueIn(MINUTE)]);
  });

  it('follow what is due next, and are to be sent for anew then', async () => {
    await givenSubdivision(subject, expiring(MINUTE));
    await subject.queueTimers();
    await change(withLicense(expiring(2 * MINUTE)));
    expect(await subject.timers()).toEqual([dueIn(2 * MINUTE)]);
  });

  it('are told from those of the same time that are mere notices', async () => {
    await givenSubdivision(subject, expiring(MINUTE));
    await subject.queueTimers();
    await change({ due: { at: a.NOW + MINUTE, isNotice: true } });
    expect(await subject.timers()).toEqual([{ ...KEY, due: { at: a.NOW + MINUTE, isNotice: true }, isQueued: false }]);
  });

  it('are not touched while the same is due', async () => {
    await givenSubdivision(subject, expiring(MINUTE));
    await subject.queueTimers();
    await change({ ...withLicense({ ...expiring(MINUTE), usedRequests: 7 }), location: 'Moved' });
    expect(await subject.timers()).toEqual([{ ...dueIn(MINUTE), isQueued: true }]);
  });

  it('go with what was due, and with the subdivision', async () => {
    await givenSubdivision(subject, expiring(MINUTE));
    await change(withLicense(a.aLicense(1)));
    expect(await subject.timers()).toEqual([]);
    await change(withLicense(expiring(MINUTE)));
    expect(await subject.timers()).toHaveLength(1);
    await subject.unitOfWork.run([], async ({ subdivisions }) => {
      await subdivisions.get(KEY.tenantId, KEY.subdivisionId);
      subdivisions.remove(KEY.tenantId, KEY.subdivisionId, { version: 9 });
    });
    expect(await subject.timers()).toEqual([]);
  });

  describe('that are rewritten', () => {
    async function rewrite(): Promise<void> {
      await subject.unitOfWork.run([], async ({ subdivisions, timers }) => {
        await subdivisions.get(KEY.tenantId, KEY.subdivisionId);
        timers.rewrite(KEY);
      });
    }

    it('are to be sent for anew, though nothing has changed', async () => {
      await givenSubdivision(subject, expiring(MINUTE));
      await subject.queueTimers();
      await rewrite();
      expect(await subject.timers()).toEqual([dueIn(MINUTE)]);
    });

    it('are what is due, whatever somebody else has put there', async () => {
      await subject.putTimer(KEY, { at: a.NOW, isNotice: false });
      await rewrite();
      expect(await subject.timers()).toEqual([]);
      await givenSubdivision(subject);
      await subject.putTimer(KEY, { at: a.NOW, isNotice: true });
      await rewrite();
      expect(await subject.timers()).toEqual([]);
    });

    it('follow what the same unit changes', async () => {
      await givenSubdivision(subject, expiring(MINUTE));
      await subject.unitOfWork.run([], async (unit) => {
        unit.timers.rewrite(KEY);
        await changeSubdivision(unit, KEY, withLicense(expiring(3 * MINUTE)));
      });
      expect(await subject.timers()).toEqual([dueIn(3 * MINUTE)]);
    });

    it('stay as they are when the message that asked for it fails', async () => {
      await givenSubdivision(subject, expiring(MINUTE));
      await subject.queueTimers();
      await subject.unitOfWork.run([], async (unit) => {
        await unit.subdivisions.get(KEY.tenantId, KEY.subdivisionId);
        const failing = attempt(unit, async () => {
          unit.timers.rewrite(KEY);
          throw new Error('it fails');
        });
        await expect(failing).rejects.toThrow('it fails');
      });
      expect(await subject.timers()).toEqual([{ ...dueIn(MINUTE), isQueued: true }]);
    });
  });
}
