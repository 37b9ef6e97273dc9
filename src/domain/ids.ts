/** Ids are UUIDs as lower-case text. The brand keeps one aggregate's id from standing in for another's. */
export type TenantId = Id<'TenantId'>;
export type SubdivisionId = Id<'SubdivisionId'>;
export type LicenseId = Id<'LicenseId'>;
export type StatisticRowId = Id<'StatisticRowId'>;
export type UserId = Id<'UserId'>;
export type AnyId = TenantId | SubdivisionId | LicenseId | StatisticRowId | UserId;

/** Gives back the brand of an id that was validated before it was stored. What comes from outside goes through `fields.ts`. */
export function storedId<T extends AnyId>(text: string): T {
  return text as T;
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Whether this is a UUID as ids are written: of any version, in lower case. */
export function isUuid(text: string): boolean {
  return UUID.test(text);
}

declare const brand: unique symbol;
type Id<Name extends string> = string & { readonly [brand]: Name };
