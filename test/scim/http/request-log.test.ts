import assert from 'node:assert/strict';
import { z } from 'zod';
import type { InstanceId } from '../../../src/ids.js';
import { setInstance } from '../../../src/instances/instances.js';
import { revokeScimToken } from '../../../src/instances/scim-tokens.js';
import { scim } from '../../support/http.js';
import { until } from '../../support/interleave.js';
import { BY_TEST, clientOf, type ScimClient, startRoster, type TestRoster } from '../../support/roster.js';
import { emptyInstance } from '../../support/steps.js';

const listSchema = z.object({
  items: z.array(
    z.object({
      method: z.string(),
      path: z.string(),
      status: z.int(),
      scimType: z.string().nullable(),
      detail: z.string().nullable(),
      token: z.object({ id: z.string(), label: z.string() }).nullable(),
      requestId: z.string(),
      userId: z.string().nullable(),
      body: z.unknown(),
    }),
  ),
  nextCursor: z.string().nullable(),
});

describe('the request log', () => {
  let roster: TestRoster;
  let instance: InstanceId;
  let client: ScimClient;

  before(async function () {
    this.timeout(60_000);
    roster = await startRoster({ worker: false });
  });
  after(() => roster.close());
  beforeEach(async () => {
    instance = await emptyInstance(roster.pool);
    client = await clientOf(roster, instance);
  });

  const list = async (query = '') => {
    const response = await fetch(`${roster.adminUrl}/instances/${instance}/requests${query}`, {
      headers: { authorization: `Bearer ${roster.adminToken}` },
    });
    assert.equal(response.status, 200);
    return listSchema.parse(await response.json());
  };
  /** The log once it has so many requests, the oldest first. */
  const logged = async (count: number) => {
    await until('the requests are written', async () => (await list()).items.length >= count, 5_000);
    return (await list()).items.toReversed();
  };

  it('says what was asked and what was told, refused requests too, and no value of any', async () => {
    const created = await scim(client, 'POST', '/Users', { userName: 'secret-name@x.test', password: 'secret-word' });
    const id = String(created.body?.['id']);
    await scim(client, 'GET', `/Users?filter=${encodeURIComponent('userName eq "secret-name@x.test"')}&count=1`);
    await scim(client, 'POST', '/Users', { userName: 'secret-name@x.test' });
    await scim(client, 'GET', `/Users/${id}`);
    await scim(client, 'GET', '/Nothing');
    const entries = await logged(5);
    assert.deepEqual(
      entries.map(({ method, path, status, scimType, userId }) => [method, path, status, scimType, userId]),
      [
        ['POST', '/scim/v2/Users', 201, null, id],
        ['GET', '/scim/v2/Users?filter&count', 200, null, null],
        ['POST', '/scim/v2/Users', 409, 'uniqueness', null],
        ['GET', `/scim/v2/Users/${id}`, 200, null, id],
        ['GET', '/scim/v2/Nothing', 404, null, null],
      ],
    );
    assert.equal(entries[2]?.detail, 'Another user of this instance has this userName.');
    assert.equal(entries[0]?.requestId, created.headers.get('x-request-id'));
    assert.ok(
      entries.every(({ token, body }) => token?.label === 'Okta' && token.id === client.tokenId && body === null),
    );
    assert.ok(!JSON.stringify(entries).includes('secret'));
    const first = await list('?limit=2');
    assert.deepEqual(
      [...first.items, ...(await list(`?limit=9&cursor=${first.nextCursor}`)).items].map(({ status }) => status),
      [404, 200, 409, 200, 201],
    );
  });

  it('keeps bodies only while the instance wants them, names and shapes without values', async () => {
    const ask = (userName: string) =>
      scim(client, 'POST', '/Users', {
        userName,
        active: true,
        name: { givenName: 'Ada' },
        emails: [{ value: 'a@x.test' }],
        n: 7,
      });
    await setInstance(roster.pool, instance, { logBodiesUntil: new Date(Date.now() + 60_000) }, BY_TEST);
    await ask('ada@x.test');
    const [entry] = await logged(1);
    assert.deepEqual(entry?.body, {
      userName: 'text(10)',
      active: true,
      name: { givenName: 'text(3)' },
      emails: [{ value: 'text(8)' }],
      n: 'number',
    });
    await setInstance(roster.pool, instance, { logBodiesUntil: new Date(Date.now() - 1) }, BY_TEST);
    await until('no body is kept any more', async () => {
      await ask('bo@x.test');
      return (await list()).items[0]?.body === null;
    });
  });

  it('shows the requests of a revoked token, and nobody sees another instance’s', async () => {
    await revokeScimToken(roster.pool, instance, client.tokenId, BY_TEST);
    assert.equal((await scim(client, 'GET', '/Users')).status, 401);
    const [entry] = await logged(1);
    assert.deepEqual([entry?.status, entry?.token?.id], [401, client.tokenId]);
    await scim({ ...client, scimToken: `rst_${'x'.repeat(43)}` }, 'GET', '/Users');
    await scim(roster, 'GET', '/Users');
    const mine = instance;
    instance = await emptyInstance(roster.pool);
    assert.deepEqual((await list()).items, []);
    instance = mine;
    assert.equal((await list()).items.length, 1);
  });

  it('takes what a client can think of', async () => {
    for (const path of ['/Users/%00', '/Users/%ED%A0%80?%00=1&__proto__=2', `/Users/${'x'.repeat(3_000)}`]) {
      await scim(client, 'GET', path);
    }
    assert.equal((await logged(3)).length, 3);
  });
});
