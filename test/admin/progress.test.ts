import assert from 'node:assert/strict';
import { z } from 'zod';
import { progress } from '../../src/admin/schemas.js';
import { showStuck } from '../../src/directory/progress.js';
import { STAGES } from '../../src/directory/progress-list.js';
import type { InstanceId, UserId } from '../../src/ids.js';
import { converge, emptyInstance, type Said, say, sayAgain, untilWait } from '../support/steps.js';
import { type AdminServer, everyItem, startAdmin, TEMPORAL_UI } from './admin-server.js';

describe('progress in the admin API', () => {
  let admin: AdminServer;
  let instance: InstanceId;
  before(async () => {
    admin = await startAdmin();
  });
  beforeEach(async () => {
    instance = await emptyInstance(admin.database.pool);
  });
  after(() => admin.close());

  const asserted = async (said: Said): Promise<UserId> => (await say(admin.database.pool, instance, said)).id;
  const provisioned = async (said: Said): Promise<UserId> => {
    const id = await asserted(said);
    await converge(admin.database.pool, instance, id);
    return id;
  };
  const list = (query = '') => everyItem(admin, `/instances/${instance}/progress?${query}`, progress);
  const stages = async (query = '') => (await list(query)).map(({ userName, stage }) => `${userName}: ${stage}`);

  it('takes a reason code for those who are stuck, and for nobody else', async () => {
    const act = (body: object) =>
      admin.ask('POST', `/instances/${instance}/actions`, { body: { reason: 'x', ...body } });
    const code = 'application_refused';
    for (const action of ['releaseHeld', 'revertHeld']) {
      assert.equal((await act({ action, code })).code(400), 'invalid_request');
      assert.equal((await act({ action })).status, 200);
    }
    assert.equal((await act({ action: 'retryStuck', code })).status, 200);
  });

  it('says why somebody is stuck, since when, and links to the run', async () => {
    const { pool } = admin.database;
    const id = await provisioned({ userName: 'a@x.test' });
    const before = Date.now();
    await showStuck(pool, instance, id, 'directory_unavailable', 60_000);
    const [row] = await list('stage=stuck');
    assert.ok(row);
    const { since, ...rest } = row;
    assert.ok(Math.abs(Date.parse(since) - before) < 5_000);
    assert.deepEqual(rest, {
      userId: id,
      userName: 'a@x.test',
      stage: 'stuck',
      reason: 'directory_unavailable',
      message: null,
      workflow: {
        id: `user/${instance}/${id}`,
        url: `${TEMPORAL_UI.url}/namespaces/default/workflows/user%2F${instance}%2F${id}`,
      },
    });
  });

  it('links to all stuck runs of this instance, whoever is asked for', async () => {
    const query = `RosterInstance="${instance}" AND RosterStage="stuck" AND ExecutionStatus="Running"`;
    const answer = await admin.ask('GET', `/instances/${instance}/progress?limit=1`);
    const { stuckUrl } = answer.as(z.object({ stuckUrl: z.string() }));
    const url = new URL(stuckUrl);
    assert.equal(`${url.origin}${url.pathname}`, `${TEMPORAL_UI.url}/namespaces/default/workflows`);
    assert.equal(url.searchParams.get('query'), query);
  });

  it('has a row for everybody, settled or not yet begun, and finds each by its stage', async () => {
    const { pool } = admin.database;
    const everybody = [
      'settled@x.test: provisioned',
      'new@x.test: provisioning',
      'waits@x.test: waiting for manager',
      'changed@x.test: provisioning',
      'leaving@x.test: deactivating',
      'left@x.test: deactivated',
      'stuck@x.test: stuck',
      'gave-up-waiting@x.test: deactivating',
    ];
    await provisioned({ userName: 'settled@x.test' });
    await asserted({ userName: 'new@x.test' });
    await untilWait(pool, instance, await asserted({ userName: 'waits@x.test', manager: 'late@x.test' }));
    const changed = await provisioned({ userName: 'changed@x.test' });
    await sayAgain(pool, instance, changed, { userName: 'changed@x.test', displayName: 'Changed' });
    const leaving = await provisioned({ userName: 'leaving@x.test' });
    await sayAgain(pool, instance, leaving, { userName: 'leaving@x.test', active: false });
    const left = await provisioned({ userName: 'left@x.test' });
    await sayAgain(pool, instance, left, { userName: 'left@x.test', active: false });
    await converge(pool, instance, left);
    const stuck = await asserted({ userName: 'stuck@x.test' });
    await showStuck(pool, instance, stuck, 'manager_unknown', 1_000);
    const waiter = await asserted({ userName: 'gave-up-waiting@x.test', manager: 'late@x.test' });
    await untilWait(pool, instance, waiter);
    await sayAgain(pool, instance, waiter, { userName: 'gave-up-waiting@x.test', active: false });

    assert.deepEqual(await stages(), everybody);
    assert.deepEqual(await stages('limit=3'), everybody);
    for (const stage of STAGES) {
      const ofStage = everybody.filter((row) => row.endsWith(`: ${stage}`));
      assert.deepEqual(await stages(`limit=1&stage=${encodeURIComponent(stage)}`), ofStage, stage);
    }
  });

  it('a change that has not begun has no reason of the one before', async () => {
    const { pool } = admin.database;
    const id = await asserted({ userName: 'a@x.test', manager: 'late@x.test' });
    await untilWait(pool, instance, id);
    assert.equal((await list())[0]?.reason, 'manager_unknown');
    await sayAgain(pool, instance, id, { userName: 'a@x.test', active: false });
    assert.deepEqual(
      (await list()).map(({ stage, reason }) => ({ stage, reason })),
      [{ stage: 'deactivating', reason: null }],
    );
  });

  it('shows a deleted user until nobody need look after it', async () => {
    const { pool } = admin.database;
    const id = await provisioned({ userName: 'gone@x.test' });
    await sayAgain(pool, instance, id, { userName: 'gone@x.test', active: false });
    await pool.query('update users set deleted_at = now() where instance_id = $1 and id = $2', [instance, id]);
    await showStuck(pool, instance, id, 'directory_unavailable', 60_000);
    assert.deepEqual(await stages(), ['gone@x.test: stuck']);
    await converge(pool, instance, id);
    assert.deepEqual(await stages(), []);
  });
});
