import type { Subdivision } from '../../../src/domain/subdivision.ts';
import { TooMuchAtOnce } from '../../../src/ports/errors.ts';
import type { Loads } from '../../../src/ports/unit-of-work.ts';
import * as a from '../builders.ts';
import { addSubdivisions, givenSubdivision, there, type CreateSubject, type Subject } from './subject.ts';

const TENANT = a.tenantId(1);

export function describeLimits(create: CreateSubject): void {
  let subject: Subject;

  beforeEach(async () => {
    subject = await create();
  });

  it('thousands of licenses are loaded for one message, however many, and refused for a chunk that asks for more than it may hold', async () => {
    const licenses = Array.from({ length: 25_001 }, (_, i) => i);
    const [first, second] = [a.aSubdivision(1), a.aSubdivision(2)];
    await givenSubdivision(subject, ...licenses.map((n) => a.aLicense(n)));
    await subject.unitOfWork.run([], async (unit) => {
      const others = licenses.map((n) => a.aLicense(licenses.length + n));
      await addSubdivisions(unit, { ...second, licenses: others });
    });
    const loading = (...loaded: readonly Subdivision[]) => {
      return (loads: Loads): void => loaded.forEach((one) => loads.subdivision(TENANT, one.subdivisionId));
    };
    const messages = [a.aMessage(1, { declare: loading(first) }), a.aMessage(2, { declare: loading(second) })];
    await expect(subject.unitOfWork.run(messages, async () => undefined)).rejects.toThrow(TooMuchAtOnce);
    for (const message of messages) {
      await subject.unitOfWork.run([message], async (unit) => expect(unit.seen(message)).toBeUndefined());
    }
    await subject.unitOfWork.run([a.aMessage(3, { declare: loading(first, second) })], async ({ subdivisions }) => {
      expect(there(await subdivisions.get(TENANT, second.subdivisionId)).licenses).toHaveLength(licenses.length);
    });
    await expect(
      subject.unitOfWork.run(
        [a.aMessage(4), a.aMessage(5, { declare: (loads) => loads.wholeTenant(TENANT) })],
        async () => {
          // It does not come to this.
        },
      ),
    ).rejects.toThrow(TooMuchAtOnce);
  });
}
