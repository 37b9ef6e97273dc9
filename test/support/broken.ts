import { asClass, asFunction } from 'awilix/browser';
import { replayLetters } from '../../src/cli/dlq-replay.ts';
import { runWorker } from '../../src/cli/worker.ts';
import { readConfig } from '../../src/config.ts';
import { createWorkerContainer, type Cradle } from '../../src/container.ts';
import type { CreateTenant, UpdateTenant } from '../../src/domain/commands.ts';
import type { DomainEvent } from '../../src/domain/events.ts';
import { CreateTenantHandler, UpdateTenantHandler } from '../../src/handlers/commands/tenant.ts';
import type {
  Committed,
  Following,
  OutboxLane,
  Replay,
  TenantUnitOfWork,
  Unit,
  UnitMessage,
} from '../../src/ports/unit-of-work.ts';
import { KnexUnitOfWork } from '../../src/uow/unit-of-work.ts';

// A program with a fault, for tests: `node test/support/broken.ts worker`, or `replay KEY`. CreateTenant and UpdateTenant fail for the
// addresses in BROKEN (separated by commas). With PAUSE=commit or PAUSE=committed it says so before or after its first commit, and stands still.

const BROKEN = (process.env['BROKEN'] ?? '').split(',');
const { PAUSE } = process.env;

class BrokenCreateTenantHandler extends CreateTenantHandler {
  override async handle(command: CreateTenant, unit: TenantUnitOfWork, now: number): Promise<readonly DomainEvent[]> {
    return unlessBroken(command, await super.handle(command, unit, now));
  }
}

class BrokenUpdateTenantHandler extends UpdateTenantHandler {
  override async handle(command: UpdateTenant, unit: TenantUnitOfWork, now: number): Promise<readonly DomainEvent[]> {
    return unlessBroken(command, await super.handle(command, unit, now));
  }
}

function unlessBroken<T>({ address }: CreateTenant | UpdateTenant, done: T): T {
  if (BROKEN.includes(address)) throw new TypeError(`a bug that meets '${address}'`);
  return done;
}

class PausingUnitOfWork extends KnexUnitOfWork {
  override async run<T>(
    messages: readonly UnitMessage[],
    work: (unit: Unit) => Promise<T>,
    lane?: OutboxLane,
  ): Promise<Committed<T>> {
    return paused(super.run(messages, pausing(work), lane));
  }

  override async replay<T, M extends UnitMessage>(
    replays: readonly Replay<M>[],
    work: (unit: Unit, taken: readonly Replay<M>[]) => Promise<T>,
    lane?: OutboxLane,
    following?: Following<M>,
  ): Promise<Committed<T>> {
    return paused(super.replay(replays, pausing(work), lane, following));
  }
}

function pausing<Given extends readonly unknown[], T>(
  work: (...given: Given) => Promise<T>,
): (...given: Given) => Promise<T> {
  return async (...given) => {
    const value = await work(...given);
    if (PAUSE === 'commit') await stand();
    return value;
  };
}

async function paused<T>(running: Promise<T>): Promise<T> {
  const committed = await running;
  if (PAUSE === 'committed') await stand();
  return committed;
}

async function stand(): Promise<void> {
  process.stderr.write('paused\n');
  await new Promise((resolve) => setTimeout(resolve, 60_000));
}

const config = readConfig(process.env);
const container = await createWorkerContainer({
  config,
  overrides: {
    createTenantHandler: asClass(BrokenCreateTenantHandler).singleton(),
    updateTenantHandler: asClass(BrokenUpdateTenantHandler).singleton(),
    unitOfWork: asFunction(
      ({ database, newId }: Cradle) => new (PAUSE === undefined ? KnexUnitOfWork : PausingUnitOfWork)(database, newId),
    ).singleton(),
  },
});
const [verb, key] = process.argv.slice(2);
const exitCode =
  verb === 'worker'
    ? await runWorker(config, container)
    : await replayLetters({ filter: key === undefined ? {} : { key }, dryRun: false }, container.cradle);
process.exit(exitCode);
