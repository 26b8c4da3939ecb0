import { OpenAPIRegistry, OpenApiGeneratorV31, type ResponseConfig } from '@asteasolutions/zod-to-openapi';
import { z } from 'zod';
import { OPERATOR_ROLES } from '../instances/operator-tokens.js';
import { type AdminRoute, nothing, route } from './route.js';
import { problem } from './schemas.js';

const document = z.looseObject({ openapi: z.string() });

/** `/openapi.json`: the document of these routes and of itself. */
export function openapiRoute(routes: readonly AdminRoute[], basePath: string): AdminRoute {
  let made: z.input<typeof document> | undefined;
  const own = route({
    name: 'getOpenapi',
    summary: 'This document',
    method: 'GET',
    path: '/openapi.json',
    role: 'viewer',
    input: nothing,
    status: 200,
    answer: document,
    handle: async () => {
      made ??= openapiDocument([...routes, own], basePath);
      return made;
    },
  });
  return own;
}

/** The OpenAPI 3.1 document, from the very schemas by which the routes validate and answer. */
function openapiDocument(routes: readonly AdminRoute[], basePath: string): z.input<typeof document> {
  const registry = new OpenAPIRegistry();
  const { name: scheme } = registry.registerComponent('securitySchemes', 'operatorToken', {
    type: 'http',
    scheme: 'bearer',
    description: `An operator token. Each role may do what the ones before it may: ${OPERATOR_ROLES.join(', ')}. A token of role application reads one instance. The role that an operation names is the least that it needs.`,
  });
  for (const route of routes) {
    registry.registerPath({
      method: METHODS[route.method],
      path: route.path,
      operationId: route.name,
      summary: route.summary,
      description: `Needs the role ${route.role}${route.role === MOST ? '' : ' or above'}.`,
      security: [{ [scheme]: [route.role] }],
      request: {
        params: z.object(Object.fromEntries(parametersOf(route.path).map((name) => [name, z.string()]))),
        ...(route.input.query && { query: route.input.query }),
        ...(route.input.uploads && {
          body: {
            required: true,
            content: Object.fromEntries(route.input.uploads.map((type) => [type, { schema: z.string() }])),
          },
        }),
        ...(route.input.body && {
          body: { required: true, content: { 'application/json': { schema: route.input.body } } },
        }),
      },
      responses: responsesOf(route),
    });
  }
  const generated = new OpenApiGeneratorV31(registry.definitions).generateDocument({
    openapi: '3.1.0',
    info: { title: 'Roster admin API', version: '1' },
    servers: [{ url: basePath }],
  });
  return { ...generated };
}

const [LEAST] = OPERATOR_ROLES;
const MOST = OPERATOR_ROLES.at(-1);

const METHODS = { GET: 'get', POST: 'post', PATCH: 'patch', DELETE: 'delete' } as const;

const parametersOf = (path: string): string[] => [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);

/** The route's own answer, and every refusal that its shape makes possible. */
function responsesOf({
  status,
  answer,
  path,
  role,
  input,
  missing,
  conflict,
  unprocessable,
  gone,
  downloads = [],
}: AdminRoute): Record<string, ResponseConfig> {
  return {
    [status]: {
      description: status === 204 ? 'Done' : status === 201 ? 'Created' : status === 202 ? 'Accepted' : 'OK',
      ...(status !== 204 && {
        content: {
          ...(answer && { 'application/json': { schema: answer } }),
          ...Object.fromEntries(downloads.map((type) => [type, { schema: z.string() }])),
        },
      }),
    },
    400: refusal('The request is not valid; the detail lists every fault.'),
    401: refusal('There is no valid operator token.'),
    ...(role !== LEAST && { 403: refusal(`The token's role is below ${role}.`) }),
    ...(parametersOf(path).length > 0 && {
      404: refusal('There is no such thing in this instance, or no such instance.'),
    }),
    ...(missing !== undefined && { 404: refusal(missing) }),
    ...(conflict !== undefined && { 409: refusal(conflict) }),
    ...(unprocessable !== undefined && { 422: refusal(unprocessable) }),
    ...(gone !== undefined && { 410: refusal(gone) }),
    ...(input.body && {
      413: refusal('The body is larger than 1 MiB.'),
      415: refusal('The body is not application/json.'),
    }),
    ...(input.uploads && { 415: refusal(`The body is none of ${input.uploads.join(', ')}.`) }),
    500: refusal('Something that Roster did not foresee; the detail has the request id.'),
    503: refusal('PostgreSQL is not available; try again after Retry-After seconds.'),
  };
}

const refusal = (description: string): ResponseConfig => ({
  description,
  content: { 'application/problem+json': { schema: problem } },
});
