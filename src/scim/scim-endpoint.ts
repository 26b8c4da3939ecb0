import type Koa from 'koa';
import type { Actor } from '../directory/users.js';
import type { ScimIdentity, TokenLookup } from '../instances/authenticate-token.js';
import { authenticate, tokenOf } from './http/authenticate.js';
import { rateLimiter } from './http/rate-limit.js';
import { readBody } from './http/read-body.js';
import type { KeepRefusedChange } from './http/refused-change.js';
import { type RequestLog, type RequestOutcome, requestEntry } from './http/request-log.js';
import type { ScimAnswer, ScimRoute } from './http/scim-call.js';
import { toScimError } from './http/scim-errors.js';
import { routeTable } from './route-table.js';

const SCIM_PATH = '/scim/v2';
export const SCIM_MEDIA_TYPE = 'application/scim+json';

const MAX_BODY_BYTES = 1024 * 1024;

export interface ScimEndpointOptions {
  readonly publicUrl: string | undefined;
  /** Whether SCIM tokens are held to their instance's rate limit. */
  readonly isRateLimited: boolean;
  readonly requestLog: RequestLog;
  readonly keepRefusedChange: KeepRefusedChange;
  /** The digest by which a token is known, for the log of those that are refused. */
  readonly digestOf: (token: string) => Buffer;
}

/**
 * The SCIM endpoint as Koa middleware: everything below `/scim/` is authenticated before it is even looked up, and a
 * handler takes what only that gives, so a route can't be mounted without it.
 */
export function scimEndpoint(
  routes: readonly ScimRoute[],
  lookup: TokenLookup<ScimIdentity>,
  options: ScimEndpointOptions,
): Koa.Middleware {
  const findHandler = routeTable(routes);
  const { requestLog } = options;
  const assertRate = options.isRateLimited ? rateLimiter() : undefined;

  return async function scim(context, next) {
    if (!context.path.startsWith('/scim/')) {
      await next();
      return;
    }
    const began = performance.now();
    const note: Noted = { receivedAt: new Date(), identity: undefined, body: undefined };
    try {
      const answer = await handle(context, note);
      send(context, answer);
      noteRequest(context, note, began, answer);
    } catch (error) {
      const requestId = String(context.state['requestId']);
      const known = toScimError(error, requestId);
      noteRequest(context, note, began, known);
      if (note.identity !== undefined) {
        const asked = { identity: note.identity, by: actorOf(note.identity, context, note) };
        await options.keepRefusedChange(asked, context.method, pathBelow(context.path), known);
      }
      throw error;
    }
  };

  function noteRequest(context: Koa.Context, noted: Noted, began: number, outcome: RequestOutcome): void {
    const ms = performance.now() - began;
    requestLog.note(outcome.status, noted.identity?.instance, () => {
      const refused = noted.identity === undefined ? tokenOf(context.get('authorization')) : undefined;
      return requestEntry({
        ...noted,
        digest: refused === undefined ? undefined : options.digestOf(refused),
        method: context.method,
        path: context.path,
        parameters: Object.keys(context.query),
        requestId: String(context.state['requestId']),
        ms,
        outcome,
      });
    });
  }

  async function handle(context: Koa.Context, note: Noted): Promise<ScimAnswer> {
    const identity = await authenticate(context.req.headersDistinct['authorization'], lookup);
    note.identity = identity;
    assertRate?.(identity);
    const { handler, template, id } = findHandler(pathBelow(context.path), context.method);
    context.state['route'] = template;
    const { headers } = context.req;
    return handler({
      identity,
      by: actorOf(identity, context, note),
      id,
      query: context.query,
      preconditions: { ifMatch: headers['if-match'], ifNoneMatch: headers['if-none-match'] },
      charge: (requests) => assertRate?.(identity, requests),
      baseUrl: `${options.publicUrl ?? `${context.protocol}://${context.host}`}${SCIM_PATH}`,
      readBody: async (maxBytes = MAX_BODY_BYTES) => {
        const body = await readBody(context.req, maxBytes);
        if (identity.logsBodies) note.body = body;
        return body;
      },
    });
  }
}

const actorOf = ({ tokenId }: ScimIdentity, context: Koa.Context, { receivedAt }: Noted): Actor => ({
  actor: `scim:${tokenId}`,
  source: 'scim',
  requestId: String(context.state['requestId']),
  receivedAt,
});

/** What is known of a request as it goes. */
interface Noted {
  readonly receivedAt: Date;
  identity: ScimIdentity | undefined;
  body: unknown;
}

/** What stands below the base URL, which may be given to Okta with a slash at its end; nothing where the path is another's. */
const pathBelow = (path: string): string =>
  path.startsWith(`${SCIM_PATH}/`) ? path.slice(SCIM_PATH.length).replace(/^\/+/, '/') : '';

/** People's data: not for caches, and not to be taken for anything but what it is. */
const HEADERS = { 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' };

/** Written past Koa's own setters, which look at each header anew: an answer is most of what a read costs here. */
function send(context: Koa.Context, { status, body, headers }: ScimAnswer): void {
  context.respond = false;
  const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
  context.res
    .writeHead(status, {
      ...HEADERS,
      ...headers,
      ...(text === undefined
        ? undefined
        : { 'Content-Type': SCIM_MEDIA_TYPE, 'Content-Length': Buffer.byteLength(text) }),
    })
    .end(text);
}
