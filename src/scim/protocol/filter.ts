import { type Attribute, subAttribute } from './attribute.js';
import { invalidFilter, invalidPath, type ScimError } from './errors.js';
import type { CompareOperator, FilterSyntax, PathSyntax, TestSyntax, ValueSyntax } from './filter-syntax.js';
import { SyntaxError as FilterSyntaxError, parse } from './generated/filter-parser.js';
import { parseInstant } from './instant.js';
import { type AttributePath, findAttribute, type ResourceType } from './schema.js';
import { isLongerThan, isUnstorable } from './text.js';

export type { CompareOperator } from './filter-syntax.js';

/**
 * A filter whose names have been found in the schema table. A path leads from the resource, inside a value path from
 * the element, down to what is compared: never to a complex attribute, except for `pr`.
 */
export type Filter =
  | { readonly kind: 'and' | 'or'; readonly filters: readonly Filter[] }
  | { readonly kind: 'not'; readonly filter: Filter }
  | { readonly kind: 'present'; readonly path: AttributePath }
  | {
      readonly kind: 'compare';
      readonly path: AttributePath;
      readonly operator: CompareOperator;
      readonly value: string | boolean;
    }
  /** One element of a list has to pass it all. `emails[f].value eq "x"` is `emails[f and value eq "x"]`, which says the same. */
  | { readonly kind: 'valuePath'; readonly path: AttributePath; readonly filter: Filter };

/** Where a PATCH operation acts: an attribute, which elements of it (all if null), which sub-attribute of those. */
export interface PatchPath {
  readonly attributes: AttributePath;
  readonly filter: Filter | null;
  readonly sub: Attribute | null;
}

const MAX_FILTER_BYTES = 4096;
const MAX_FILTER_DEPTH = 32;
const MAX_FILTER_TERMS = 64;

/**
 * Parses a filter (RFC 7644 section 3.4.2.2) on resources of a type, in time linear in its length.
 * @throws ScimError 400 invalidFilter for bad syntax, an unknown attribute, a value or operator that does not suit the
 * attribute, and beyond the limits above
 */
export function parseFilter(text: string, type: ResourceType): Filter {
  const syntax = withinLimits(text, invalidFilter, () => parse(text, { startRule: 'Filter' }));
  return resolve(syntax, (name) => findAttribute(type, name), { terms: 0 });
}

/**
 * Parses a PATCH path (RFC 7644 section 3.5.2).
 * @returns null for an attribute that the type does not have: what is done to it is accepted and has no effect
 * @throws ScimError 400 invalidPath for bad syntax and for brackets after what has no sub-attributes, invalidFilter
 * for what is wrong between them
 */
export function parsePath(text: string, type: ResourceType): PatchPath | null {
  const syntax: PathSyntax = withinLimits(text, invalidPath, () => parse(text, { startRule: 'Path' }));
  const { name, filter, sub } = syntax;
  const attributes = findAttribute(type, name);
  const last = attributes?.at(-1);
  if (!attributes || !last) {
    if (!isAttributeName(name)) throw invalidPath('The path is not an attribute path');
    return null;
  }
  if (filter) {
    if (last.type !== 'complex') throw invalidPath(`${last.fullName} has no sub-attributes to select by`);
    const selection = resolve(filter, within(last), { terms: 0 });
    if (sub === null) return { attributes, filter: selection, sub: null };
    const selected = subAttribute(last, sub);
    return selected ? { attributes, filter: selection, sub: selected } : null;
  }
  const parent = attributes.at(-2);
  return parent?.multiValued
    ? { attributes: attributes.slice(0, -1), filter: null, sub: last }
    : { attributes, filter: null, sub: null };
}

/** `name`, `name.sub`, either with a URN before it. */
const isAttributeName = (name: string): boolean => /^(?:urn:.+:)?[a-z$][\w$-]*(?:\.[a-z$][\w$-]*)?$/i.test(name);

/** Runs a parser on a text that is neither too long nor nested too deep for it, and puts its refusal in SCIM's terms. */
function withinLimits<Tree>(text: string, refusal: (detail: string) => ScimError, parser: () => Tree): Tree {
  if (isLongerThan(text, MAX_FILTER_BYTES)) throw refusal(`The filter is longer than ${MAX_FILTER_BYTES} bytes`);
  if (depthOf(text) > MAX_FILTER_DEPTH) throw refusal(`The filter is nested deeper than ${MAX_FILTER_DEPTH} levels`);
  try {
    return parser();
  } catch (error) {
    if (!(error instanceof FilterSyntaxError)) throw error;
    throw refusal(`Syntax error at character ${error.location.start.offset + 1}`);
  }
}

/** How deep brackets of either kind are nested outside strings. */
function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  let inString = false;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (inString) {
      if (character === '\\') at++;
      else if (character === '"') inString = false;
    } else if (character === '"') inString = true;
    else if (character === '(' || character === '[') deepest = Math.max(deepest, ++depth);
    else if (character === ')' || character === ']') depth--;
  }
  return deepest;
}

