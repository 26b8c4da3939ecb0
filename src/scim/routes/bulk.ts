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

/** What became of an operation, as the answer says it. */
interface Outcome {
  readonly method?: unknown;
  readonly bulkId?: unknown;
  readonly location?: string;
  readonly version?: string;
  readonly status: string;
  readonly response?: unknown;
}

/** New users are stored in sets (`together`), so many of them may be under way; anything else takes a connection each. */
const CREATES_AT_ONCE = 256;
const OTHERS_AT_ONCE = 4;

/** `/Bulk` (RFC 7644 section 3.7): each operation is what the request of its own would be. */
export function bulkRoute(routes: readonly ScimRoute[]): ScimRoute {
  const findHandler = routeTable(routes);

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
    const { order, refusals } = inOrder(operations);
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
        const known = toScimError(error, String(call.by.requestId));
        outcomes[at] = { ...identityOf(operation), status: String(known.status), response: scimErrorBody(known) };
        return false;
      }
    };

    const all = [...order, ...refusals.keys()];
    if (failOnErrors === undefined) await sideBySide(operations, all, attempt);
    else await untilErrors(failOnErrors, all, attempt);
    return {
      status: 200,
      body: { schemas: [BULK_RESPONSE_SCHEMA], Operations: outcomes.filter((outcome) => outcome !== undefined) },
    };
  };

  return { path: '/Bulk', handlers: { POST: bulk } };
}

function identityOf(operation: BulkRequest['operations'][number] | undefined): Pick<Outcome, 'method' | 'bulkId'> {
  const { method, bulkId } = operation === undefined ? {} : 'refusal' in operation ? operation.given : operation;
  return { ...(method === undefined ? {} : { method }), ...(bulkId === undefined ? {} : { bulkId }) };
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

/** Side by side, as far as they do not need each other: each after those that it names, and after the last on the same path. */
async function sideBySide(
  operations: BulkRequest['operations'],
  order: readonly number[],
  attempt: (at: number) => Promise<boolean>,
): Promise<void> {
  const [creates, others] = [limited(CREATES_AT_ONCE), limited(OTHERS_AT_ONCE)];
  const done = new Map<number, Promise<unknown>>();
  const creatorOf = new Map(
    operations.map((operation, at) => ['bulkId' in operation ? operation.bulkId : undefined, at]),
  );
  const lastOn = new Map<string, Promise<unknown>>();
  for (const at of order) {
    const operation = operations[at];
    if (operation === undefined) continue;
    if ('refusal' in operation) {
      done.set(at, attempt(at));
      continue;
    }
    const needed = [...operation.references].map(async (bulkId) => done.get(creatorOf.get(bulkId) ?? -1));
    const isCreate = operation.method === 'POST';
    const before = isCreate ? needed : [...needed, lastOn.get(operation.path) ?? Promise.resolve()];
    const limit = isCreate && operation.path === '/Users' ? creates : others;
    const mine = Promise.all(before).then(() => limit(() => attempt(at)));
    done.set(at, mine);
    if (!isCreate) lastOn.set(operation.path, mine);
  }
  await Promise.all(done.values());
}

/** Lets so many of its tasks run at once. */
function limited(atOnce: number): (task: () => Promise<unknown>) => Promise<void> {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async (task) => {
    if (running >= atOnce) await new Promise<void>((resolve) => waiting.push(resolve));
    running++;
    try {
      await task();
    } finally {
      running--;
      waiting.shift()?.();
    }
  };
}
