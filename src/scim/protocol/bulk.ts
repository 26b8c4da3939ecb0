import { conflict, invalidSyntax, invalidValue, tooMany } from './errors.js';
import { isObject } from './scim-object.js';

export const BULK_RESPONSE_SCHEMA = 'urn:ietf:params:scim:api:messages:2.0:BulkResponse';

/** What is advertised and enforced. */
export const BULK_LIMITS = { maxOperations: 1_000, maxPayloadSize: 4 * 1024 * 1024 } as const;

const METHODS = ['POST', 'PUT', 'PATCH', 'DELETE'] as const;
type BulkMethod = (typeof METHODS)[number];

/** One operation of a bulk request (RFC 7644 section 3.7). */
export interface BulkOperation {
  readonly method: BulkMethod;
  readonly path: string;
  readonly bulkId: string | undefined;
  readonly version: string | undefined;
  readonly data: Record<string, unknown>;
  /** The bulkIds that its path or data name. */
  readonly references: ReadonlySet<string>;
}

export interface BulkRequest {
  /** After so many errors nothing more is done; undefined where everything is tried. */
  readonly failOnErrors: number | undefined;
  /** Each operation, or why it can't be one: a bad operation does not take others with it. */
  readonly operations: readonly (
    | BulkOperation
    | { readonly refusal: Error; readonly given: Record<string, unknown> }
  )[];
}

/** @throws ScimError 400 invalidSyntax for what is no bulk request, 413 tooMany */
export function parseBulkRequest(body: Record<string, unknown>): BulkRequest {
  const members = new Map(Object.keys(body).map((key) => [key.toLowerCase(), body[key]]));
  const given = members.get('operations');
  if (!Array.isArray(given) || given.length === 0) throw invalidSyntax('Operations must be a list that is not empty');
  if (given.length > BULK_LIMITS.maxOperations) {
    throw tooMany(`There are more than ${BULK_LIMITS.maxOperations} operations`);
  }
  const failOnErrors = members.get('failonerrors');
  if (
    failOnErrors !== undefined &&
    failOnErrors !== null &&
    !(Number.isInteger(failOnErrors) && Number(failOnErrors) > 0)
  ) {
    throw invalidValue('failOnErrors must be a whole number above 0');
  }
  const seen = new Set<string>();
  const operations = given.map((each) => {
    const operation = isObject(each) ? each : {};
    try {
      return readOperation(operation, seen);
    } catch (error) {
      return { refusal: error instanceof Error ? error : new Error(String(error)), given: operation };
    }
  });
  return { failOnErrors: typeof failOnErrors === 'number' ? failOnErrors : undefined, operations };
}

function readOperation(operation: Record<string, unknown>, seen: Set<string>): BulkOperation {
  const members = new Map(Object.keys(operation).map((key) => [key.toLowerCase(), operation[key]]));
  const text = (name: string): string | undefined => {
    const value = members.get(name.toLowerCase());
    if (value === undefined || value === null || typeof value === 'string') return value ?? undefined;
    throw invalidSyntax(`${name} of an operation must be a string`);
  };
  const method = METHODS.find((each) => each === text('method')?.toUpperCase());
  const path = text('path');
  const bulkId = text('bulkId');
  if (method === undefined) throw invalidSyntax(`method of an operation must be one of ${METHODS.join(', ')}`);
  if (path === undefined || !path.startsWith('/')) throw invalidSyntax('path of an operation must begin with a slash');
  if (bulkId !== undefined && seen.has(bulkId)) throw invalidValue('bulkId is used by an earlier operation');
  if (bulkId !== undefined) seen.add(bulkId);
  if (method === 'POST' && bulkId === undefined) throw invalidSyntax('bulkId is required for POST');
  const data = members.get('data') ?? {};
  if (!isObject(data)) throw invalidSyntax('data of an operation must be an object');
  const references = new Set<string>();
  const note = (reference: string): string => {
    references.add(reference);
    return reference;
  };
  pathWithIds(path, note);
  withReferences(data, note);
  return { method, path, bulkId, version: text('version'), data, references };
}

