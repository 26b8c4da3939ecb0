/** What a SCIM attribute can hold; `null` stands for "unassigned" (RFC 7643 section 2.5). */
export type ScimValue = string | number | boolean | null | ScimObject | ScimValue[];

/** A SCIM object. Those made here have no prototype, so no key of a client can reach one. */
export interface ScimObject {
  [attribute: string]: ScimValue;
}

/** What the objects made here inherit: nothing at all. */
const NOTHING: object = Object.freeze(Object.create(null));

function Bare(this: object): void {}
Bare.prototype = NOTHING;

/**
 * An empty object that inherits nothing, so that no key of a client can reach a prototype. Made by a constructor and not by
 * `Object.create(null)`, which makes V8 keep a hash table for each.
 */
export const newObject = (): ScimObject => Reflect.construct(Bare, []);

/** True for what JSON calls an object. */
export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The same for a value already known to be SCIM. */
export const isScimObject = (value: ScimValue | undefined): value is ScimObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** True where nothing is said: null, an array or object in which nothing is (RFC 7643 section 2.5). A blank string says something. */
export function isUnassigned(value: ScimValue | undefined): boolean {
  if (value === null || value === undefined) return true;
  if (Array.isArray(value)) return value.every(isUnassigned);
  return isScimObject(value) && Object.keys(value).every((key) => isUnassigned(value[key]));
}

/** A deep copy without what is unassigned. */
export function assignedOnly(value: ScimObject): ScimObject {
  const result = newObject();
  for (const key of Object.keys(value)) {
    const member = value[key];
    if (member === undefined || isUnassigned(member)) continue;
    if (Array.isArray(member)) {
      result[key] = member
        .filter((element) => !isUnassigned(element))
        .map((element) => (isScimObject(element) ? assignedOnly(element) : element));
    } else result[key] = isScimObject(member) ? assignedOnly(member) : member;
  }
  return result;
}
