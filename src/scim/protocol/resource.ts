import { type Attribute, subAttribute } from './attribute.js';
import { invalidSyntax, invalidValue } from './errors.js';
import { readAttributes } from './read-value.js';
import { ENTERPRISE_USER_SCHEMA, type ResourceType } from './schema.js';
import { assignedOnly, isObject, isScimObject, type ScimObject, type ScimValue } from './scim-object.js';
import { foldReference, foldUserName, isBlank, MAX_USER_NAME_CHARACTERS } from './text.js';

export type { ScimObject };
export { foldReference, foldUserName };

/**
 * The body of a POST as the resource to store: canonical names, known attributes only, nothing unassigned; core
 * attributes at the top, an extension's under its URN. A user who is not said to be inactive is active.
 * @throws ScimError 400 invalidSyntax for what is no object; 400 invalidValue, naming the attribute, for a value of a
 * wrong type or beyond a limit, and for a required attribute that is missing or blank
 */
export function readResource(type: ResourceType, body: unknown): ScimObject {
  const resource = assignedOnly(readAttributes(type, objectOf(body)));
  const active = subAttribute(type.root, 'active');
  if (active && resource[active.name] === undefined) resource[active.name] = true;
  return checkResource(type, resource);
}

/**
 * What a PUT makes of a stored resource (RFC 7644 section 3.5.1): the body's attributes and no others, except that
 * `active` and an extension block stay as they are if the body does not mention them (rule 3). A block that is
 * there, or is null, replaces the whole block.
 * @throws ScimError as `readResource`
 */
export function replaceResource(type: ResourceType, stored: ScimObject, body: unknown): ScimObject {
  const given = readAttributes(type, objectOf(body));
  const resource = assignedOnly(given);
  for (const { name, absence } of type.attributes) {
    const kept = stored[name];
    if (absence === 'keep' && given[name] === undefined && kept !== undefined) resource[name] = kept;
  }
  return checkResource(type, resource);
}

/**
 * Holds a finished resource against what its type requires.
 * @throws ScimError 400 invalidValue for a required attribute that is missing or blank, and for too long a userName
 */
export function checkResource(type: ResourceType, resource: ScimObject): ScimObject {
  for (const attribute of type.attributes) if (attribute.required) checkRequired(attribute, resource);
  const userName = resource['userName'];
  // Counted in characters, as PostgreSQL does; a text has at least as many UTF-16 units.
  if (
    typeof userName === 'string' &&
    userName.length > MAX_USER_NAME_CHARACTERS &&
    Array.from(userName).length > MAX_USER_NAME_CHARACTERS
  ) {
    throw invalidValue(`userName is longer than ${MAX_USER_NAME_CHARACTERS} characters`);
  }
  return resource;
}

function checkRequired({ name, fullName }: Attribute, resource: ScimObject): void {
  const value = resource[name];
  if (value === undefined || value === null) throw invalidValue(`${fullName} is required`);
  if (typeof value === 'string' && isBlank(value)) throw invalidValue(`${fullName} must not be blank`);
}

function objectOf(body: unknown): Record<string, unknown> {
  if (!isObject(body)) throw invalidSyntax('The body must be a JSON object');
  return body;
}

/**
 * Whom a user names as manager, verbatim: the first of `manager.value`, `manager.managerId` and `manager.displayName`
 * that is not blank (rule 3), or null.
 */
export function managerReference(resource: ScimObject): string | null {
  const block = resource[ENTERPRISE_USER_SCHEMA];
  const manager = isScimObject(block) ? block['manager'] : undefined;
  if (!isScimObject(manager)) return null;
  for (const name of ['value', 'managerId', 'displayName']) {
    const text = textOf(manager[name]);
    if (text !== null && !isBlank(text)) return text;
  }
  return null;
}

/** A text, or null for anything else. */
export const textOf = (value: ScimValue | undefined): string | null => (typeof value === 'string' ? value : null);
