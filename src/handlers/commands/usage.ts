import { parseAddStatisticRow, type AddStatisticRow } from '../../domain/commands.ts';
import type { DomainEvent } from '../../domain/events.ts';
import { addStatisticRow, type UsageWindows } from '../../domain/usage.ts';
import type { CommandHandler, HandlerDependencies } from '../../ports/handlers.ts';
import type { Loads, UsageUnitOfWork } from '../../ports/unit-of-work.ts';
import { foundSubdivision } from './found.ts';

export class AddStatisticRowHandler implements CommandHandler<AddStatisticRow> {
  readonly parse = parseAddStatisticRow;
  private readonly windows: UsageWindows;

  constructor({ usageWindows }: Pick<HandlerDependencies, 'usageWindows'>) {
    this.windows = usageWindows;
  }

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
