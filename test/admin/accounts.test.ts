import assert from 'node:assert/strict';
import { listOf } from '../../src/admin/page.js';
import { account as accountSchema } from '../../src/admin/schemas.js';
import type { InstanceId, UserId } from '../../src/ids.js';
import { afterWait, converge, emptyInstance, type Said, say, sayAgain, untilWait } from '../support/steps.js';
import { type AdminServer, everyItem, startAdmin } from './admin-server.js';

describe('accounts in the admin API', () => {
  let admin: AdminServer;
  let instance: InstanceId;
  before(async () => {
    admin = await startAdmin();
  });
  beforeEach(async () => {
    instance = await emptyInstance(admin.database.pool);
  });
  after(() => admin.close());

  const provisioned = async (said: Said): Promise<UserId> => {
    const { id } = await say(admin.database.pool, instance, said);
    await converge(admin.database.pool, instance, id);
    return id;
  };
  const show = async (id: UserId) =>
    (await admin.ask('GET', `/instances/${instance}/accounts/${id}`)).as(accountSchema);
  const list = async (query: string) =>
    (await everyItem(admin, `/instances/${instance}/accounts?${query}`, accountSchema)).map(({ userName }) => userName);

  it('shows who manages whom and why, the team and the versions', async () => {
    const boss = await provisioned({ userName: 'boss@x.test', displayName: 'The Boss' });
    const worker = await provisioned({ userName: 'Worker@x.test', displayName: 'A Worker', manager: 'boss@x.test' });
    const { team, ...shown } = await show(worker);
    assert.deepEqual(shown, {
      id: worker,
      userName: 'Worker@x.test',
      displayName: 'A Worker',
      title: '',
      role: 'individual',
      status: 'active',
      manager: { id: boss, userName: 'boss@x.test', origin: 'assigned' },
      version: { asserted: 1, applied: 1, revision: 2, announced: null },
    });
    assert.equal(team?.name, 'The Boss');
    assert.deepEqual([(await show(boss)).manager, (await show(boss)).role], [null, 'manager']);
  });

  it('shows a pending account by the name that was asserted', async () => {
    const { id } = await say(admin.database.pool, instance, { userName: 'new@x.test', displayName: 'New Person' });
    const shown = await show(id);
    assert.deepEqual(
      [shown.userName, shown.displayName, shown.status, shown.manager, shown.team, shown.version],
      ['new@x.test', 'New Person', 'pending', null, null, { asserted: 1, applied: 0, revision: 0, announced: null }],
    );
  });

  it('shows a suspended account at once, before its run has seen to it', async () => {
    const id = await provisioned({ userName: 'a@x.test' });
    await sayAgain(admin.database.pool, instance, id, { userName: 'a@x.test', active: false });
    const shown = await show(id);
    assert.equal(shown.status, 'suspended');
    assert.deepEqual([shown.version.asserted, shown.version.applied], [2, 1]);
  });

  it('shows the account of a deleted user by its id only', async () => {
    const id = await provisioned({ userName: 'gone@x.test' });
    await deleteUser(id);
    assert.equal((await show(id)).userName, 'gone@x.test');
    assert.deepEqual(await list(''), []);
    assert.deepEqual(await list('userName=gone@x.test'), []);
  });

  async function deleteUser(id: UserId): Promise<void> {
    await admin.database.pool.query('update users set deleted_at = now() where instance_id = $1 and id = $2', [
      instance,
      id,
    ]);
  }

  it('finds accounts by each filter, and by all together', async () => {
    const { pool } = admin.database;
    const boss = await provisioned({ userName: 'Boss@X.test' });
    await provisioned({ userName: 'one@x.test', manager: 'boss@x.test' });
    const two = await provisioned({ userName: 'two@x.test', manager: 'boss@x.test' });
    await say(pool, instance, { userName: 'pending@x.test' });
    const off = await provisioned({ userName: 'off@x.test' });
    await sayAgain(pool, instance, off, { userName: 'off@x.test', active: false });
    const team = (await show(two)).team?.id;
    const everybody = ['Boss@X.test', 'one@x.test', 'two@x.test', 'pending@x.test', 'off@x.test'];
    const cases: [string, string[]][] = [
      ['', everybody],
      ['userName=bOSS@x.TEST', ['Boss@X.test']],
      ['userName=nobody@x.test', []],
      ['status=active', ['Boss@X.test', 'one@x.test', 'two@x.test']],
      ['status=pending', ['pending@x.test']],
      ['status=suspended', ['off@x.test']],
      ['status=refused', []],
      [`managerId=${boss}`, ['one@x.test', 'two@x.test']],
      [`teamId=${team}`, ['one@x.test', 'two@x.test']],
      [`managerId=${two}`, []],
      [`managerId=${boss}&teamId=${team}&status=active&userName=TWO@x.test`, ['two@x.test']],
      [`managerId=${boss}&userName=off@x.test`, []],
    ];
    for (const [query, found] of cases) assert.deepEqual(await list(query), found, query);
  });

  it('comes in pages, each account once, also while others are added', async () => {
    const { pool } = admin.database;
    for (let n = 1; n <= 5; n++) await say(pool, instance, { userName: `p${n}@x.test` });
    const page = async (query: string) =>
      (await admin.ask('GET', `/instances/${instance}/accounts?${query}`)).as(listOf(accountSchema).loose());
    const names = ({ items }: { items: { userName: string }[] }) => items.map(({ userName }) => userName);

    assert.equal((await page('limit=5')).nextCursor, null, 'a last page that is full is the last one');
    const first = await page('limit=2');
    assert.deepEqual(names(first), ['p1@x.test', 'p2@x.test']);
    const second = await page(`limit=2&cursor=${first.nextCursor}`);
    assert.deepEqual(names(second), ['p3@x.test', 'p4@x.test']);
    await say(pool, instance, { userName: 'p6@x.test' });
    const third = await page(`limit=2&cursor=${second.nextCursor}`);
    assert.deepEqual(names(third), ['p5@x.test', 'p6@x.test']);
    assert.equal(third.nextCursor, null);
  });

  it('shows a waiting account without a manager, then with the default manager', async () => {
    const { pool } = admin.database;
    const coach = await provisioned({ userName: 'coach@x.test' });
    await admin.ask('PATCH', `/instances/${instance}/accounts/${coach}`, { body: { role: 'coach' } });
    const { id } = await say(pool, instance, { userName: 'w@x.test', manager: 'late@x.test' });
    await untilWait(pool, instance, id);
    assert.deepEqual([(await show(id)).status, (await show(id)).manager], ['active', null]);
    await afterWait(pool, instance, id);
    assert.deepEqual((await show(id)).manager, { id: coach, userName: 'coach@x.test', origin: 'default' });
  });
});