type Lookup = (name: string) => AttributePath | null;

/** Names between brackets are those of sub-attributes; their paths begin with `prefix`. */
const within =
  (attribute: Attribute, prefix: AttributePath = []): Lookup =>
  (name) => {
    const sub = subAttribute(attribute, name);
    return sub ? [...prefix, sub] : null;
  };

/** Finds every name, converts every value, counts the terms. */
function resolve(syntax: FilterSyntax, lookup: Lookup, count: { terms: number }): Filter {
  switch (syntax.kind) {
    case 'and':
    case 'or':
      return { kind: syntax.kind, filters: syntax.filters.map((filter) => resolve(filter, lookup, count)) };
    case 'not':
      return { kind: 'not', filter: resolve(syntax.filter, lookup, count) };
    case 'valuePath': {
      const path = find(syntax.name, lookup);
      const attribute = path.at(-1);
      if (attribute?.type !== 'complex') throw invalidFilter(`${syntax.name} has no sub-attributes to select by`);
      // `name[f]` is f of `name.…`, of a name that is there: only of a list can one element be asked for all of it.
      const inner = attribute.multiValued ? within(attribute) : within(attribute, path);
      const filters = [resolve(syntax.filter, inner, count)];
      if (syntax.then) filters.push(resolve(syntax.then, inner, count));
      if (!attribute.multiValued) return { kind: 'and', filters: [{ kind: 'present', path }, ...filters] };
      const [first, then] = filters;
      return { kind: 'valuePath', path, filter: first && !then ? first : { kind: 'and', filters } };
    }
    default:
      if (++count.terms > MAX_FILTER_TERMS) throw invalidFilter(`The filter has more than ${MAX_FILTER_TERMS} terms`);
      return resolveTest(syntax, find(syntax.name, lookup));
  }
}

/** Attributes that are never returned cannot be filtered either, or filters would read them out bit by bit. */
function find(name: string, lookup: Lookup): AttributePath {
  const path = lookup(name);
  if (!path || path.some(({ returned }) => returned === 'never')) throw invalidFilter(`Unknown attribute ${name}`);
  return path;
}

function resolveTest(test: TestSyntax, path: AttributePath): Filter {
  if (test.kind === 'present') return { kind: 'present', path };
  const { operator, value } = test;
  if (value === null) {
    // "Unassigned" and null are one state (RFC 7643 section 2.5).
    if (operator === 'eq') return { kind: 'not', filter: { kind: 'present', path } };
    if (operator === 'ne') return { kind: 'present', path };
    throw invalidFilter(`${test.name} ${operator} null compares with nothing`);
  }
  const compared = comparable(path, test.name);
  return { kind: 'compare', path: compared, operator, value: comparisonValue(compared, operator, value) };
}

/** `emails eq "x"` compares the values of the e-mails (RFC 7643 section 2.4). */
function comparable(path: AttributePath, name: string): AttributePath {
  const last = path.at(-1);
  if (last?.type !== 'complex') return path;
  const value = subAttribute(last, 'value');
  if (!value) throw invalidFilter(`${name} has no value to compare; name one of its sub-attributes`);
  return [...path, value];
}

const equality: ReadonlySet<CompareOperator> = new Set(['eq', 'ne']);
const substring: ReadonlySet<CompareOperator> = new Set(['co', 'sw', 'ew']);

function comparisonValue(
  path: AttributePath,
  operator: CompareOperator,
  value: Exclude<ValueSyntax, null>,
): string | boolean {
  const attribute = path.at(-1);
  const name = attribute?.fullName ?? '';
  const said = typeof value === 'object' ? value.number : value;
  switch (attribute?.type) {
    case 'boolean': {
      if (!equality.has(operator)) throw invalidFilter(`${name} is true or false; ${operator} does not apply`);
      const truth = typeof said === 'string' ? said.toLowerCase() : String(said);
      if (truth !== 'true' && truth !== 'false') throw invalidFilter(`${name} compares with true or false`);
      return truth === 'true';
    }
    case 'dateTime': {
      if (substring.has(operator)) throw invalidFilter(`${name} is a time; ${operator} does not apply`);
      const instant = typeof said === 'string' ? parseInstant(said) : null;
      if (instant === null) throw invalidFilter(`${name} compares with a time such as "2026-01-31T12:00:00Z"`);
      return instant;
    }
    default:
      if (typeof said === 'boolean') throw invalidFilter(`${name} compares with a string`);
      if (isUnstorable(said)) throw invalidFilter(`${name} is compared with a NUL or half of a surrogate pair`);
      if (attribute?.type === 'binary' && !equality.has(operator)) {
        throw invalidFilter(`${name} is binary; ${operator} does not apply`);
      }
      return said;
  }
}