const REFERENCE = /^bulkId:(.+)$/s;
const IN_PATH = /(?<=\/)bulkId:([^/]+)/g;
const IN_QUOTES = /"bulkId:([^"]+)"/g;
/** Names of what can stand for a resource, alone or at the end of a path. */
const NAMES_A_RESOURCE = /(?:^|[.:])(?:value|\$ref|managerId|manager|members)$/i;

/** A path with the ids that its bulkIds stand for. */
export const pathWithIds = (path: string, idOf: (bulkId: string) => string): string =>
  path.replaceAll(IN_PATH, (_, bulkId: string) => idOf(bulkId));

/**
 * A copy of an operation's data in which each text that is a reference to a bulkId is replaced: where a resource can be named, and in the
 * path of a PATCH. A title that looks like one stays as it is.
 * @param key where the value stands: its name, or the path that it is for
 */
export function withReferences(value: unknown, idOf: (bulkId: string) => string, key = ''): unknown {
  if (typeof value === 'string') {
    if (/^path$/i.test(key)) return value.replaceAll(IN_QUOTES, (_, bulkId: string) => `"${idOf(bulkId)}"`);
    if (/^\$ref$/i.test(key) && !REFERENCE.test(value)) return pathWithIds(value, idOf);
    const bulkId = NAMES_A_RESOURCE.test(key) ? REFERENCE.exec(value)?.[1] : undefined;
    return bulkId === undefined ? value : idOf(bulkId);
  }
  if (Array.isArray(value)) return value.map((each) => withReferences(each, idOf, key));
  if (!isObject(value)) return value;
  const members = Object.entries(value);
  const [, path] = members.find(([name, member]) => /^path$/i.test(name) && typeof member === 'string') ?? [];
  // What a PATCH sets is what its path says.
  const keyOf = (name: string): string => (typeof path === 'string' && /^value$/i.test(name) ? path : name);
  return Object.fromEntries(members.map(([name, member]) => [name, withReferences(member, idOf, keyOf(name))]));
}

/**
 * In which order operations can be done: each after those whose bulkId it names, otherwise as they stand.
 * @returns all places in that order, and why some of them can't be done: one names a bulkId that is nobody's, or itself
 * in a circle.
 */
export function inOrder(operations: BulkRequest['operations']): {
  order: number[];
  refusals: Map<number, Error>;
} {
  const places = new Map<string, number>();
  for (const [at, operation] of operations.entries()) {
    if (!('refusal' in operation) && operation.method === 'POST' && operation.bulkId !== undefined) {
      places.set(operation.bulkId, at);
    }
  }
  const order: number[] = [];
  const refusals = new Map<number, Error>();
  const state = new Map<number, 'open' | 'done'>();
  // A stack of our own: a chain of a thousand references is no reason to run out of another.
  for (const start of operations.keys()) {
    const stack = [start];
    for (let at = stack.at(-1); at !== undefined; at = stack.at(-1)) {
      const operation = operations[at];
      if (state.get(at) === 'done' || operation === undefined) {
        stack.pop();
        continue;
      }
      const needed = 'refusal' in operation ? [] : [...operation.references];
      const unknown = needed.find((bulkId) => !places.has(bulkId));
      const waitsFor = needed
        .map((bulkId) => places.get(bulkId) ?? -1)
        .filter((place) => place >= 0 && state.get(place) !== 'done');
      const circle = waitsFor.some((place) => place === at || state.get(place) === 'open');
      if (unknown === undefined && !circle && waitsFor.length > 0) {
        state.set(at, 'open');
        stack.push(...waitsFor);
        continue;
      }
      if (unknown !== undefined)
        refusals.set(at, invalidValue('A bulkId is referred to that no POST of this request has'));
      else if (circle) refusals.set(at, conflict('The bulkIds of these operations refer to each other in a circle'));
      order.push(at);
      state.set(at, 'done');
      stack.pop();
    }
  }
  return { order, refusals };
}
