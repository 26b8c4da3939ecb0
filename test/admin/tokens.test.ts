import assert from 'node:assert/strict';
import { listOf } from '../../src/admin/page.js';
import * as schemas from '../../src/admin/schemas.js';
import * as tokenSchemas from '../../src/admin/token-schemas.js';
import { until } from '../support/interleave.js';
import { emptyInstance } from '../support/steps.js';
import { type AdminServer, startAdmin } from './admin-server.js';

const DAY_MS = 86_400_000;

describe('tokens in the admin API', () => {
  let admin: AdminServer;
  let slug: string;
  before(async () => {
    admin = await startAdmin();
    slug = await emptyInstance(admin.database.pool);
  });
  after(() => admin.close());

  const scimStatus = async (token: string): Promise<number> => {
    const response = await fetch(admin.url.replace('/admin/v1', '/scim/v2/Users?count=1'), {
      headers: { authorization: `Bearer ${token}` },
    });
    await response.arrayBuffer();
    return response.status;
  };
  const adminStatus = async (token: string): Promise<number> =>
    (await admin.ask('GET', '/instances', { headers: { authorization: `Bearer ${token}` } })).status;

  it('a SCIM token opens its instance, and its secret is shown once', async () => {
    const path = `/instances/${slug}/tokens`;
    const issued = (await admin.ask('POST', path, { as: 'operator', body: { label: 'Okta' } })).as(
      tokenSchemas.issuedScimToken,
      201,
    );
    assert.match(issued.token, /^rst_[A-Za-z0-9_-]{43}$/);
    assert.equal(await scimStatus(issued.token), 200);

    const list = await admin.ask('GET', path, { as: 'viewer' });
    const { items } = list.as(listOf(tokenSchemas.scimToken));
    assert.deepEqual(
      items.map(({ id, label, revokedAt }) => ({ id, label, revokedAt })),
      [{ id: issued.id, label: 'Okta', revokedAt: null }],
    );
    assert.ok(!JSON.stringify(list.body).includes(issued.token.slice(4)), 'no list shows a secret');
  });

  it('a revoked token opens nothing, and revoking it again changes nothing', async () => {
    const path = `/instances/${slug}/tokens`;
    const { id, token } = (await admin.ask('POST', path, { body: { label: 'leaked' } })).as(
      tokenSchemas.issuedScimToken,
      201,
    );
    const revokedAt = async () =>
      (await admin.ask('GET', path)).as(listOf(tokenSchemas.scimToken)).items.find((item) => item.id === id)?.revokedAt;
    assert.equal((await admin.ask('DELETE', `${path}/${id}`)).status, 204);
    const first = await revokedAt();
    assert.ok(first);
    assert.equal(await scimStatus(token), 401);
    assert.equal((await admin.ask('DELETE', `${path}/${id}`)).status, 204);
    assert.equal(await revokedAt(), first);
  });

  it('a rotated token has a successor, and is good beside it for the hours asked for', async () => {
    const path = `/instances/${slug}/tokens`;
    const old = (await admin.ask('POST', path, { body: { label: 'Okta' } })).as(tokenSchemas.issuedScimToken, 201);
    const rotate = (id: string, body: object) => admin.ask('POST', `${path}/${id}/rotate`, { as: 'operator', body });
    const next = (await rotate(old.id, { overlapHours: 2 })).as(tokenSchemas.issuedScimToken, 201);
    assert.equal(next.label, 'Okta');
    assert.notEqual(next.token, old.token);
    assert.deepEqual([await scimStatus(old.token), await scimStatus(next.token)], [200, 200]);
    const { items } = (await admin.ask('GET', path)).as(listOf(tokenSchemas.scimToken));
    const hours = (Date.parse(items.find(({ id }) => id === old.id)?.expiresAt ?? '') - Date.now()) / 3_600_000;
    assert.ok(hours > 1.9 && hours <= 2, `${hours} hours`);

    await rotate(next.id, { overlapHours: 0 });
    await until('it is refused', async () => (await scimStatus(next.token)) === 401);
    assert.equal((await rotate(next.id, {})).code(404), 'token_unknown');
    assert.equal((await rotate(old.id, { overlapHours: -1 })).code(400), 'invalid_request');
  });

  it('says who asks', async () => {
    const body = { label: 'me', role: 'operator' };
    const { id, token } = (await admin.ask('POST', '/operator-tokens', { body })).as(
      tokenSchemas.issuedOperatorToken,
      201,
    );
    const answer = await admin.ask('GET', '/token', { token });
    assert.deepEqual(answer.as(tokenSchemas.ownToken), { id, role: 'operator' });
  });

  it('a SCIM token is good for a year unless told, until when it is told, or for ever', async () => {
    const issue = async (expiresAt?: string | null) =>
      (await admin.ask('POST', `/instances/${slug}/tokens`, { body: { label: 'x', expiresAt } })).as(
        tokenSchemas.issuedScimToken,
        201,
      ).expiresAt;
    const days = (Date.parse((await issue()) ?? '') - Date.now()) / DAY_MS;
    assert.ok(days > 364 && days <= 365, `${days} days`);
    assert.equal(await issue(null), null);
    assert.equal(await issue('2126-11-24T12:00:00+02:00'), '2126-11-24T10:00:00.000Z');
  });

  for (const expiresAt of ['2020-01-01T00:00:00Z', 'tomorrow', '2126-02-30T00:00:00Z', '2126-01-01', 5, '']) {
    it(`no token expires at ${JSON.stringify(expiresAt)}`, async () => {
      for (const [path, body] of [
        [`/instances/${slug}/tokens`, { label: 'x', expiresAt }],
        ['/operator-tokens', { label: 'x', role: 'viewer', expiresAt }],
      ] as const) {
        assert.match((await admin.ask('POST', path, { body })).as(schemas.problem, 400).detail, /^expiresAt: /);
      }
    });
  }

  it('an operator token has a role, is listed without its secret and can be revoked', async () => {
    const body = { label: 'on call', role: 'operator', expiresAt: '2126-11-24T10:00:00.000Z' };
    const issued = (await admin.ask('POST', '/operator-tokens', { body })).as(tokenSchemas.issuedOperatorToken, 201);
    assert.deepEqual({ ...issued, id: '', token: '' }, { ...body, instance: null, id: '', token: '' });

    const list = await admin.ask('GET', '/operator-tokens');
    const listed = list.as(listOf(tokenSchemas.operatorToken)).items.find(({ id }) => id === issued.id);
    assert.deepEqual(
      [listed?.label, listed?.role, listed?.instance, listed?.revokedAt],
      ['on call', 'operator', null, null],
    );
    assert.ok(!JSON.stringify(list.body).includes(issued.token.slice(4)));

    assert.equal((await admin.ask('DELETE', `/operator-tokens/${issued.id}`)).status, 204);
    assert.equal(await adminStatus(issued.token), 401);
  });

  it('a new operator token does what its role may', async () => {
    const { token } = (await admin.ask('POST', '/operator-tokens', { body: { label: 'v', role: 'viewer' } })).as(
      tokenSchemas.issuedOperatorToken,
      201,
    );
    assert.equal(await adminStatus(token), 200);
    const refused = await admin.ask('GET', '/operator-tokens', { headers: { authorization: `Bearer ${token}` } });
    assert.equal(refused.code(403), 'forbidden');
  });

  it('a role that is none is refused', async () => {
    for (const role of ['root', 'applications', 'Admin', null, undefined]) {
      const answer = await admin.ask('POST', '/operator-tokens', { body: { label: 'x', role } });
      assert.match(answer.as(schemas.problem, 400).detail, /^role: /);
    }
  });
});
