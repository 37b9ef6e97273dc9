import type { Resolver } from 'awilix/browser';

/** A registration for each of these names: a name without one does not compile. */
export type Registrations<Parts> = { readonly [Name in keyof Parts]: Resolver<Parts[Name]> };
