import { invalidValue } from './errors.js';
import { type Filter, parseFilter } from './filter.js';
import { type Projection, parseProjection } from './projection.js';
import type { ResourceType } from './schema.js';
import type { ScimObject } from './scim-object.js';

export const MAX_COUNT = 200;
const DEFAULT_COUNT = 100;

/** What a list is asked for (RFC 7644 section 3.4.2). */
export interface ListQuery {
  readonly filter: Filter | null;
  /** The first hit wanted, counted from 1. */
  readonly startIndex: number;
  readonly count: number;
  readonly projection: Projection;
}

/** A parsed query string: a parameter that was given twice is a list. */
export type QueryParameters = Readonly<Record<string, string | string[] | undefined>>;

/**
 * Reads the parameters of a list: `startIndex` below 1 is 1, `count` below 0 is 0 and above the maximum the maximum;
 * parameters it does not know are ignored.
 * @throws ScimError 400 invalidValue for what is no whole number and for a parameter given twice; 400 invalidFilter
 */
export function parseListQuery(query: QueryParameters, type: ResourceType): ListQuery {
  const filter = parameter(query, 'filter');
  return {
    filter: filter === undefined ? null : parseFilter(filter, type),
    startIndex: Math.max(1, wholeNumber(query, 'startIndex', 1)),
    count: Math.min(MAX_COUNT, Math.max(0, wholeNumber(query, 'count', DEFAULT_COUNT))),
    projection: parseProjectionQuery(query, type),
  };
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

function wholeNumber(query: QueryParameters, name: string, otherwise: number): number {
  const text = parameter(query, name);
  if (text === undefined) return otherwise;
  if (!/^-?\d+$/.test(text)) throw invalidValue(`${name} must be a whole number`);
  const number = Number(text);
  return Math.max(-Number.MAX_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, number));
}

export const LIST_RESPONSE_SCHEMA = 'urn:ietf:params:scim:api:messages:2.0:ListResponse';

/** A page of a list (RFC 7644 section 3.4.2). */
export interface ListResponse {
  schemas: [typeof LIST_RESPONSE_SCHEMA];
  totalResults: number;
  startIndex: number;
  itemsPerPage: number;
  Resources: readonly ScimObject[];
}

/** The body of a page: `itemsPerPage` counts what is in it, not what was asked for. */
export const listResponse = (
  resources: readonly ScimObject[],
  { totalResults = resources.length, startIndex = 1 }: { totalResults?: number; startIndex?: number } = {},
): ListResponse => ({
  schemas: [LIST_RESPONSE_SCHEMA],
  totalResults,
  startIndex,
  itemsPerPage: resources.length,
  Resources: resources,
});
