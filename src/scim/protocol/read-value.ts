import { type Attribute, subAttribute } from './attribute.js';
import { invalidValue } from './errors.js';
import { addElements } from './multi-valued.js';
import { findAttribute, type ResourceType } from './schema.js';
import { isObject, isScimObject, newObject, type ScimObject, type ScimValue } from './scim-object.js';
import { assertText, isBlank } from './text.js';

/**
 * Reads the attributes of a client's object: names in any case, dotted (`name.givenName`), with their schema's URN, and Entra's bare `manager`;
 * unknown, read-only and write-only ones dropped; values as `readValue` has them. An explicit null stays a null, so
 * that "clear" and "not mentioned" remain two things.
 * @throws ScimError 400 invalidValue that names the attribute
 */
export function readAttributes(type: ResourceType, body: Record<string, unknown>): ScimObject {
  const result = newObject();
  for (const key of Object.keys(body)) {
    const direct = subAttribute(type.root, key);
    if (direct) assign(result, direct, body[key]);
    else assignAt(result, findAttribute(type, key) ?? [], body[key]);
  }
  return result;
}

/**
 * Reads one value of an attribute, in whatever shape clients are known to send it: string booleans, numbers for
 * strings, one value for a list, a bare value for an object with a `value`.
 * @throws ScimError 400 invalidValue that names the attribute
 */
export function readValue(attribute: Attribute, value: unknown): ScimValue {
  if (value === null || value === undefined) return null;
  if (!attribute.multiValued) return readSingle(attribute, value);
  const given: readonly unknown[] = Array.isArray(value) ? value : [value];
  const elements = given.map((element) => readElement(attribute, element)).filter((element) => element !== null);
  return addElements(attribute, [], elements);
}

/**
 * One element of a list; null for one that says nothing, as one with a blank value. Who must be named, as a member, is named by the end of
 * its `$ref` where it has no value; one that names nobody is refused, or a list that is not understood would empty the group.
 */
function readElement(attribute: Attribute, given: unknown): ScimValue {
  const element = given === null ? newObject() : readSingle(attribute, given);
  if (!isScimObject(element)) return element;
  const value = subAttribute(attribute, 'value');
  const blank = typeof element['value'] === 'string' && isBlank(element['value']);
  if (value?.required !== true) return blank ? null : withoutNulls(element);
  if (blank || element['value'] === undefined || element['value'] === null) element['value'] = endOf(element['$ref']);
  if (element['value'] === null) throw invalidValue(`${value.fullName} is required of each element`);
  return withoutNulls(element);
}

/** The last segment of a resource's URI: its id. */
const endOf = (reference: ScimValue | undefined): string | null =>
  typeof reference === 'string' ? (reference.split('/').findLast((part) => !isBlank(part)) ?? null) : null;

/** True for what a client cannot set; a request that carries it along is not refused. */
const isDropped = (attribute: Attribute): boolean =>
  attribute.mutability === 'readOnly' || attribute.mutability === 'writeOnly';

/** Reads `value` into `target`, joining what a dotted name has put there before. */
function assign(target: ScimObject, attribute: Attribute, value: unknown): void {
  if (isDropped(attribute)) return;
  const read = readValue(attribute, value);
  if (read === null && attribute.absence === 'keep' && attribute.type !== 'complex') return;
  const known = target[attribute.name];
  if (isScimObject(known) && isScimObject(read)) {
    for (const sub of Object.keys(read)) known[sub] = read[sub] ?? null;
  } else target[attribute.name] = read;
}

/** The same at the end of a path; the objects on the way are made. */
function assignAt(target: ScimObject, path: readonly Attribute[], value: unknown): void {
  const [step, ...rest] = path;
  if (!step || isDropped(step)) return;
  if (rest.length === 0) return assign(target, step, value);
  if (step.multiValued) return;
  const known = target[step.name];
  const inner = isScimObject(known) ? known : newObject();
  target[step.name] = inner;
  assignAt(inner, rest, value);
}

function readSingle(attribute: Attribute, given: unknown): ScimValue {
  const value = unwrapped(attribute, given);
  switch (attribute.type) {
    case 'complex':
      return readComplex(attribute, value);
    case 'boolean':
      return readBoolean(attribute, value);
    default:
      return readText(attribute, value);
  }
}

/** Entra sends one value as an object in a list, and a plain one as an object's `value`: `[{"$ref":null,"value":"x"}]`. */
function unwrapped(attribute: Attribute, value: unknown): unknown {
  const single: unknown = Array.isArray(value) && value.length === 1 && isObject(value[0]) ? value[0] : value;
  return attribute.type !== 'complex' && isObject(single) && 'value' in single ? single['value'] : single;
}

function readComplex(attribute: Attribute, value: unknown): ScimObject {
  const result = newObject();
  if (isObject(value)) {
    for (const key of Object.keys(value)) {
      const sub = subAttribute(attribute, key);
      if (sub) assign(result, sub, value[key]);
    }
    return result;
  }
  const bare = subAttribute(attribute, 'value');
  if (!bare || typeof value === 'boolean' || Array.isArray(value)) {
    throw invalidValue(`${attribute.fullName} must be an object`);
  }
  assign(result, bare, value);
  return result;
}

const booleans: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['false', false],
]);

function readBoolean(attribute: Attribute, value: unknown): boolean {
  const said = typeof value === 'string' ? booleans.get(value.trim().toLowerCase()) : value;
  if (typeof said !== 'boolean') throw invalidValue(`${attribute.fullName} must be true or false`);
  return said;
}

function readText(attribute: Attribute, value: unknown): string {
  if (typeof value === 'string') return assertText(value, attribute.fullName);
  if (typeof value !== 'number') throw invalidValue(`${attribute.fullName} must be a string`);
  // What JSON's numbers can't hold is another number by now: an id that is stored wrong is found by nobody.
  if (Math.abs(value) > Number.MAX_SAFE_INTEGER)
    throw invalidValue(`${attribute.fullName} must be a string: a number of so many digits is not read exactly`);
  return String(value);
}

/** The object without its nulls, or null if nothing is left: an element of a list says things or is not there. */
function withoutNulls(element: ScimObject): ScimObject | null {
  const keys = Object.keys(element);
  if (keys.every((key) => element[key] !== null)) return keys.length === 0 ? null : element;
  const result = newObject();
  for (const key of keys) {
    const member = element[key];
    if (member !== undefined && member !== null) result[key] = member;
  }
  return Object.keys(result).length === 0 ? null : result;
}
