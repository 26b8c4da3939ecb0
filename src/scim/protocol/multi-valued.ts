import { type Attribute, subAttribute } from './attribute.js';
import { invalidValue } from './errors.js';
import { isScimObject, newObject, type ScimObject, type ScimValue } from './scim-object.js';
import { foldCase } from './text.js';

/**
 * Adds elements to a multi-valued attribute: what is there already is not added again but takes over what the new one
 * says besides (RFC 7644 section 3.5.2.1), and a new primary unsets the others (RFC 7643 section 2.4). Linear in both lists.
 * @throws ScimError 400 invalidValue for more values than the attribute may have
 */
export function addElements(
  attribute: Attribute,
  present: readonly ScimValue[],
  added: readonly ScimValue[],
): ScimValue[] {
  if (present.length === 0 && added.length <= 1) return [...added];
  const result: ScimValue[] = [];
  const placeOf = createIndex(attribute);
  let primary = -1;

  const place = (element: ScimValue): number => {
    const at = placeOf(element, result.length);
    const known = result[at];
    if (known === undefined) result.push(element);
    else if (isScimObject(known) && isScimObject(element)) result[at] = overlay(known, element);
    return at;
  };

  for (const element of present) place(element);
  for (const element of added) {
    const at = place(element);
    if (isPrimary(element)) primary = at;
  }
  if (result.length > attribute.maxValues) {
    throw invalidValue(`${attribute.fullName} has more than ${attribute.maxValues} values`);
  }
  return primary < 0 ? result : withPrimary(result, primary);
}

/**
 * Finds the element that another is the same as, in constant time however many types of a value there are. Elements of
 * the same value are two if both say a type and the types differ (RFC 7643 section 2.4).
 * @returns a function that gives the place of the first such element, or `end`, where the new one then goes
 */
function createIndex(attribute: Attribute): (element: ScimValue, end: number) => number {
  const entries = new Map<string, { first: number; untyped: boolean; byType: Map<string, number> }>();
  return (element, end) => {
    const key = identity(attribute, element);
    const type = typeOf(element);
    const entry = entries.get(key) ?? { first: end, untyped: type === undefined, byType: new Map<string, number>() };
    entries.set(key, entry);
    if (type === undefined) return entry.first;
    // Only the first of a value can be without a type, and it takes on that of the next.
    const at = entry.untyped ? entry.first : (entry.byType.get(type) ?? end);
    entry.untyped = false;
    entry.byType.set(type, at);
    return at;
  };
}

/** The elements of a list that the given ones do not name: by value where there is one, else by everything that is given. */
export function withoutElements(
  attribute: Attribute,
  present: readonly ScimValue[],
  removed: readonly ScimValue[],
): ScimValue[] {
  const named = new Map<string, Set<string | undefined>>();
  for (const element of removed) {
    const key = identity(attribute, element);
    const types = named.get(key) ?? new Set();
    named.set(key, types.add(typeOf(element)));
  }
  return present.filter((element) => {
    const types = named.get(identity(attribute, element));
    const type = typeOf(element);
    return types === undefined || !(type === undefined || types.has(undefined) || types.has(type));
  });
}

/** The list with the element at `at` as its only primary one. */
export const withPrimary = (elements: readonly ScimValue[], at: number): ScimValue[] =>
  elements.map((element, index) =>
    index !== at && isScimObject(element) && element['primary'] === true
      ? overlay(element, { primary: false })
      : element,
  );

/** True for an element marked as the preferred one. */
export const isPrimary = (element: ScimValue | undefined): boolean =>
  isScimObject(element) && element['primary'] === true;

/** A new object with the members of both, the second one's where both have them. */
export function overlay(under: ScimObject, over: ScimObject): ScimObject {
  const result = newObject();
  for (const source of [under, over]) {
    for (const key of Object.keys(source)) {
      const member = source[key];
      if (member !== undefined) result[key] = member;
    }
  }
  return result;
}

/** What makes two elements the same value: their `value`, or, where they have none, all they say. */
function identity(attribute: Attribute, element: ScimValue): string {
  if (!isScimObject(element)) return foldFor(attribute, element);
  const value = element['value'];
  const definition = subAttribute(attribute, 'value');
  if (definition && typeof value === 'string') return `=${foldFor(definition, value)}`;
  const members = Object.keys(element)
    .filter((key) => key !== 'primary')
    .toSorted();
  return JSON.stringify(members.map((key) => [key, element[key]]));
}

function foldFor(attribute: Attribute, value: ScimValue): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return attribute.caseExact ? text : foldCase(text);
}

/** An element's type as types compare; undefined where it says none. */
function typeOf(element: ScimValue): string | undefined {
  const type = isScimObject(element) ? element['type'] : undefined;
  return typeof type === 'string' ? foldCase(type) : undefined;
}
