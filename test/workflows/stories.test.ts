import assert from 'node:assert/strict';
import { recordHistory, temporalClient } from '../support/histories.js';
import { scim } from '../support/http.js';
import { until, untilBlocked } from '../support/interleave.js';
import { accountNow, assign, setActive } from '../support/people.js';
import { startRoster, type TestRoster } from '../support/roster.js';
import { settled } from '../support/settled.js';

describe('the story of a user', () => {
  let roster: TestRoster;

  before(async function () {
    this.timeout(120_000);
    roster = await startRoster({ managerWaitSeconds: 1 });
    await settled(roster);
  });
  after(() => roster.close());

  const record = (id: string, name: string) => recordHistory(roster, `user/${roster.instance}/${id}`, name);

  it('rule 4: an account is there at once, and a user without a manager stands in the default manager’s team', async () => {
    const id = await assign(roster, 'solo@x.test');
    await settled(roster);
    assert.deepEqual(await accountNow(roster, id), {
      status: 'active',
      manager: 'coach@roster.test',
      origin: 'default',
      team: 'First Coach',
      stage: 'provisioned',
    });
    await record(id, 'provision-default-manager');
  });

  it('rule 6: a known manager gives the user a team that bears the manager’s name', async () => {
    const bo = await assign(roster, 'bo@x.test', { displayName: 'Bo Kim', externalId: '00uBO' });
    await settled(roster);
    const id = await assign(roster, 'known@x.test', { manager: '00uBO' });
    await settled(roster);
    assert.deepEqual(await accountNow(roster, id), {
      status: 'active',
      manager: 'bo@x.test',
      origin: 'assigned',
      team: 'Bo Kim',
      stage: 'provisioned',
    });
    await record(id, 'provision-known-manager');

    await scim(roster, 'PATCH', `/Users/${bo}`, {
      Operations: [{ op: 'replace', path: 'displayName', value: 'Bo K.' }],
    });
    await settled(roster);
    assert.equal((await accountNow(roster, id)).team, 'Bo K.');
    await record(bo, 'rename-manager');
  });

  it('rule 4: waits for an unknown manager, who has an account meanwhile, then takes the default manager', async () => {
    const id = await assign(roster, 'waits@x.test', { manager: 'never@x.test' });
    await until('it waits', async () => (await accountNow(roster, id)).stage === 'waiting for manager');
    const waiting = await accountNow(roster, id);
    assert.deepEqual([waiting.status, waiting.manager, waiting.team], ['active', null, null]);
    await settled(roster);
    const fallen = await accountNow(roster, id);
    assert.deepEqual([fallen.manager, fallen.origin], ['coach@roster.test', 'default']);
    await record(id, 'wait-then-default-manager');
  });

  it('rule 4: a manager who comes during the wait adopts the waiter, and long after the wait too', async () => {
    await roster.pool.query('update instances set manager_wait_seconds = 3600 where id = $1', [roster.instance]);
    const early = await assign(roster, 'early@x.test', { manager: 'late.boss@x.test' });
    await until('it waits', async () => (await accountNow(roster, early)).stage === 'waiting for manager');
    await roster.pool.query('update instances set manager_wait_seconds = 0 where id = $1', [roster.instance]);
    const fallen = await assign(roster, 'fallen@x.test', { manager: 'LATE.boss@x.test' });
    await until('it has settled', async () => (await accountNow(roster, fallen)).stage === 'provisioned');
    assert.equal((await accountNow(roster, fallen)).origin, 'default');
    await roster.pool.query('update instances set manager_wait_seconds = 1 where id = $1', [roster.instance]);

    const boss = await assign(roster, 'late.boss@x.test');
    await settled(roster);
    for (const id of [early, fallen]) {
      const now = await accountNow(roster, id);
      assert.deepEqual([now.manager, now.origin, now.team], ['late.boss@x.test', 'assigned', 'Late Boss']);
    }
    await record(early, 'adopted-while-waiting');
    await record(boss, 'provision-late-manager');
  });

  it('rule 7 and 8: unassigned, the reports are handed over and the team is left; assigned again, all come back', async () => {
    const boss = await assign(roster, 'boss@x.test');
    const report = await assign(roster, 'report@x.test', { manager: 'boss@x.test' });
    await settled(roster);
    await setActive(roster, boss, false);
    assert.equal((await accountNow(roster, boss)).status, 'suspended', 'access is off with the answer');
    await settled(roster);
    assert.deepEqual(await accountNow(roster, boss), {
      status: 'suspended',
      manager: null,
      origin: 'none',
      team: null,
      stage: 'deactivated',
    });
    assert.equal((await accountNow(roster, report)).manager, 'coach@roster.test');
    await record(boss, 'deactivate-manager');

    await setActive(roster, boss, true);
    await settled(roster);
    assert.equal((await accountNow(roster, boss)).manager, 'coach@roster.test');
    assert.deepEqual(
      [(await accountNow(roster, report)).manager, (await accountNow(roster, report)).team],
      ['boss@x.test', 'Boss Boss'],
    );
    await record(boss, 'assign-again');
  });

  it('rule 7: assigned again in the middle of the deactivation, what was done is undone and nobody is half moved', async function () {
    this.timeout(40_000);
    const boss = await assign(roster, 'middle@x.test');
    const report = await assign(roster, 'under.middle@x.test', { manager: 'middle@x.test' });
    await settled(roster);
    for (const id of [boss, report]) await runEnds(id);

    const holder = await roster.pool.connect();
    try {
      // The hand-over waits for this row while Okta thinks again.
      await holder.query('begin');
      await holder.query('select 1 from accounts where instance_id = $1 and id = $2 for update', [
        roster.instance,
        report,
      ]);
      await setActive(roster, boss, false);
      await untilBlocked(roster);
      await setActive(roster, boss, true);
      // The run hears of it between two workflow tasks: Temporal ends one that takes long after 8 s.
      await until('the run has heard of it', async () => (await tasksOf(boss)) > 1, 15_000);
      await holder.query('commit');
    } finally {
      holder.release();
    }
    await settled(roster);
    const now = await accountNow(roster, boss);
    assert.deepEqual([now.status, now.manager, now.team], ['active', 'coach@roster.test', 'First Coach']);
    assert.equal((await accountNow(roster, report)).manager, 'middle@x.test');
    assert.deepEqual(await stepsOf(boss), [
      'readAsserted',
      'suspendAccounts',
      'handOverReports',
      'readAsserted',
      'updateAccounts',
      'adoptReports',
      'readAsserted',
      'updateAccounts',
      'adoptReports',
      'findManagers',
      'joinTeams',
      'markApplied',
    ]);
    await record(boss, 'assigned-again-in-the-middle');
  });

  it('rule 5: the default manager changes, and whoever fell back moves to the new one', async () => {
    await setActive(roster, await idOf('coach@roster.test'), true);
    const chosen = await idOf('boss@x.test');
    await roster.pool.query('update instances set default_manager_id = $2 where id = $1', [roster.instance, chosen]);
    await roster.pool.query(`select kick_instance($1, 'admin')`, [roster.instance]);
    await settled(roster);
    const solo = await accountNow(roster, await idOf('solo@x.test'));
    assert.deepEqual([solo.manager, solo.origin], ['boss@x.test', 'default']);
    const boss = await accountNow(roster, chosen);
    assert.deepEqual([boss.manager, boss.team], [null, null], 'the default manager has none');
    await recordHistory(roster, `instance/${roster.instance}`, 'default-manager-changed');
  });

  it('a deleted user is gone for SCIM, its name is free, and its account stays suspended', async () => {
    const id = await assign(roster, 'gone@x.test');
    await settled(roster);
    assert.equal((await scim(roster, 'DELETE', `/Users/${id}`)).status, 204);
    assert.equal((await scim(roster, 'GET', `/Users/${id}`)).status, 404);
    assert.equal((await scim(roster, 'DELETE', `/Users/${id}`)).status, 404);
    await settled(roster);
    assert.equal((await accountNow(roster, id)).status, 'suspended');
    assert.notEqual(await assign(roster, 'Gone@x.test'), id);
    await settled(roster);
  });

  /** Waits until a user's latest run is over: it can be settled a moment before. */
  const runEnds = async (id: string): Promise<void> => {
    const { client, close } = await temporalClient(roster);
    try {
      await client.workflow.getHandle(`user/${roster.instance}/${id}`).result();
    } finally {
      await close();
    }
  };

  /** How many workflow tasks a user's latest run has begun. */
  const tasksOf = async (id: string): Promise<number> => {
    const { client, close } = await temporalClient(roster);
    try {
      const { events } = await client.workflow.getHandle(`user/${roster.instance}/${id}`).fetchHistory();
      return (events ?? []).filter((event) => event.workflowTaskStartedEventAttributes).length;
    } finally {
      await close();
    }
  };

  const idOf = async (userName: string): Promise<string> => {
    const { rows } = await roster.pool.query<{ id: string }>(
      'select id from users where instance_id = $1 and user_name_key = $2 and deleted_at is null',
      [roster.instance, userName],
    );
    return rows[0]?.id ?? '';
  };

  /** The steps of a user's latest run, in order, as the Temporal UI shows them. */
  const stepsOf = async (id: string): Promise<string[]> => {
    const { client, close } = await temporalClient(roster);
    try {
      const handle = client.workflow.getHandle(`user/${roster.instance}/${id}`);
      await handle.result();
      const { events } = await handle.fetchHistory();
      return (events ?? []).flatMap((event) => {
        const data = event.markerRecordedEventAttributes?.details?.['data']?.payloads?.[0]?.data;
        if (data === undefined || data === null) return [];
        return [(JSON.parse(Buffer.from(data).toString('utf8')) as { activity_type: string }).activity_type];
      });
    } finally {
      await close();
    }
  };
});
