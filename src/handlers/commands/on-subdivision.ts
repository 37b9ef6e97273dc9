import type { Raw } from '../../domain/commands.ts';
import type { Windows } from '../../domain/counts.ts';
import type { Change, DomainEvent } from '../../domain/events.ts';
import type { Subdivision } from '../../domain/subdivision.ts';
import type { CommandHandler, HandlerDependencies } from '../../ports/handlers.ts';
import type { SubdivisionKey } from '../../ports/repositories.ts';
import type { Loads, Unit } from '../../ports/unit-of-work.ts';
import { Windowed } from '../windowed.ts';
import { foundSubdivision } from './found.ts';

interface Rule<Command> {
  readonly parse: (raw: Raw<Command>) => Command;
  readonly decide: (subdivision: Subdivision, command: Command, now: number, windows: Windows) => Change<Subdivision>;
}

/**
 * The handler of a command that changes one subdivision and needs to know nothing else: loads it, decides, stores the result.
 * The handler throws Rejection SubdivisionNotFound and what `decide` throws.
 */
export function onSubdivision<Command extends SubdivisionKey>({
  parse,
  decide,
}: Rule<Command>): new (dependencies: Pick<HandlerDependencies, 'windows'>) => CommandHandler<Command> {
  return class extends Windowed implements CommandHandler<Command> {
    parse(raw: Raw<Command>): Command {
      return parse(raw);
    }

    declare({ tenantId, subdivisionId }: Command, loads: Loads): void {
      loads.subdivision(tenantId, subdivisionId);
    }

    handle(command: Command, { subdivisions }: Pick<Unit, 'subdivisions'>, now: number): readonly DomainEvent[] {
      const { tenantId, subdivisionId } = command;
      const subdivision = foundSubdivision(subdivisions.declared(tenantId, subdivisionId), tenantId, subdivisionId);
      const { state, events } = decide(subdivision, command, now, this.windows);
      subdivisions.update(state);
      return events;
    }
  };
}
