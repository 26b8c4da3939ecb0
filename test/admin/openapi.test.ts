import assert from 'node:assert/strict';
import { z } from 'zod';
import { type AdminServer, startAdmin } from './admin-server.js';

const operation = z.looseObject({
  operationId: z.string(),
  security: z.array(z.record(z.string(), z.array(z.string()))),
  parameters: z.array(z.looseObject({ name: z.string(), in: z.enum(['path', 'query']) })).default([]),
  requestBody: z.looseObject({ content: z.record(z.string(), z.unknown()) }).optional(),
  responses: z.record(z.string(), z.looseObject({ content: z.record(z.string(), z.unknown()).optional() })),
});
const document = z.looseObject({
  openapi: z.string(),
  servers: z.array(z.looseObject({ url: z.string() })),
  paths: z.record(z.string(), z.record(z.string(), operation)),
  components: z.looseObject({
    schemas: z.record(z.string(), z.unknown()),
    securitySchemes: z.record(z.string(), z.looseObject({ type: z.string(), scheme: z.string() })),
  }),
});

/** What can be had as a file or as it comes, too or only. */
const DOWNLOADS: Readonly<Record<string, readonly string[]>> = {
  'GET /instances/{slug}/audit': ['application/json', 'text/csv', 'application/x-ndjson'],
  'GET /imports/{id}/events': ['text/event-stream'],
  'GET /imports/{id}/rejects': ['text/csv'],
};

describe('the OpenAPI document', () => {
  let admin: AdminServer;
  let shown: z.output<typeof document>;
  let operations: { endpoint: string; said: z.output<typeof operation> }[];
  before(async () => {
    admin = await startAdmin();
    shown = (await admin.ask('GET', '/openapi.json', { as: 'viewer' })).as(document);
    operations = Object.entries(shown.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, said]) => ({ endpoint: `${method.toUpperCase()} ${path}`, said })),
    );
  });
  after(() => admin.close());

  it('is version 3.1 and says where the API is', () => {
    assert.match(shown.openapi, /^3\.1\./);
    assert.deepEqual(shown.servers, [{ url: '/admin/v1' }]);
  });

  it('has every route that is mounted, and no other', async () => {
    assert.deepEqual(
      operations.map(({ endpoint }) => endpoint).toSorted(),
      admin.routes.map(({ method, path }) => `${method} ${path}`).toSorted(),
    );
    for (const { endpoint } of operations) {
      const [method = '', path = ''] = endpoint.split(' ');
      // A body that is no JSON shows that the route is there, and does nothing.
      const text =
        method === 'POST' || method === 'PATCH' ? { text: '{', headers: { 'content-type': 'application/json' } } : {};
      const answer = await admin.ask(method, path.replace('{slug}', 'x').replace('{id}', 'x'), text);
      const code = answer.status < 400 ? '' : answer.code(answer.status);
      assert.ok(
        ['', 'invalid_json', 'instance_unknown', 'token_unknown', 'not_found'].includes(code),
        `${endpoint}: ${code}`,
      );
    }
  });

  it('says of each operation what it answers where it fails', () => {
    for (const { endpoint, said } of operations) {
      for (const status of ['400', '401', '500', '503']) {
        assert.ok(said.responses[status]?.content?.['application/problem+json'], `${endpoint} ${status}`);
      }
    }
  });

  it('gives each operation a name of its own, and the token it needs', () => {
    const names = operations.map(({ said }) => said.operationId);
    assert.equal(new Set(names).size, names.length);
    for (const { endpoint, said } of operations) {
      const route = admin.routes.find(({ method, path }) => `${method} ${path}` === endpoint);
      assert.deepEqual(said.security, [{ operatorToken: [route?.role] }], endpoint);
    }
    assert.equal(shown.components.securitySchemes['operatorToken']?.scheme, 'bearer');
  });

  it('says what each takes and answers, refusals too', () => {
    for (const { endpoint, said } of operations) {
      const inPath = said.parameters.filter((parameter) => parameter.in === 'path').map(({ name }) => name);
      assert.deepEqual(
        inPath,
        [...endpoint.matchAll(/\{(\w+)\}/g)].map(([, name]) => name),
      );
      const changes = /^(POST|PATCH)/.test(endpoint);
      const takesBody = changes && !/application\/(?:secrets|test)/.test(endpoint);
      assert.equal(said.requestBody !== undefined, takesBody, endpoint);
      // A file is as large as it is.
      const isUpload = endpoint === 'POST /instances/{slug}/imports';
      const statuses = Object.keys(said.responses);
      for (const status of [
        '401',
        '503',
        ...(changes ? ['400'] : []),
        // All but what the least of the roles may.
        ...(/^GET .*\/(?:accounts|teams|events)(?:\/\{id\})?$/.test(endpoint) ? [] : ['403']),
        ...(takesBody ? ['415', ...(isUpload ? [] : ['413'])] : []),
        ...(inPath.length > 0 || endpoint === 'POST /operator-tokens' ? ['404'] : []),
      ]) {
        assert.ok(statuses.includes(status), `${endpoint} ${status}`);
      }
      for (const [status, { content = {} }] of Object.entries(said.responses)) {
        const answers = status === '204' ? [] : (DOWNLOADS[endpoint] ?? ['application/json']);
        const type = Number(status) >= 400 ? ['application/problem+json'] : answers;
        assert.deepEqual(Object.keys(content), type, `${endpoint} ${status}`);
      }
    }
  });

  it('lists the query parameters', () => {
    const names = (endpoint: string) =>
      operations
        .find((one) => one.endpoint === endpoint)
        ?.said.parameters.filter((parameter) => parameter.in === 'query')
        .map(({ name }) => name);
    assert.deepEqual(names('GET /instances/{slug}/accounts'), [
      'userName',
      'status',
      'managerId',
      'teamId',
      'cursor',
      'limit',
    ]);
    assert.deepEqual(names('GET /instances/{slug}/progress'), ['stage', 'cursor', 'limit']);
  });

  it('refers to nothing that it does not have', () => {
    const references = [...JSON.stringify(shown).matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)];
    assert.ok(references.length > 20);
    for (const [, name = ''] of references) assert.ok(name in shown.components.schemas, name);
  });
});
