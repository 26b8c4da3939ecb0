import type { Attribute } from './attribute.js';
import type { CompareOperator, Filter } from './filter.js';
import { parseInstant } from './instant.js';
import type { AttributePath } from './schema.js';
import { isScimObject, type ScimObject, type ScimValue } from './scim-object.js';
import { compareText, foldCase } from './text.js';

/**
 * Whether a resource passes a filter (RFC 7644 section 3.4.2.2). Strings compare without regard to case unless their
 * attribute is caseExact, times as instants; a multi-valued attribute passes if one of its values does; a value path if
 * one element passes all of it. `ne` is also true of what is unassigned.
 */
export function matchFilter(filter: Filter, resource: ScimObject): boolean {
  switch (filter.kind) {
    case 'and':
      return filter.filters.every((part) => matchFilter(part, resource));
    case 'or':
      return filter.filters.some((part) => matchFilter(part, resource));
    case 'not':
      return !matchFilter(filter.filter, resource);
    case 'present':
      return valuesAt(resource, filter.path).some(hasContent);
    case 'valuePath':
      return valuesAt(resource, filter.path).some(
        (element) => isScimObject(element) && matchFilter(filter.filter, element),
      );
    default:
      return matchComparison(filter, resource);
  }
}

function matchComparison(
  { path, operator, value }: Extract<Filter, { kind: 'compare' }>,
  resource: ScimObject,
): boolean {
  const attribute = path.at(-1);
  if (!attribute) return false;
  const wanted = comparisonKey(attribute, value);
  const test = tests[operator];
  const values = valuesAt(resource, path);
  if (operator === 'ne' && values.length === 0) return true;
  return values.some((found) => {
    const key = comparisonKey(attribute, found);
    return key === null || wanted === null ? operator === 'ne' : test(key, wanted);
  });
}

const tests: Readonly<Record<CompareOperator, (found: string, wanted: string) => boolean>> = {
  eq: (found, wanted) => found === wanted,
  ne: (found, wanted) => found !== wanted,
  co: (found, wanted) => found.includes(wanted),
  sw: (found, wanted) => found.startsWith(wanted),
  ew: (found, wanted) => found.endsWith(wanted),
  gt: (found, wanted) => compareText(found, wanted) > 0,
  ge: (found, wanted) => compareText(found, wanted) >= 0,
  lt: (found, wanted) => compareText(found, wanted) < 0,
  le: (found, wanted) => compareText(found, wanted) <= 0,
};

/** A value as a text that compares as the attribute's values do; null if there is none. */
function comparisonKey(attribute: Attribute, value: ScimValue | undefined): string | null {
  if (value === null || value === undefined || typeof value === 'object') return null;
  if (attribute.type === 'dateTime') return parseInstant(String(value));
  return attribute.caseExact ? String(value) : foldCase(String(value));
}

/**
 * What stands at the end of a path: one entry for each element of each list on the way, undefined where an element
 * lacks the attribute; nothing where a list is empty or missing.
 */
function valuesAt(from: ScimObject, path: AttributePath): (ScimValue | undefined)[] {
  let found: (ScimValue | undefined)[] = [from];
  for (const { name, multiValued } of path) {
    found = found.flatMap((value) => {
      const next = isScimObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
      if (Array.isArray(next)) return next;
      return multiValued && (next === undefined || next === null) ? [] : [next];
    });
  }
  return found;
}

/** What `pr` asks: a value that is neither null nor empty. */
function hasContent(value: ScimValue | undefined): boolean {
  if (value === undefined || value === null || value === '') return false;
  if (Array.isArray(value)) return value.some(hasContent);
  return !isScimObject(value) || Object.keys(value).some((name) => hasContent(value[name]));
}
