import type Koa from 'koa';
import type pg from 'pg';
import type { Deliverer } from '../application/deliver.js';
import type { Actor } from '../directory/users.js';
import type { TemporalUi } from '../dispatch/temporal-ui.js';
import { instanceUnknown } from '../errors.js';
import type { KeepRefusal } from '../http/keep-refusal.js';
import { INSTALLATION, type InstanceId, isInstanceId, isUserId } from '../ids.js';
import type { OperatorIdentity, TokenLookup } from '../instances/authenticate-token.js';
import { showInstance } from '../instances/instances.js';
import { readBody } from '../scim/http/read-body.js';
import { accountRoutes } from './accounts.js';
import { actionRoutes } from './actions.js';
import { applicationRoutes } from './application.js';
import { auditRoutes } from './audit.js';
import { authenticate, authorize } from './authenticate.js';
import { begun, whileAllowed } from './download.js';
import { eventRoutes } from './events.js';
import { healthRoutes } from './health.js';
import { importRoutes } from './imports.js';
import { instanceRoutes } from './instances.js';
import { openapiRoute } from './openapi.js';
import { methodNotAllowed, notFound, problemOf } from './problem.js';
import { progressRoutes } from './progress.js';
import { requestRoutes } from './requests.js';
import { type AdminRoute, Download, Located } from './route.js';
import { storyRoutes } from './story.js';
import { teamRoutes } from './teams.js';
import { operatorTokenRoutes, scimTokenRoutes } from './tokens.js';

const ADMIN_PATH = '/admin/v1';

const MAX_BODY_BYTES = 1024 * 1024;
const MEDIA_TYPES = ['application/json'];

/** People's data: not for caches, refusals neither, and not to be taken for anything but what it is. */
const HEADERS = { 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' };

export interface AdminRoutesOptions {
  readonly pool: pg.Pool;
  readonly deliverer: Deliverer;
  /** Whether an application may be in a private network, and be reached without TLS. */
  readonly allowPrivateApplications: boolean;
  /** Key of the token digests. */
  readonly secret: string;
  readonly temporalUi: TemporalUi;
  /** Called after each committed write, to wake the dispatcher. */
  readonly onWritten: () => void;
}

export interface AdminOptions extends AdminRoutesOptions {
  readonly lookup: TokenLookup<OperatorIdentity>;
  readonly keepRefusal: KeepRefusal;
}

/** Every route of the admin API. */
export function adminRoutes(options: AdminRoutesOptions): AdminRoute[] {
  const routes = [
    ...instanceRoutes(options),
    ...scimTokenRoutes(options),
    ...accountRoutes(options),
    ...teamRoutes(options),
    ...progressRoutes(options),
    ...healthRoutes(options),
    ...requestRoutes(options),
    ...actionRoutes(options),
    ...storyRoutes(options),
    ...applicationRoutes(options),
    ...eventRoutes(options),
    ...auditRoutes(options),
    ...importRoutes(options),
    ...operatorTokenRoutes(options),
  ];
  return [...routes, openapiRoute(routes, ADMIN_PATH)];
}

/**
 * The admin API as Koa middleware: everything below `/admin/` is authenticated before it is even looked up, and a route
 * that names no role can't be written. The role is checked before anything else of the request is looked at.
 */
export function adminEndpoint(options: AdminOptions): Koa.Middleware {
  const { pool, lookup, keepRefusal } = options;
  const routes = adminRoutes(options);

  return async function admin(context, next) {
    if (!context.path.startsWith('/admin/')) {
      await next();
      return;
    }
    context.set(HEADERS);
    const identity = await authenticate(context.req.headersDistinct['authorization'], lookup);
    const { route, parameters } = findRoute(routes, context.path, context.method);
    context.state['route'] = route.path;
    const { slug = '', id = '' } = parameters;
    const requestId = String(context.state['requestId']);
    const assertAllowed = async (): Promise<void> =>
      authorize(await authenticate(context.req.headersDistinct['authorization'], lookup), route.role);
    const by: Actor = { actor: `operator:${identity.tokenId}`, source: 'admin', requestId };
    const handle = async () => {
      authorize(identity, route.role);
      return route.handle({
        by,
        role: identity.role,
        id,
        query: context.query,
        accepts: (...types) => context.accepts(types),
        findInstance: () => findInstance(pool, slug, identity),
        upload: {
          bytes: context.req,
          type: context.request.type.toLowerCase(),
          charset: context.request.charset.toLowerCase(),
          isEncoded: (context.get('content-encoding') || 'identity').toLowerCase() !== 'identity',
          idempotencyKey: context.get('idempotency-key') || null,
        },
        readBody: () => readBody(context.req, MAX_BODY_BYTES, MEDIA_TYPES),
      });
    };
    const answer = await handle().catch(async (error: unknown) => {
      const { status, code } = problemOf(error, requestId);
      if (route.method !== 'GET') {
        const named = isInstanceId(slug) ? slug : await route.instanceOf?.(id).catch(() => undefined);
        const instance = identity.instance ?? named ?? INSTALLATION;
        const userId = route.path.includes('/accounts/{id}') && isUserId(id) ? id : undefined;
        await keepRefusal({ instance, by, action: route.audited ?? route.name, userId, reason: code }, status);
      }
      throw error;
    });
    const download = answer instanceof Download ? await begun(whileAllowed(answer.text, assertAllowed)) : undefined;
    context.status = route.status;
    if (answer === undefined) return;
    if (answer instanceof Download) {
      context.type = answer.type;
      context.body = download;
      return;
    }
    if (answer instanceof Located) context.set('Location', `${ADMIN_PATH}${answer.location}`);
    context.body = JSON.stringify(answer instanceof Located ? answer.body : answer);
    context.type = 'application/json';
  };
}

/** A slug of any shape. To a token of one instance there is no other. @throws RefusedError `instance_unknown` */
async function findInstance(pool: pg.Pool, slug: string, { instance }: OperatorIdentity): Promise<InstanceId> {
  if (!isInstanceId(slug) || (instance !== null && instance !== slug)) throw instanceUnknown(slug);
  return (await showInstance(pool, slug)).slug;
}

/** @throws ProblemError 404 for an unknown path, 405 for a verb that a known one does not take */
function findRoute(
  routes: readonly AdminRoute[],
  path: string,
  method: string,
): { route: AdminRoute; parameters: Record<string, string> } {
  const found = routes.flatMap((route) => {
    const parameters = match(`${ADMIN_PATH}${route.path}`, path);
    return parameters === undefined ? [] : [{ route, parameters }];
  });
  if (found.length === 0) throw notFound('There is no such endpoint.');
  const verb = method === 'HEAD' ? 'GET' : method;
  const taken = found.find(({ route }) => route.method === verb);
  if (taken === undefined) throw methodNotAllowed(found.map(({ route }) => route.method));
  return taken;
}

/** The parameters of a path where it is of this template. */
function match(template: string, path: string): Record<string, string> | undefined {
  const wanted = template.split('/');
  const given = path.split('/');
  if (wanted.length !== given.length) return undefined;
  const parameters: Record<string, string> = {};
  for (const [place, segment] of wanted.entries()) {
    const text = given[place] ?? '';
    if (segment.startsWith('{')) parameters[segment.slice(1, -1)] = decoded(text);
    else if (segment !== text) return undefined;
  }
  return parameters;
}

/** A segment as its client meant it; what is not well encoded stays as it is, and is nobody's id. */
function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
