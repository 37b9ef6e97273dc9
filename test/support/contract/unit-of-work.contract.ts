import { describeChunks } from './chunks.contract.ts';
import { describeDecidedOffsets } from './decided-offsets.contract.ts';
import { describeEntitlements } from './entitlements.contract.ts';
import { describeErasures } from './erasures.contract.ts';
import { describeLimits } from './limits.contract.ts';
import { describeOutbox } from './outbox.contract.ts';
import { describeParking } from './parking.contract.ts';
import { describeReadings } from './readings.contract.ts';
import { describeRehearsals } from './rehearsals.contract.ts';
import { describeRepositories } from './repositories.contract.ts';
import { describeResends } from './resends.contract.ts';
import { describeRuns } from './runs.contract.ts';
import type { CreateSubject } from './subject.ts';
import { describeTimers } from './timers.contract.ts';
import { describeWarmSubdivisions } from './warm-subdivisions.contract.ts';

/** What every unit of work does; `create` gives one over empty tables. */
export function describeUnitOfWork(name: string, create: CreateSubject): void {
  describe(name, () => {
    describe('repositories', () => describeRepositories(create));
    describe('readings', () => describeReadings(create));
    describe('a chunk', () => describeChunks(create));
    describe('what a chunk may hold', () => describeLimits(create));
    describe('runs', () => describeRuns(create));
    describe('a message that is sent again', () => describeResends(create));
    describe('rehearsals', () => describeRehearsals(create));
    describe('parking', () => describeParking(create));
    describe('erasures', () => describeErasures(create));
    describe('decided offsets', () => describeDecidedOffsets(create));
    describe('subdivisions that a lane has written before', () => describeWarmSubdivisions(create));
    describe('timers', () => describeTimers(create));
    describe('entitlements', () => describeEntitlements(create));
    describe('the outbox', () => describeOutbox(create));
  });
}
