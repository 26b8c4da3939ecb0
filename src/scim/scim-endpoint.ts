import type Koa from 'koa';
import type { ScimIdentity, TokenLookup } from '../instances/authenticate-token.js';
import { authenticate } from './http/authenticate.js';
import { readBody } from './http/read-body.js';
import type { ScimAnswer, ScimCall, ScimHandler, ScimRoute } from './http/scim-call.js';
import { methodNotAllowed, unknownEndpoint } from './protocol/errors.js';

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
  publicUrl: string | undefined,
): Koa.Middleware {
  const table = new Map(routes.map((route) => [route.path, route]));

  return async function scim(context, next) {
    if (!context.path.startsWith('/scim/')) {
      await next();
      return;
    }
    const identity = await authenticate(context.req.headersDistinct['authorization'], lookup);
    const { handler, id } = findHandler(table, context.path, context.method);
    const requestId = String(context.state['requestId']);
    const call: ScimCall = {
      identity,
      by: { actor: `scim:${identity.tokenId}`, source: 'scim', requestId },
      id,
      query: context.query,
      baseUrl: `${publicUrl ?? `${context.protocol}://${context.host}`}${SCIM_PATH}`,
      readBody: () => readBody(context.req, MAX_BODY_BYTES),
    };
    send(context, await handler(call));
  };
}

/** @throws ScimError 404 for an unknown path, 405 for a verb that a known one does not take */
function findHandler(
  table: ReadonlyMap<string, ScimRoute>,
  path: string,
  method: string,
): { handler: ScimHandler; id: string } {
  const below = path.startsWith(`${SCIM_PATH}/`) ? path.slice(SCIM_PATH.length) : '';
  const end = below.lastIndexOf('/');
  const route = table.get(below) ?? (end > 0 ? table.get(`${below.slice(0, end)}/:id`) : undefined);
  const id = decoded(below.slice(end + 1));
  if (route === undefined || id === '') throw unknownEndpoint();
  const { handlers } = route;
  const verb = method === 'HEAD' ? 'GET' : method;
  const handler = Object.hasOwn(handlers, verb) ? handlers[verb as keyof typeof handlers] : undefined;
  if (handler === undefined) throw methodNotAllowed(Object.keys(handlers));
  return { handler, id: route.path.endsWith('/:id') ? id : '' };
}

/** A segment as its client meant it; what is not well encoded stays as it is, and is nobody's id. */
function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

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
