import { parseCreateUser, type CreateUser } from '../../domain/commands.ts';
import type { DomainEvent } from '../../domain/events.ts';
import { Rejection } from '../../domain/rejection.ts';
import { createUser } from '../../domain/user.ts';
import type { CommandHandler } from '../../ports/handlers.ts';
import type { Loads, UserUnitOfWork } from '../../ports/unit-of-work.ts';

export class CreateUserHandler implements CommandHandler<CreateUser> {
  readonly parse = parseCreateUser;

  declare({ userId }: CreateUser, loads: Loads): void {
    loads.user(userId);
  }

  async handle(command: CreateUser, { users }: UserUnitOfWork, now: number): Promise<readonly DomainEvent[]> {
    const { userId } = command;
    if ((await users.get(userId)) !== undefined || (await users.tombstone(userId)) !== undefined) {
      throw new Rejection('UserAlreadyExists', `User ${userId} exists already, or did once.`);
    }
    const { state, events } = createUser(command, now);
    users.add(state);
    return events;
  }
}
