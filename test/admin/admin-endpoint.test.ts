import assert from 'node:assert/strict';
import { problem } from '../../src/admin/schemas.js';
import { listAudit } from '../../src/directory/audit-list.js';
import { INSTALLATION, type InstanceId } from '../../src/ids.js';
import { issueOperatorToken, revokeOperatorToken } from '../../src/instances/operator-tokens.js';
import { issueScimToken } from '../../src/instances/scim-tokens.js';
import { BY_TEST, SECRET } from '../support/roster.js';
import { emptyInstance, say } from '../support/steps.js';
import { type AdminServer, startAdmin } from './admin-server.js';

const MEBIBYTE = 1024 * 1024;

describe('the admin API as a whole', () => {
  let admin: AdminServer;
  let slug: string;
  before(async () => {
    admin = await startAdmin();
    slug = await emptyInstance(admin.database.pool);
  });
  after(() => admin.close());

  describe('authentication', () => {
    const unknownToken = `rst_${'x'.repeat(43)}`;
    const refused: [string, (good: string) => string][] = [
      ['no token', () => ''],
      ['an unknown token', () => `Bearer ${unknownToken}`],
      ['the bare token, as only SCIM takes it', (good) => good],
      ['Basic, as only SCIM takes it', (good) => `Basic ${Buffer.from(`x:${good}`).toString('base64')}`],
      ['something that is not a token', () => 'Bearer \u00e9'],
      ['two tokens', (good) => `Bearer ${good} ${good}`],
    ];
    for (const [what, header] of refused) {
      it(`refuses ${what}`, async () => {
        const answer = await admin.ask('GET', '/instances', {
          headers: { authorization: header(admin.tokens.admin) },
        });
        assert.equal(answer.code(401), 'unauthorized');
        assert.match(answer.headers.get('www-authenticate') ?? '', /^Bearer /);
      });
    }

    it('takes the scheme in any case', async () => {
      const answer = await admin.ask('GET', '/instances', {
        headers: { authorization: `bearer ${admin.tokens.viewer}` },
      });
      assert.equal(answer.status, 200);
    });

    it('refuses a SCIM token, a revoked and an expired one', async () => {
      const { pool } = admin.database;
      const instance = await emptyInstance(pool);
      const scim = await issueScimToken(pool, SECRET, instance, { label: 'scim' }, BY_TEST);
      const revoked = await issueOperatorToken(pool, SECRET, { label: 'revoked', role: 'admin' }, BY_TEST);
      await revokeOperatorToken(pool, revoked.id, BY_TEST);
      const expired = await issueOperatorToken(
        pool,
        SECRET,
        {
          label: 'expired',
          role: 'admin',
          expiresAt: new Date(Date.now() - 1_000),
        },
        BY_TEST,
      );
      for (const { token } of [scim, revoked, expired]) {
        const answer = await admin.ask('GET', '/instances', { headers: { authorization: `Bearer ${token}` } });
        assert.equal(answer.code(401), 'unauthorized');
      }
    });

    it('tells a stranger nothing of what there is', async () => {
      for (const [method, path] of [
        ['GET', '/nowhere'],
        ['PUT', '/instances'],
        ['GET', '/openapi.json'],
        ['POST', '/instances'],
      ] as const) {
        const answer = await admin.ask(method, path, { headers: { authorization: '' } });
        assert.equal(answer.code(401), 'unauthorized');
      }
    });
  });

  describe('what is where', () => {
    const nowhere = ['', '/', '/nowhere', '/instances/a/b/c/d', '/Instances', '/openapi.json/x'];
    for (const path of nowhere) {
      it(`answers 404 for ${path || 'nothing'}`, async () => {
        assert.equal((await admin.ask('GET', path)).code(404), 'not_found');
      });
    }

    it('answers 405 with the verbs that a path does take', async () => {
      const answer = await admin.ask('PUT', `/instances/${slug}`, { body: {} });
      assert.equal(answer.code(405), 'method_not_allowed');
      assert.equal(answer.headers.get('allow'), 'GET, PATCH');
    });

    it('answers HEAD as GET, without the body', async () => {
      const answer = await admin.ask('HEAD', '/instances');
      assert.equal(answer.status, 200);
      assert.equal(answer.headers.get('content-type'), 'application/json; charset=utf-8');
    });

    const odd = [
      '',
      '%00',
      '%',
      '%ff',
      'a%2Fb',
      "'",
      'null',
      '0',
      '-1',
      'x'.repeat(2_000),
      '%F0%9F%92%A9',
      '__proto__',
      '00000000-0000-0000-0000-000000000000',
      '00000000-0000-7000-8000-00000000000G',
    ];
    for (const id of odd) {
      it(`answers 404 for the id ${id.slice(0, 40)}, wherever it stands`, async () => {
        for (const route of admin.routes.filter(({ path }) => path.includes('{'))) {
          const isAction = route.path.endsWith('/actions');
          const body =
            route.method === 'PATCH'
              ? { role: 'coach' }
              : isAction
                ? { action: route.path.startsWith('/imports') ? 'pause' : 'retryNow', reason: 'x' }
                : route.path.endsWith('/rotate')
                  ? { overlapHours: 1 }
                  : { label: 'x' };
          const asked = route.input.body === undefined ? {} : { body };
          for (const path of new Set([
            route.path.replace('{slug}', slug).replace('{id}', id),
            route.path.replace('{slug}', id).replace('{id}', id),
          ])) {
            if (path === route.path.replace('{slug}', slug)) continue;
            const answer = await admin.ask(route.method, path, asked);
            assert.equal(answer.status, 404, `${route.method} ${path}: ${JSON.stringify(answer.body)}`);
          }
        }
      });
    }
  });

  describe('bodies', () => {
    const patch = (text: string | Uint8Array, type = 'application/json') =>
      admin.ask('PATCH', `/instances/${slug}`, { text, headers: { 'content-type': type } });
    const ofLength = (bytes: number) => {
      const text = JSON.stringify({ name: 'Acme' });
      return text + ' '.repeat(bytes - text.length);
    };

    it('are taken up to 1 MiB', async () => {
      assert.equal((await patch(ofLength(MEBIBYTE - 1))).status, 200);
      assert.equal((await patch(ofLength(MEBIBYTE))).status, 200);
      assert.equal((await patch(ofLength(MEBIBYTE + 1))).code(413), 'payload_too_large');
    });

    it('are application/json and nothing else', async () => {
      assert.equal((await patch('{}', 'application/json; charset=utf-8')).status, 200);
      for (const type of ['application/scim+json', 'text/plain', 'application/x-www-form-urlencoded']) {
        assert.equal((await patch('{}', type)).code(415), 'unsupported_media_type');
      }
    });

    const broken: [string, string | Uint8Array][] = [
      ['no JSON', '{'],
      ['nothing', ''],
      ['a list', '[]'],
      ['a text', '"x"'],
      ['null', 'null'],
      ['what is nested too deep', `{"name":${'['.repeat(40)}${']'.repeat(40)}}`],
    ];
    for (const [what, text] of broken) {
      it(`are refused where they are ${what}`, async () => {
        assert.equal((await patch(text)).code(400), 'invalid_json');
      });
    }

    it('are told every fault at once, each with its place', async () => {
      const answer = await admin.ask('POST', '/instances', {
        body: { slug: 'Acme!', naem: 'Acme', managerWaitSeconds: 86_401, coach: { userName: ' ', giveName: 'A' } },
      });
      const { code, detail } = answer.as(problem, 400);
      assert.equal(code, 'invalid_request');
      for (const place of [
        'slug: ',
        'name: ',
        'naem: ',
        'managerWaitSeconds: ',
        'coach.userName: ',
        'coach.giveName: ',
      ]) {
        assert.ok(detail.includes(place), `${place} in ${detail}`);
      }
    });

    for (const member of ['__proto__', 'constructor', 'toString']) {
      it(`are refused with the member ${member}`, async () => {
        assert.equal((await patch(`{"${member}":{"name":"x"}}`)).code(400), 'invalid_request');
      });
    }

    for (const [what, name] of [
      ['a NUL', 'a\0b'],
      ['half of a surrogate pair', 'a\ud800'],
      ['only white space', ' \t'],
      ['too much', 'x'.repeat(201)],
    ] as const) {
      it(`are refused with a text of ${what}`, async () => {
        assert.equal((await patch(JSON.stringify({ name }))).code(400), 'invalid_request');
      });
    }
  });

  describe('query strings', () => {
    const refused = [
      'limit=0',
      'limit=1001',
      'limit=x',
      'limit=1.5',
      'limit=',
      'limit=1&limit=2',
      'cursor=x',
      'cursor=',
      'cursor=%00',
      `cursor=${Buffer.from('not an id').toString('base64url')}`,
      'status=happy',
      'managerId=boss@x.test',
      'userName=',
      'userName=%00',
      'usrName=a@x.test',
      '__proto__=x',
    ];
    for (const query of refused) {
      it(`are refused as ${query}`, async () => {
        const answer = await admin.ask('GET', `/instances/${slug}/accounts?${query}`);
        assert.equal(answer.code(400), 'invalid_request');
      });
    }

    it('are refused where a route knows none', async () => {
      assert.equal((await admin.ask('GET', '/instances?limit=1')).code(400), 'invalid_request');
      assert.equal((await admin.ask('POST', '/instances?dryRun=true', { body: {} })).code(400), 'invalid_request');
    });
  });

  describe('refused changes', () => {
    const refusals = async (instance: InstanceId) =>
      (await listAudit(admin.database.pool, instance, {}, { before: undefined, limit: 100 })).flatMap((row) =>
        row.outcome === 'refused' ? [row] : [],
      );

    it('are in the audit log of their instance, with who asked, for what, of whom, and why not', async () => {
      const { pool } = admin.database;
      const instance = await emptyInstance(pool);
      const { id } = await say(pool, instance, { userName: 'ada@x.test' });
      const accountPath = `/instances/${instance}/accounts/${id}`;
      await admin.ask('PATCH', accountPath, { as: 'viewer', body: { role: 'coach' } });
      await admin.ask('POST', `${accountPath}/actions`, { body: { action: 'abandon', reason: 'x' } });
      const last = await admin.ask('PATCH', `/instances/${instance}`, { as: 'operator', body: { application: null } });
      const rows = await refusals(instance);
      assert.deepEqual(
        rows.map(({ action, reason, userId }) => [action, reason, userId]),
        [
          ['instance.set', 'forbidden', null],
          ['user.act', 'nothing_to_do', id],
          ['account.role', 'forbidden', id],
        ],
      );
      assert.equal(rows[0]?.requestId, last.headers.get('x-request-id'));
      assert.match(rows[0]?.actor ?? '', /^operator:/);
    });

    it('are in that of the installation where they are of no instance', async () => {
      const before = await refusals(INSTALLATION);
      await admin.ask('POST', '/instances', { body: { slug, name: 'x', coach: { userName: 'c@x.test' } } });
      await admin.ask('POST', '/operator-tokens', { as: 'operator', body: {} });
      await admin.ask('PATCH', '/instances/not-there', { as: 'viewer', body: {} });
      const rows = await refusals(INSTALLATION);
      assert.deepEqual(
        rows.slice(0, rows.length - before.length).map(({ action, reason }) => [action, reason]),
        [
          ['instance.set', 'forbidden'],
          ['operator-token.issue', 'forbidden'],
          ['instance.create', 'instance_exists'],
        ],
      );
    });

    it('are in that of the one instance that a token is for, wherever it knocks', async () => {
      const { pool } = admin.database;
      const [own, other] = [await emptyInstance(pool), await emptyInstance(pool)];
      const scope = { label: 'feed', role: 'application', instance: own } as const;
      const { token } = await issueOperatorToken(pool, SECRET, scope, BY_TEST);
      await admin.ask('PATCH', `/instances/${other}`, { token, body: { name: 'mine' } });
      assert.deepEqual([(await refusals(own)).length, (await refusals(other)).length], [1, 0]);
    });

    it('are none where nothing was to change, or nobody was meant', async () => {
      const instance = await emptyInstance(admin.database.pool);
      await admin.ask('GET', `/instances/${instance}/application/secrets`, { as: 'viewer' });
      await admin.ask('DELETE', `/instances/${instance}/tokens/nobody`);
      await admin.ask('PUT', `/instances/${instance}`, { body: {} });
      assert.deepEqual(await refusals(instance), []);
    });
  });

  it('answers 503 and when to come back while PostgreSQL does not answer', async () => {
    const lonely = await startAdmin();
    const { pool } = lonely.database;
    assert.equal((await lonely.ask('GET', '/instances')).status, 200);
    // The token is remembered for a second; the connection is not there any more.
    const connect = pool.connect.bind(pool);
    Object.assign(pool, { connect: () => Promise.reject(new Error('connection refused')) });
    const answer = await lonely.ask('GET', '/instances');
    Object.assign(pool, { connect });
    assert.equal(answer.code(503), 'database_unavailable');
    assert.equal(answer.headers.get('retry-after'), '5');
    await lonely.close();
  });
});
