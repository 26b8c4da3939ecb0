import assert from 'node:assert/strict';
import { listOf } from '../../src/admin/page.js';
import { account, progress, team } from '../../src/admin/schemas.js';
import { until } from '../support/interleave.js';
import { startRoster, type TestRoster } from '../support/roster.js';

describe('what an operator changes moves people by itself', () => {
  let roster: TestRoster;
  before(async function () {
    this.timeout(60_000);
    roster = await startRoster({ managerWaitSeconds: 0 });
  });
  after(() => roster.close());

  const ask = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const response = await fetch(`${roster.adminUrl}/instances/${roster.instance}${path}`, {
      method,
      headers: { authorization: `Bearer ${roster.adminToken}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    assert.equal(response.status, 200);
    return response.json();
  };
  const accounts = async () =>
    listOf(account)
      .loose()
      .parse(await ask('GET', '/accounts')).items;
  const managerOf = async (userName: string) =>
    (await accounts()).find((one) => one.userName === userName)?.manager?.userName;

  it('a default manager who is chosen, and one who loses the role', async () => {
    for (const userName of ['chosen@x.test', 'worker@x.test']) {
      const response = await fetch(`${roster.scimUrl}/Users`, {
        method: 'POST',
        headers: { authorization: `Bearer ${roster.scimToken}`, 'content-type': 'application/scim+json' },
        body: JSON.stringify({ schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'], userName }),
      });
      assert.equal(response.status, 201);
    }
    await until('everybody is provisioned', async () => {
      const { items } = listOf(progress)
        .loose()
        .parse(await ask('GET', '/progress?stage=provisioned'));
      return items.length === 3 && (await managerOf('worker@x.test')) === 'coach@roster.test';
    });

    const chosen = (await accounts()).find(({ userName }) => userName === 'chosen@x.test');
    await ask('PATCH', `/accounts/${chosen?.id}`, { role: 'publisher' });
    await ask('PATCH', '', { defaultManager: 'chosen@x.test' });
    await until('they are with the chosen one', async () => (await managerOf('worker@x.test')) === 'chosen@x.test');
    await until('the coach is too', async () => (await managerOf('coach@roster.test')) === 'chosen@x.test');
    assert.equal(await managerOf('chosen@x.test'), undefined);
    const { items } = listOf(team).parse(await ask('GET', '/teams'));
    assert.deepEqual(
      items.map(({ manager, memberCount }) => ({ manager: manager.userName, memberCount })),
      [{ manager: 'chosen@x.test', memberCount: 2 }],
    );

    await ask('PATCH', '', { defaultManager: null });
    await until('they are back', async () => (await managerOf('worker@x.test')) === 'coach@roster.test');
  });
});
