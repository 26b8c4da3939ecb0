import { type Attribute, subAttribute } from './attribute.js';
import { isScimObject, newObject, type ScimObject, type ScimValue } from './scim-object.js';
import { foldCase } from './text.js';

/**
 * Adds elements to a multi-valued attribute: what is there already is not added again but takes over what the new one
 * says besides (RFC 7644 section 3.5.2.1), and a new primary unsets the others (RFC 7643 section 2.4). Linear in both lists.
 */
export function addElements(
  attribute: Attribute,
  present: readonly ScimValue[],
  added: readonly ScimValue[],
): ScimValue[] {
  if (present.length === 0 && added.length <= 1) return [...added];
  const result: ScimValue[] = [];
  const index = new Map<string, number[]>();
  let primary = -1;

  const place = (element: ScimValue): number => {
    const key = identity(attribute, element);
    const candidates = index.get(key);
    const at = candidates?.find((candidate) => sameKind(result[candidate], element)) ?? -1;
    if (at < 0) {
      const end = result.push(element) - 1;
      if (candidates) candidates.push(end);
      else index.set(key, [end]);
      return end;
    }
    const known = result[at];
    if (isScimObject(known) && isScimObject(element)) result[at] = overlay(known, element);
    return at;
  };

  for (const element of present) place(element);
  for (const element of added) {
    const at = place(element);
    if (isPrimary(element)) primary = at;
  }
  return primary < 0 ? result : withPrimary(result, primary);
}

/** The elements of a list that the given ones name: by value where there is one, else by everything that is given. */
export function withoutElements(
  attribute: Attribute,
  present: readonly ScimValue[],
  removed: readonly ScimValue[],
): ScimValue[] {
  const index = new Map<string, ScimValue[]>();
  for (const element of removed) {
    const key = identity(attribute, element);
    index.set(key, [...(index.get(key) ?? []), element]);
  }
  return present.filter((element) => {
    const candidates = index.get(identity(attribute, element));
    return !candidates?.some((candidate) => sameKind(candidate, element));
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

/** Elements of the same value are two if both say a type and the types differ (RFC 7643 section 2.4). */
function sameKind(left: ScimValue | undefined, right: ScimValue): boolean {
  if (!isScimObject(left) || !isScimObject(right)) return true;
  const [one, other] = [left['type'], right['type']];
  return typeof one !== 'string' || typeof other !== 'string' || foldCase(one) === foldCase(other);
}
