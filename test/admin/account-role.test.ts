import assert from 'node:assert/strict';
import { listOf } from '../../src/admin/page.js';
import { account as accountSchema, event as eventSchema, instance as instanceSchema } from '../../src/admin/schemas.js';
import { ROLES, setRole } from '../../src/directory/roles.js';
import { type InstanceId, newUserId, type UserId } from '../../src/ids.js';
import { overtaken } from '../support/interleave.js';
import { BY_TEST } from '../support/roster.js';
import { converge, convergeInstanceIfKicked, emptyInstance, type Said, say } from '../support/steps.js';
import { type AdminServer, startAdmin } from './admin-server.js';

describe("PATCH of an account's role", () => {
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
  const patch = (id: UserId, role: unknown) =>
    admin.ask('PATCH', `/instances/${instance}/accounts/${id}`, { as: 'operator', body: { role } });
  const set = async (id: UserId, role: string) => (await patch(id, role)).as(accountSchema);
  const managerOf = async (id: UserId) =>
    (await admin.ask('GET', `/instances/${instance}/accounts/${id}`)).as(accountSchema).manager?.userName;
  const defaultManager = async () =>
    (await admin.ask('GET', `/instances/${instance}`)).as(instanceSchema).defaultManager?.userName;
  const isInstanceKicked = async () => {
    const { rowCount } = await admin.database.pool.query(
      'delete from kicks where instance_id = $1 and user_id is null',
      [instance],
    );
    return rowCount === 1;
  };

  it('sets each role, and each change is a revision', async () => {
    const id = await provisioned({ userName: 'a@x.test' });
    let { revision } = (await admin.ask('GET', `/instances/${instance}/accounts/${id}`)).as(accountSchema).version;
    for (const role of [...ROLES.slice(1), ...ROLES.toReversed().slice(1)]) {
      const shown = await set(id, role);
      revision += 1;
      assert.deepEqual([shown.role, shown.version.revision], [role, revision]);
      assert.deepEqual([shown.version.asserted, shown.version.applied], [1, 1], 'nothing was asserted by it');
    }
  });

  it('of an account that is not there yet is told with its creation, not before', async () => {
    const { id } = await say(admin.database.pool, instance, { userName: 'a@x.test' });
    assert.equal((await set(id, 'coach')).role, 'coach');
    const events = async () =>
      (await admin.ask('GET', `/instances/${instance}/events`)).as(listOf(eventSchema)).items.map(({ type }) => type);
    assert.deepEqual(await events(), []);
    await converge(admin.database.pool, instance, id);
    assert.deepEqual(await events(), ['account.created']);
  });

  it('a role that is there already is no revision, no kick and no audit row', async () => {
    const id = await provisioned({ userName: 'a@x.test' });
    const before = await set(id, 'coach');
    await isInstanceKicked();
    const audited = await auditRows();
    assert.deepEqual(await set(id, 'coach'), before);
    assert.equal(await isInstanceKicked(), false);
    assert.deepEqual(await auditRows(), audited);
  });

  it('a role below manager set for somebody with reports is stored as manager', async () => {
    const boss = await provisioned({ userName: 'boss@x.test' });
    await set(boss, 'publisher');
    const report = await provisioned({ userName: 'report@x.test', manager: 'boss@x.test' });
    const demoted = await set(boss, 'individual');
    assert.equal(demoted.role, 'manager');
    assert.deepEqual((await set(boss, 'individual')).version, demoted.version, 'as it is already');
    assert.equal(await managerOf(report), 'boss@x.test');
    assert.equal((await set(report, 'manager')).role, 'manager');
    assert.equal((await set(report, 'individual')).role, 'individual', 'who has no reports may be an individual');
  });

  it('a first report that arrives at the same moment leaves nobody managed by an individual', async () => {
    const boss = await provisioned({ userName: 'boss@x.test' });
    await set(boss, 'publisher');
    const report = await provisioned({ userName: 'report@x.test' });

    // Without the lock it would not wait, and would have looked before the report was there.
    const demoted = await overtaken(
      admin.database,
      async (client) => {
        await client.query('select lock_instance($1)', [instance]);
        await client.query(
          `update accounts set manager_id = $2, origin = 'assigned' where instance_id = $1 and id = $3`,
          [instance, boss, report],
        );
      },
      () => set(boss, 'individual'),
    );
    assert.equal(demoted.role, 'manager');
  });

  it('the coach who is coach longest is the default manager, counted anew for who becomes coach again', async () => {
    const first = await provisioned({ userName: 'first@x.test' });
    const second = await provisioned({ userName: 'second@x.test' });
    await set(first, 'coach');
    await set(second, 'coach');
    assert.equal(await defaultManager(), 'first@x.test');
    await set(first, 'publisher');
    assert.equal(await defaultManager(), 'second@x.test');
    await set(first, 'coach');
    assert.equal(await defaultManager(), 'second@x.test');
    await set(second, 'coach');
    assert.equal(await defaultManager(), 'second@x.test', 'who stays coach keeps the place');
  });

  it('moves who fell back when it makes another the default manager', async () => {
    const { pool } = admin.database;
    const first = await provisioned({ userName: 'first@x.test' });
    const second = await provisioned({ userName: 'second@x.test' });
    const worker = await provisioned({ userName: 'worker@x.test' });
    assert.equal(await managerOf(worker), undefined);
    await set(first, 'coach');
    await convergeInstanceIfKicked(pool, instance);
    assert.equal(await managerOf(worker), 'first@x.test');
    await set(second, 'coach');
    await set(first, 'manager');
    await convergeInstanceIfKicked(pool, instance);
    assert.equal(await managerOf(worker), 'second@x.test');
  });

  it('kicks the instance and wakes the dispatcher where the default manager may be concerned, and only there', async () => {
    const id = await provisioned({ userName: 'a@x.test' });
    const steps: [string, boolean][] = [
      ['manager', false],
      ['publisher', false],
      ['coach', true],
      ['publisher', true],
      ['individual', false],
      ['publisher', false],
    ];
    for (const [role, kicked] of steps) {
      const wakes = admin.wakes();
      await set(id, role);
      assert.equal(await isInstanceKicked(), kicked, role);
      assert.ok(admin.wakes() > wakes);
    }
    await admin.ask('PATCH', `/instances/${instance}`, { body: { defaultManager: 'a@x.test' } });
    await isInstanceKicked();
    assert.equal((await set(id, 'individual')).role, 'individual');
    assert.equal(await isInstanceKicked(), true, 'the chosen default manager is too low in role now');
    assert.equal(await defaultManager(), undefined);
  });

  it('is in the audit log with who did it, for which version and in which request', async () => {
    const id = await provisioned({ userName: 'a@x.test' });
    const answer = await patch(id, 'publisher');
    const { rows } = await admin.database.pool.query<{ id: string }>(
      `select id from operator_tokens where role = 'operator'`,
    );
    assert.deepEqual(await auditRows(), [
      {
        actor: `operator:${rows[0]?.id}`,
        action: 'account.role:publisher',
        user_id: id,
        version: '1',
        outcome: 'accepted',
        request_id: answer.headers.get('x-request-id'),
      },
    ]);
  });

  async function auditRows(): Promise<unknown[]> {
    const { rows } = await admin.database.pool.query<object>(
      `select actor, action, user_id, version, outcome, request_id from audit_log
       where instance_id = $1 and action like 'account.role:%' order by entry`,
      [instance],
    );
    return rows;
  }

  it('is taken for a pending and for a suspended account, and kept', async () => {
    const { pool } = admin.database;
    const { id } = await say(pool, instance, { userName: 'new@x.test' });
    assert.deepEqual([(await set(id, 'coach')).role, await defaultManager()], ['coach', undefined]);
    await converge(pool, instance, id);
    assert.equal(await defaultManager(), 'new@x.test');
  });

  it('is refused for the account of a deleted user', async () => {
    const id = await provisioned({ userName: 'gone@x.test' });
    await admin.database.pool.query('update users set deleted_at = now() where instance_id = $1 and id = $2', [
      instance,
      id,
    ]);
    assert.equal((await patch(id, 'coach')).code(409), 'user_deleted');
  });

  it('is refused for nobody, and for a role that is none', async () => {
    assert.equal((await patch(newUserId(), 'coach')).code(404), 'not_found');
    const id = await provisioned({ userName: 'a@x.test' });
    for (const role of ['boss', 'Coach', null, 1, ['coach'], undefined]) {
      assert.equal((await patch(id, role)).code(400), 'invalid_request');
    }
  });

  it('writes only the account of the instance that is named', async () => {
    const { pool } = admin.database;
    const id = await provisioned({ userName: 'a@x.test' });
    await assert.rejects(setRole(pool, await emptyInstance(pool), id, 'coach', BY_TEST), { code: 'not_found' });
    assert.equal((await set(id, 'individual')).version.revision, 1);
  });
});
