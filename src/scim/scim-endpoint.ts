import type Koa from 'koa';
import type { ScimIdentity, TokenLookup } from '../instances/authenticate-token.js';
import { authenticate } from './http/authenticate.js';
import { rateLimiter } from './http/rate-limit.js';
import { readBody } from './http/read-body.js';
import type { ScimAnswer, ScimCall, ScimRoute } from './http/scim-call.js';
import { routeTable } from './route-table.js';

const SCIM_PATH = '/scim/v2';
export const SCIM_MEDIA_TYPE = 'application/scim+json';

const MAX_BODY_BYTES = 1024 * 1024;

/**
 * The SCIM endpoint as Koa middleware: everything below `/scim/` is authenticated before it is even looked up, and a
 * handler takes what only that gives, so a route can't be mounted without it.
 */
export function scimEndpoint(
  routes: readonly ScimRoute[],
  lookup: TokenLookup<ScimIdentity>,
  { publicUrl, isRateLimited }: { readonly publicUrl: string | undefined; readonly isRateLimited: boolean },
): Koa.Middleware {
  const findHandler = routeTable(routes);
  const assertRate = isRateLimited ? rateLimiter() : undefined;

  return async function scim(context, next) {
    if (!context.path.startsWith('/scim/')) {
      await next();
      return;
    }
    const identity = await authenticate(context.req.headersDistinct['authorization'], lookup);
    const { handler, id } = findHandler(pathBelow(context.path), context.method);
    assertRate?.(identity);
    const { headers } = context.req;
    const requestId = String(context.state['requestId']);
    const call: ScimCall = {
      identity,
      by: { actor: `scim:${identity.tokenId}`, source: 'scim', requestId },
      id,
      query: context.query,
      preconditions: { ifMatch: headers['if-match'], ifNoneMatch: headers['if-none-match'] },
      baseUrl: `${publicUrl ?? `${context.protocol}://${context.host}`}${SCIM_PATH}`,
      readBody: (maxBytes = MAX_BODY_BYTES) => readBody(context.req, maxBytes),
    };
    send(context, await handler(call));
  };
}

/** What stands below the base URL; nothing where the path is another's. */
const pathBelow = (path: string): string => (path.startsWith(`${SCIM_PATH}/`) ? path.slice(SCIM_PATH.length) : '');

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
