import { subAttribute } from './attribute.js';
import { invalidPath, invalidValue } from './errors.js';
import { type Filter, parseFilter } from './filter.js';
import { type Projection, parseProjection } from './projection.js';
import { type AttributePath, findAttribute, type ResourceType } from './schema.js';

export const MAX_COUNT = 200;
export const DEFAULT_COUNT = 100;

/** By what a list is sorted (RFC 7644 section 3.4.2.3). */
interface Sort {
  readonly path: AttributePath;
  readonly descending: boolean;
}

/** What a list is asked for (RFC 7644 section 3.4.2, RFC 9865). */
export interface ListQuery {
  readonly filter: Filter | null;
  readonly sort: Sort | null;
  /** The first hit wanted, counted from 1. */
  readonly startIndex: number;
  readonly count: number;
  /** The empty one is the first page's; null where pages go by index. */
  readonly cursor: string | null;
  /** What stays the same from page to page, for the cursors of this query. */
  readonly identity: string;
  readonly projection: Projection;
}

/** A parsed query string: a parameter that was given twice is a list. */
export type QueryParameters = Readonly<Record<string, string | string[] | undefined>>;

/** A list's parameters by name, wherever they stand. */
type Parameters = Readonly<Record<(typeof PARAMETERS)[number], unknown>>;
const PARAMETERS = [
  'filter',
  'sortBy',
  'sortOrder',
  'startIndex',
  'count',
  'cursor',
  'attributes',
  'excludedAttributes',
] as const;

/**
 * Reads the parameters of a list: `startIndex` below 1 is 1, `count` below 0 is 0 and above the maximum the maximum; with a
 * `cursor`, even an empty one, pages go by cursor; parameters it does not know are ignored.
 * @throws ScimError 400 invalidValue for what is no whole number and for a parameter given twice; 400 invalidFilter,
 * invalidPath (sortBy)
 */
export const parseListQuery = (query: QueryParameters, type: ResourceType): ListQuery =>
  readParameters(
    parametersOf((name) => parameter(query, name)),
    type,
  );

/** The same of a search request's body (RFC 7644 section 3.4.3), whose names do not regard case. @throws ScimError as above */
export function parseSearchRequest(body: Readonly<Record<string, unknown>>, type: ResourceType): ListQuery {
  const members = new Map(Object.keys(body).map((key) => [key.toLowerCase(), body[key]]));
  return readParameters(
    parametersOf((name) => members.get(name.toLowerCase()) ?? undefined),
    type,
  );
}

const parametersOf = (valueOf: (name: string) => unknown): Parameters => {
  const entries = PARAMETERS.map((name) => [name, valueOf(name)] as const);
  return Object.fromEntries(entries) as Parameters;
};

function readParameters(given: Parameters, type: ResourceType): ListQuery {
  const filter = text(given.filter, 'filter');
  const cursor = text(given.cursor, 'cursor');
  const sort = readSort(given, type);
  const sorted = sort && [sort.path.map(({ name }) => name), sort.descending];
  const identity = JSON.stringify([type.name, filter, sorted]);
  return {
    filter: filter === undefined ? null : parseFilter(filter, type),
    sort,
    startIndex: Math.max(1, wholeNumber(given.startIndex, 'startIndex', 1)),
    count: Math.min(MAX_COUNT, Math.max(0, wholeNumber(given.count, 'count', DEFAULT_COUNT))),
    cursor: cursor ?? null,
    identity,
    projection: parseProjection(
      {
        attributes: names(given.attributes, 'attributes'),
        excludedAttributes: names(given.excludedAttributes, 'excludedAttributes'),
      },
      type,
    ),
  };
}

function readSort({ sortBy, sortOrder }: Parameters, type: ResourceType): Sort | null {
  const name = text(sortBy, 'sortBy');
  const order = text(sortOrder, 'sortOrder')?.toLowerCase() ?? 'ascending';
  if (order !== 'ascending' && order !== 'descending') {
    throw invalidValue('sortOrder must be ascending or descending');
  }
  if (name === undefined || name === '') return null;
  const path = findAttribute(type, name);
  const last = path?.at(-1);
  if (!path || !last) throw invalidPath('sortBy names an attribute that does not exist');
  if (last.type !== 'complex') return { path, descending: order === 'descending' };
  // Of a list of values, as of e-mails, it is the values that are sorted by.
  const value = last.multiValued ? subAttribute(last, 'value') : undefined;
  if (value === undefined) throw invalidPath(`sortBy must name a sub-attribute of ${last.fullName}`);
  return { path: [...path, value], descending: order === 'descending' };
}

/**
 * The projection parameters of a query string, which every verb takes.
 * @throws ScimError 400 invalidValue
 */
export function parseProjectionQuery(query: QueryParameters, type: ResourceType): Projection {
  return parseProjection(
    { attributes: parameter(query, 'attributes'), excludedAttributes: parameter(query, 'excludedAttributes') },
    type,
  );
}

function parameter(query: QueryParameters, name: string): string | undefined {
  const value = Object.hasOwn(query, name) ? query[name] : undefined;
  if (Array.isArray(value)) throw invalidValue(`The parameter ${name} is given more than once`);
  return value;
}

function text(value: unknown, name: string): string | undefined {
  if (value === undefined || typeof value === 'string') return value;
  throw invalidValue(`${name} must be a string`);
}

function names(value: unknown, name: string): string | readonly string[] | undefined {
  if (!Array.isArray(value)) return text(value, name);
  return value.map((each) => text(each, name) ?? '');
}

function wholeNumber(value: unknown, name: string, otherwise: number): number {
  if (value === undefined) return otherwise;
  const written = typeof value === 'number' ? String(value) : text(value, name);
  if (!/^-?\d+$/.test(written ?? '')) throw invalidValue(`${name} must be a whole number`);
  return Math.max(-Number.MAX_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, Number(value)));
}
