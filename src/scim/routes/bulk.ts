import { UnavailableError } from '../../database/errors.js';
import type { InstanceId } from '../../ids.js';
import { limitEach } from '../../limit-each.js';
import type { KeepRefusedChange } from '../http/refused-change.js';
import type { ScimAnswer, ScimCall, ScimRoute } from '../http/scim-call.js';
import { toScimError } from '../http/scim-errors.js';
import {
  BULK_LIMITS,
  BULK_RESPONSE_SCHEMA,
  type BulkOperation,
  type BulkRequest,
  inOrder,
  parseBulkRequest,
  pathWithIds,
  withReferences,
} from '../protocol/bulk.js';
import { conflict, scimErrorBody } from '../protocol/errors.js';
import { isObject } from '../protocol/scim-object.js';
import { routeTable } from '../route-table.js';

/** Bulk requests of an instance that are under way at once. */
const AT_ONCE = 2;

/** What became of an operation, as the answer says it. */
interface Outcome {
  readonly method?: unknown;
  readonly bulkId?: unknown;
  readonly location?: string;
  readonly version?: string;
  readonly status: string;
  readonly response?: unknown;
}

/**
 * `/Bulk` (RFC 7644 section 3.7): each operation is what the request of its own would be.
 * @param keepRefusedChange is told of each operation that is refused
 * @param onFailure is told of what is no known refusal
 */
export function bulkRoute(
  routes: readonly ScimRoute[],
  keepRefusedChange: KeepRefusedChange,
  onFailure: (error: unknown, requestId: string) => void,
): ScimRoute {
  // Resources alone: a search among operations would be a list among changes.
  const findHandler = routeTable(routes.filter(({ path }) => !path.endsWith('/.search')));

  const perform = async (
    operation: BulkOperation,
    call: ScimCall,
    idOf: (bulkId: string) => string,
  ): Promise<ScimAnswer> => {
    const { handler, id } = findHandler(pathWithIds(operation.path, idOf), operation.method);
    const data = withReferences(operation.data, idOf);
    return handler({
      ...call,
      id,
      query: {},
      preconditions: { ifMatch: operation.version, ifNoneMatch: undefined },
      readBody: () => Promise.resolve(isObject(data) ? data : {}),
    });
  };

  const bulk = async (call: ScimCall): Promise<ScimAnswer> => {
    const { operations, failOnErrors } = parseBulkRequest(await call.readBody(BULK_LIMITS.maxPayloadSize));
    // The request itself is counted already; the operations that come with it are requests like any other.
    call.charge(operations.length - 1);
    const { order, refusals } = inOrder(operations);
    /** Set once PostgreSQL does not answer: what is left is not tried, or each would wait for it anew. */
    let away: UnavailableError | undefined;
    const outcomes: (Outcome | undefined)[] = [];
    const ids = new Map<string, string>();
    const idOf = (bulkId: string): string => {
      const id = ids.get(bulkId);
      if (id === undefined) throw conflict('An operation that this one refers to has failed');
      return id;
    };
    /** @returns false where it failed */
    const attempt = async (at: number): Promise<boolean> => {
      const operation = operations[at];
      try {
        if (operation === undefined || 'refusal' in operation) throw operation?.refusal;
        if (refusals.has(at)) throw refusals.get(at);
        if (away !== undefined) throw away;
        const answer = await perform(operation, call, idOf);
        const location = answer.headers?.['Location'] ?? `${call.baseUrl}${pathWithIds(operation.path, idOf)}`;
        if (operation.method === 'POST' && operation.bulkId !== undefined) {
          ids.set(operation.bulkId, location.slice(location.lastIndexOf('/') + 1));
        }
        const version = answer.headers?.['ETag'];
        outcomes[at] = {
          ...identityOf(operation),
          location,
          ...(version === undefined ? {} : { version }),
          status: String(answer.status),
        };
        return true;
      } catch (error) {
        if (error instanceof UnavailableError) away = error;
        const known = toScimError(error, String(call.by.requestId));
        if (known.status >= 500) onFailure(error, String(call.by.requestId));
        const { method = '', path = '' } = operation === undefined || 'refusal' in operation ? {} : operation;
        await keepRefusedChange(call, method, path, known);
        outcomes[at] = {
          ...identityOf(operation),
          ...locationOf(operation, call.baseUrl, ids),
          status: String(known.status),
          response: scimErrorBody(known),
        };
        return false;
      }
    };

    if (failOnErrors === undefined) await inRuns(operations, order, attempt);
    else await untilErrors(failOnErrors, order, attempt);
    return {
      status: 200,
      body: { schemas: [BULK_RESPONSE_SCHEMA], Operations: outcomes.filter((outcome) => outcome !== undefined) },
    };
  };

  // A lane of its own: what waits here has operations that wait in theirs.
  const limited = limitEach<InstanceId>(AT_ONCE);
  return { path: '/Bulk', handlers: { POST: (call) => limited(call.identity.instance, () => bulk(call)) } };
}

function identityOf(operation: BulkRequest['operations'][number] | undefined): Pick<Outcome, 'method' | 'bulkId'> {
  const { method, bulkId } = operation === undefined ? {} : 'refusal' in operation ? operation.given : operation;
  return { ...(method === undefined ? {} : { method }), ...(bulkId === undefined ? {} : { bulkId }) };
}

/** Where the resource of a failed operation is; nowhere for one that was to be made, or is not known. */
function locationOf(
  operation: BulkRequest['operations'][number] | undefined,
  baseUrl: string,
  ids: ReadonlyMap<string, string>,
): { location?: string } {
  if (operation === undefined || 'refusal' in operation || operation.method === 'POST') return {};
  const path = pathWithIds(operation.path, (bulkId) => ids.get(bulkId) ?? '');
  return path.endsWith('/') ? {} : { location: `${baseUrl}${path}` };
}

/** One after another, until so many have failed; what was not done is not in the answer. */
async function untilErrors(
  errors: number,
  order: readonly number[],
  attempt: (at: number) => Promise<boolean>,
): Promise<void> {
  let failed = 0;
  for (const at of order) if (!(await attempt(at)) && ++failed >= errors) return;
}

/**
 * In their order, except that new users who follow each other go side by side: they are stored in sets (`together`). One who
 * names another of them waits for those before.
 */
async function inRuns(
  operations: BulkRequest['operations'],
  order: readonly number[],
  attempt: (at: number) => Promise<boolean>,
): Promise<void> {
  let run: Promise<boolean>[] = [];
  let made = new Set<string | undefined>();
  const settle = async (): Promise<void> => {
    await Promise.all(run);
    run = [];
    made = new Set();
  };
  for (const at of order) {
    const operation = operations[at];
    if (operation === undefined) continue;
    const isCreate = !('refusal' in operation) && operation.method === 'POST' && operation.path === '/Users';
    if (!isCreate || [...operation.references].some((bulkId) => made.has(bulkId))) await settle();
    if (isCreate) {
      run.push(attempt(at));
      made.add(operation.bulkId);
    } else await attempt(at);
  }
  await settle();
}
