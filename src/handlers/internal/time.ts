import type { DomainEvent } from '../../domain/events.ts';
import { isUuid, storedId, type SubdivisionId, type TenantId } from '../../domain/ids.ts';
import { InvalidOutsideEvent } from '../../domain/rejection.ts';
import { advance } from '../../domain/time.ts';
import type { AdvanceSubdivision as RawAdvanceSubdivision } from '../../generated/messages.ts';
import type { MessageHandler } from '../../ports/handlers.ts';
import type { SubdivisionKey } from '../../ports/repositories.ts';
import type { Loads, TimerUnitOfWork } from '../../ports/unit-of-work.ts';
import { Windowed } from '../windowed.ts';

export interface AdvanceSubdivision extends SubdivisionKey {
  readonly upTo: number;
}

/**
 * Applies what is due in a subdivision, when a timer of it says so. Nothing due is an end too, and so is a subdivision that is not there any
 * more: another message was first. Either way the timer is written anew, or it would send for ever.
 */
export class AdvanceSubdivisionHandler
  extends Windowed
  implements MessageHandler<RawAdvanceSubdivision, AdvanceSubdivision>
{
  /** @throws InvalidOutsideEvent when it was not a timer that wrote this */
  parse({ tenantId, subdivisionId, upTo }: RawAdvanceSubdivision): AdvanceSubdivision {
    return {
      tenantId: storedId<TenantId>(uuid(tenantId, 'tenantId')),
      subdivisionId: storedId<SubdivisionId>(uuid(subdivisionId, 'subdivisionId')),
      upTo,
    };
  }

  time({ upTo }: AdvanceSubdivision): number {
    return upTo;
  }

  declare({ tenantId, subdivisionId }: AdvanceSubdivision, loads: Loads): void {
    loads.subdivision(tenantId, subdivisionId);
  }

  handle(
    { tenantId, subdivisionId }: AdvanceSubdivision,
    { subdivisions, timers }: TimerUnitOfWork,
    now: number,
  ): readonly DomainEvent[] {
    timers.rewrite({ tenantId, subdivisionId });
    const subdivision = subdivisions.declared(tenantId, subdivisionId);
    const change = subdivision && advance(subdivision, now, this.windows);
    if (change === undefined) return [];
    subdivisions.update(change.state);
    return change.events;
  }
}

function uuid(text: string, field: string): string {
  if (isUuid(text)) return text;
  throw new InvalidOutsideEvent(`The field ${field} must be a UUID.`, field);
}
