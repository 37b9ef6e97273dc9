export type {
  Answer,
  AnswerEvent,
  CommandData,
  CommandWord,
  Done,
  Rejected,
  Sent,
  SetAside,
  Unanswered,
} from './answers.ts';
export type { Decision, Entitlement } from './entitlement.ts';
export { Entitlements, type EntitlementChange, type EntitlementsOptions } from './entitlements.ts';
export {
  Closed,
  InvalidCommandData,
  NotSent,
  RegistryRefused,
  RegistryUnavailable,
  UnreadableRecord,
} from './errors.ts';
export { LicensingClient, type LicensingClientOptions, type SendOptions } from './licensing-client.ts';
export type * from './messages.ts';
export type { ConnectionOptions } from './options.ts';
export type { RegistryOptions } from './registry.ts';
