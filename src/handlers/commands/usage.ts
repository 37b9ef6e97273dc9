import {
  parseAddStatisticRow,
  parseCorrectStatisticRow,
  type AddStatisticRow,
  type CorrectStatisticRow,
} from '../../domain/commands.ts';
import { correctStatisticRow } from '../../domain/correction.ts';
import type { DomainEvent } from '../../domain/events.ts';
import { addStatisticRow } from '../../domain/usage.ts';
import type { CommandHandler } from '../../ports/handlers.ts';
import type { Loads, UsageUnitOfWork } from '../../ports/unit-of-work.ts';
import { Windowed } from '../windowed.ts';
import { foundSubdivision } from './found.ts';

export class AddStatisticRowHandler extends Windowed implements CommandHandler<AddStatisticRow> {
  readonly parse = parseAddStatisticRow;

  declare(command: AddStatisticRow, loads: Loads): void {
    loads.subdivision(command.tenantId, command.subdivisionId);
    loads.statisticRow(command);
  }

  /** Waits for nothing: this one runs for every row that comes in. */
  handle(
    command: AddStatisticRow,
    { subdivisions, statisticRows }: UsageUnitOfWork,
    now: number,
  ): readonly DomainEvent[] {
    const { tenantId, subdivisionId } = command;
    const subdivision = foundSubdivision(subdivisions.declared(tenantId, subdivisionId), tenantId, subdivisionId);
    const { state, row, events } = addStatisticRow(
      subdivision,
      command,
      statisticRows.isThere(command),
      now,
      this.windows,
    );
    subdivisions.update(state);
    statisticRows.add(row);
    return events;
  }
}

export class CorrectStatisticRowHandler extends Windowed implements CommandHandler<CorrectStatisticRow> {
  readonly parse = parseCorrectStatisticRow;

  declare({ tenantId, subdivisionId, statisticRowId }: CorrectStatisticRow, loads: Loads): void {
    loads.subdivision(tenantId, subdivisionId);
    loads.statisticRowId(tenantId, statisticRowId);
  }

  async handle(
    command: CorrectStatisticRow,
    { subdivisions, statisticRows }: UsageUnitOfWork,
    now: number,
  ): Promise<readonly DomainEvent[]> {
    const { tenantId, subdivisionId, statisticRowId } = command;
    const subdivision = foundSubdivision(subdivisions.declared(tenantId, subdivisionId), tenantId, subdivisionId);
    const row = await statisticRows.get(tenantId, statisticRowId);
    const its = row?.subdivisionId === subdivisionId ? row : undefined;
    const corrected = correctStatisticRow(subdivision, command, its, now, this.windows);
    subdivisions.update(corrected.state);
    statisticRows.correct(corrected.row);
    return corrected.events;
  }
}
