import assert from 'node:assert/strict';
import type { z } from 'zod';
import { adminRoutes } from '../../src/admin/admin-endpoint.js';
import { listOf } from '../../src/admin/page.js';
import type { AdminRoute } from '../../src/admin/route.js';
import * as schemas from '../../src/admin/schemas.js';
import { createApp } from '../../src/app.js';
import { createDeliverer } from '../../src/application/deliver.js';
import { listen } from '../../src/http/listen.js';
import { type EveryInstanceRole, issueOperatorToken } from '../../src/instances/operator-tokens.js';
import { createLog } from '../../src/telemetry/log.js';
import { type TestDatabase, testDatabase } from '../support/database.js';
import { BY_TEST, SECRET } from '../support/roster.js';

/** An answer that was held against the schemas of the OpenAPI document. */
interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
  /** The body as such a thing. @throws AssertionError where the status is another, ZodError where it is not one */
  readonly as: <Schema extends z.ZodType>(schema: Schema, status?: number) => z.output<Schema>;
  /** The refusal's code. @throws AssertionError where the status is another */
  readonly code: (status: number) => string;
}

interface Asked {
  readonly as?: EveryInstanceRole;
  /** Instead of the token of a role. */
  readonly token?: string;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Sent as it is. */
  readonly text?: string | Uint8Array;
  readonly headers?: Record<string, string>;
}

/** The front door on a port, without dispatcher and Temporal, so that kicks stay where a test can see them. */
export interface AdminServer {
  readonly database: TestDatabase;
  readonly routes: readonly AdminRoute[];
  readonly url: string;
  readonly tokens: Readonly<Record<EveryInstanceRole, string>>;
  /** How often the dispatcher would have been woken. */
  readonly wakes: () => number;
  /** Asks as an admin unless told otherwise. The path is below `/admin/v1`. */
  readonly ask: (method: string, path: string, asked?: Asked) => Promise<Answer>;
  readonly close: () => Promise<void>;
}

export const TEMPORAL_UI = { url: 'http://temporal.test:8233', namespace: 'default' };

/** @param allowPrivateApplications false as in production */
export async function startAdmin(allowPrivateApplications = true): Promise<AdminServer> {
  const database = await testDatabase();
  const { pool } = database;
  let wakes = 0;
  const deliverer = createDeliverer({ allowPrivate: allowPrivateApplications });
  const options = {
    pool,
    deliverer,
    allowPrivateApplications,
    secret: SECRET,
    temporalUi: TEMPORAL_UI,
    onWritten: () => void (wakes += 1),
  };
  const routes = adminRoutes(options);
  const app = createApp({
    ...options,
    adminPool: pool,
    listPool: pool,
    log: createLog({ logLevel: 'silent' }, 'server'),
    publicUrl: undefined,
    isRateLimited: false,
    requestLog: { note: () => undefined },
    isTemporalUp: () => Promise.resolve(true),
  });
  const handle = app.callback();
  const http = await listen((request, response) => void handle(request, response), '127.0.0.1', 0);
  const url = `http://127.0.0.1:${http.port}/admin/v1`;
  const tokenOf = async (role: EveryInstanceRole) =>
    (await issueOperatorToken(pool, SECRET, { label: role, role }, BY_TEST)).token;
  const tokens = {
    viewer: await tokenOf('viewer'),
    operator: await tokenOf('operator'),
    admin: await tokenOf('admin'),
  };

  const ask = async (
    method: string,
    path: string,
    { as = 'admin', token = tokens[as], body, text, headers }: Asked = {},
  ) => {
    const sent = text ?? (body === undefined ? undefined : JSON.stringify(body));
    const response = await fetch(`${url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(sent === undefined ? {} : { body: sent }),
    });
    const answer = answerOf(response, method === 'HEAD' ? '' : await response.text());
    if (method !== 'HEAD') checkAnswer(routes, method, path, answer);
    return answer;
  };
  return {
    database,
    routes,
    url,
    tokens,
    wakes: () => wakes,
    ask,
    close: async () => {
      await http.close(1_000);
      await database.close();
    },
  };
}

/** Every item of a list, page by page. */
export async function everyItem<Item extends z.ZodType>(
  { ask }: AdminServer,
  path: string,
  item: Item,
): Promise<z.output<Item>[]> {
  const items: z.output<Item>[] = [];
  let cursor: string | null = '';
  while (cursor !== null) {
    const page: { items: z.output<Item>[]; nextCursor: string | null } = (
      await ask('GET', cursor === '' ? path : `${path}${path.includes('?') ? '&' : '?'}cursor=${cursor}`)
    ).as(listOf(item).loose());
    items.push(...page.items);
    cursor = page.nextCursor;
  }
  return items;
}

/** A request of each route, with these put for the path's parameters. */
export const pathOf = (route: AdminRoute, parameters: { slug: string; id: string }): string =>
  route.path.replace('{slug}', parameters.slug).replace('{id}', parameters.id);

function answerOf(response: Response, text: string): Answer {
  const body: unknown = text === '' ? undefined : JSON.parse(text);
  return {
    status: response.status,
    headers: response.headers,
    body,
    as: (schema, status = 200) => {
      assert.equal(response.status, status, text);
      return schema.parse(body);
    },
    code: (status) => {
      assert.equal(response.status, status, text);
      return schemas.problem.parse(body).code;
    },
  };
}

/** Test is specification: what is answered is what the document says, no more and no less. */
function checkAnswer(routes: readonly AdminRoute[], method: string, path: string, answer: Answer): void {
  assert.equal(answer.headers.get('cache-control'), 'no-store');
  const given = path.split('?')[0]?.split('/') ?? [];
  const route = routes.find((candidate) => {
    const wanted = candidate.path.split('/');
    const fits = wanted.every((segment, at) => segment.startsWith('{') || segment === given[at]);
    return candidate.method === method && wanted.length === given.length && fits;
  });
  if (answer.status >= 400) {
    assert.equal(answer.headers.get('content-type'), 'application/problem+json');
    const { status, requestId } = schemas.problem.parse(answer.body);
    assert.equal(status, answer.status);
    assert.equal(requestId, answer.headers.get('x-request-id'));
    return;
  }
  assert.equal(answer.status, route?.status);
  if (route?.answer === undefined) assert.equal(answer.body, undefined);
  else route.answer.parse(answer.body);
}
