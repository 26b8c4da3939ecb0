import assert from 'node:assert/strict';
import { issueOperatorToken, OPERATOR_ROLES, type OperatorRole } from '../../src/instances/operator-tokens.js';
import { BY_TEST, SECRET } from '../support/roster.js';
import { emptyInstance } from '../support/steps.js';
import { type AdminServer, pathOf, startAdmin } from './admin-server.js';

/** Who may do what: written down here once more, so that a change of a route's role is seen. */
const LEAST_ROLE: Record<string, OperatorRole> = {
  'GET /instances': 'viewer',
  'POST /instances': 'admin',
  'GET /instances/{slug}': 'viewer',
  'PATCH /instances/{slug}': 'operator',
  'GET /instances/{slug}/tokens': 'viewer',
  'POST /instances/{slug}/tokens': 'operator',
  'POST /instances/{slug}/tokens/{id}/rotate': 'operator',
  'DELETE /instances/{slug}/tokens/{id}': 'operator',
  'GET /instances/{slug}/accounts': 'application',
  'GET /instances/{slug}/accounts/{id}': 'application',
  'GET /instances/{slug}/accounts/{id}/story': 'viewer',
  'PATCH /instances/{slug}/accounts/{id}': 'operator',
  'GET /instances/{slug}/teams': 'application',
  'GET /instances/{slug}/teams/{id}': 'application',
  'GET /instances/{slug}/progress': 'viewer',
  'GET /instances/{slug}/health': 'viewer',
  'GET /instances/{slug}/requests': 'viewer',
  'POST /instances/{slug}/accounts/{id}/actions': 'operator',
  'POST /instances/{slug}/actions': 'operator',
  'GET /instances/{slug}/application/secrets': 'admin',
  'POST /instances/{slug}/application/secrets': 'admin',
  'DELETE /instances/{slug}/application/secrets/{id}': 'admin',
  'POST /instances/{slug}/application/test': 'operator',
  'POST /instances/{slug}/application/resend': 'operator',
  'GET /instances/{slug}/events': 'application',
  'GET /instances/{slug}/audit': 'viewer',
  'GET /instances/{slug}/imports': 'viewer',
  'POST /instances/{slug}/imports': 'operator',
  'GET /imports/{id}': 'viewer',
  'GET /imports/{id}/events': 'viewer',
  'GET /imports/{id}/rows': 'viewer',
  'GET /imports/{id}/rejects': 'viewer',
  'POST /imports/{id}/actions': 'operator',
  'GET /token': 'viewer',
  'GET /operator-tokens': 'admin',
  'POST /operator-tokens': 'admin',
  'DELETE /operator-tokens/{id}': 'admin',
  'GET /openapi.json': 'viewer',
};

describe('roles of operator tokens', () => {
  let admin: AdminServer;
  let slug: string;
  let tokens: Readonly<Record<OperatorRole, string>>;
  before(async () => {
    admin = await startAdmin();
    const { pool } = admin.database;
    slug = await emptyInstance(pool);
    const issued = await issueOperatorToken(pool, SECRET, { label: 'x', role: 'application', instance: slug }, BY_TEST);
    tokens = { ...admin.tokens, application: issued.token };
  });
  after(() => admin.close());

  it('are decided for every route', () => {
    assert.deepEqual(
      admin.routes.map(({ method, path }) => `${method} ${path}`).toSorted(),
      Object.keys(LEAST_ROLE).toSorted(),
    );
  });

  for (const [endpoint, least] of Object.entries(LEAST_ROLE)) {
    for (const role of OPERATOR_ROLES) {
      const allowed = OPERATOR_ROLES.indexOf(role) >= OPERATOR_ROLES.indexOf(least);
      it(`${role} ${allowed ? 'may' : 'may not'} ${endpoint}`, async () => {
        const route = admin.routes.find(({ method, path }) => `${method} ${path}` === endpoint);
        assert.ok(route);
        // A body that nobody could read: whoever is not allowed is told that, and nothing of the body.
        const takesBody = route.input.body !== undefined || route.input.uploads !== undefined;
        const asked = !takesBody ? {} : { text: '{', headers: { 'content-type': 'text/plain' } };
        const answer = await admin.ask(route.method, pathOf(route, { slug, id: 'nobody' }), {
          token: tokens[role],
          ...asked,
        });
        if (!allowed) assert.equal(answer.code(403), 'forbidden');
        else if (takesBody) assert.equal(answer.code(415), 'unsupported_media_type');
        // The instance has no application to do anything with.
        else assert.equal(answer.status, route.path.includes('{id}') || route.method === 'POST' ? 404 : 200);
      });
    }
  }

  it('who is not allowed is not told either whether an instance is there', async () => {
    for (const token of [tokens.application, tokens.viewer]) {
      const answer = await admin.ask('PATCH', '/instances/not-there', { token, body: {} });
      assert.equal(answer.code(403), 'forbidden');
    }
  });
});
