import assert from 'node:assert/strict';
import { type ChangedInstance, setInstance } from '../../src/instances/instances.js';
import { type FakeApplication, startFakeApplication } from '../support/fake-application.js';
import { recordHistory, temporalClient } from '../support/histories.js';
import { scim } from '../support/http.js';
import { until } from '../support/interleave.js';
import { accountNow, assign, setActive } from '../support/people.js';
import { BY_TEST, startRoster, type TestRoster } from '../support/roster.js';
import { settled } from '../support/settled.js';

describe('rule 12: the brake', function () {
  this.timeout(60_000);
  let roster: TestRoster;
  let application: FakeApplication;
  before(async () => {
    roster = await startRoster();
    application = await startFakeApplication();
    await settled(roster);
  });
  after(async () => {
    await roster.close();
    await application.close();
  });
  let people = 0;
  beforeEach(async () => {
    await setBrake(null);
    await roster.pool.query('delete from unassignments where instance_id = $1', [roster.instance]);
  });

  const setBrake = (
    brake: { percent: number; minimum: number; windowMinutes: number } | null,
  ): Promise<ChangedInstance> => setInstance(roster.pool, roster.instance, { brake }, BY_TEST);
  const stage = async (id: string) => (await accountNow(roster, id)).stage;
  const untilStage = (id: string, wanted: string) => until(wanted, async () => (await stage(id)) === wanted, 20_000);
  const act = async (action: string, reason = 'a test') => {
    const response = await fetch(`${roster.adminUrl}/instances/${roster.instance}/actions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${roster.adminToken}`, 'content-type': 'application/json' },
      body: JSON.stringify({ action, reason }),
    });
    const answer = (await response.json()) as { accounts?: number };
    return [response.status, answer.accounts];
  };
  const newcomers = async (count: number, manager?: string): Promise<string[]> => {
    const ids: string[] = [];
    for (let at = 0; at < count; at++) {
      ids.push(await assign(roster, `p${(people += 1)}@x.test`, manager === undefined ? {} : { manager }));
    }
    await settled(roster);
    return ids;
  };
  const leave = (ids: readonly string[]) => Promise.all(ids.map((id) => setActive(roster, id, false)));
  const stagesOf = async (ids: readonly string[]) =>
    (await Promise.all(ids.map(async (id) => String(await stage(id))))).toSorted((a, b) => a.localeCompare(b));
  /** Somebody with a report, held. */
  const heldManager = async () => {
    const name = `boss${(people += 1)}@x.test`;
    const boss = await assign(roster, name);
    await settled(roster);
    const [report = ''] = await newcomers(1, name);
    await setBrake({ percent: 0, minimum: 1, windowMinutes: 10 });
    const [first = ''] = await newcomers(1);
    await leave([first]);
    await untilStage(first, 'deactivated');
    await setActive(roster, boss, false);
    await untilStage(boss, 'held');
    return { boss, name, report };
  };

  it('lets through as many as the greater of minimum and percent, and holds the later ones', async () => {
    const ids = await newcomers(9);
    const { rows } = await roster.pool.query<{ count: number }>(
      `select count(*)::integer as count from accounts where instance_id = $1 and status = 'active'`,
      [roster.instance],
    );
    const percent = (4 / (rows[0]?.count ?? 1)) * 100;
    await setBrake({ percent: Math.ceil(percent), minimum: 3, windowMinutes: 10 });
    await leave(ids);
    await settled(roster);
    assert.deepEqual(await stagesOf(ids), [...Array<string>(4).fill('deactivated'), ...Array<string>(5).fill('held')]);
    assert.deepEqual(await act('releaseHeld'), [200, 5]);
    await settled(roster);
    assert.deepEqual(await stagesOf(ids), Array<string>(9).fill('deactivated'));
  });

  it('never holds a single leaver, and nobody where there is no brake', async () => {
    const [alone = '', ...others] = await newcomers(4);
    await setBrake({ percent: 0, minimum: 0, windowMinutes: 10 });
    await leave([alone]);
    await settled(roster);
    await setBrake(null);
    await leave(others);
    await settled(roster);
    assert.deepEqual(await stagesOf([alone, ...others]), Array<string>(4).fill('deactivated'));
  });

  it('ends access and tells the application, while reports and team stay until the hold is released', async () => {
    await setInstance(roster.pool, roster.instance, { application: { url: application.url } }, BY_TEST);
    const { boss, name, report } = await heldManager();
    const held = await accountNow(roster, boss);
    assert.deepEqual(
      [held.status, held.origin, (await accountNow(roster, report)).manager],
      ['suspended', 'default', name],
    );
    await until('told', async () =>
      application.told.some(({ body }) => body.includes('"account.suspended"') && body.includes(boss)),
    );
    // Whoever comes now and names the held one is theirs; a change of the profile does not end the hold.
    const [newcomer = ''] = await newcomers(1, name);
    assert.equal((await accountNow(roster, newcomer)).manager, name);
    const { status } = await scim(roster, 'PATCH', `/Users/${boss}`, {
      Operations: [{ op: 'replace', path: 'title', value: 'Still held' }],
    });
    assert.equal(status, 200);
    await settled(roster);
    assert.equal(await stage(boss), 'held');
    const temporal = await temporalClient(roster);
    const run = await temporal.client.workflow.getHandle(`user/${roster.instance}/${boss}`).describe();
    await temporal.close();
    assert.equal(run.status.name, 'RUNNING');

    assert.deepEqual(await act('releaseHeld', 'they did leave'), [200, 1]);
    await untilStage(boss, 'deactivated');
    await settled(roster);
    assert.deepEqual(
      [(await accountNow(roster, report)).manager, (await accountNow(roster, boss)).team],
      ['coach@roster.test', null],
    );
    const { rows } = await roster.pool.query<{ action: string; note: string | null }>(
      `select action, note from audit_log where instance_id = $1 and user_id = $2 and action in ('user.hold', 'user.release') order by entry`,
      [roster.instance, boss],
    );
    assert.deepEqual(rows, [
      { action: 'user.hold', note: null },
      { action: 'user.release', note: 'they did leave' },
    ]);
    await recordHistory(roster, `user/${roster.instance}/${boss}`, 'held-and-released');
    await setInstance(roster.pool, roster.instance, { application: null }, BY_TEST);
  });

  it('gives all who are held their access back where the hold is reverted, in SCIM too', async () => {
    const { boss, name, report } = await heldManager();
    assert.deepEqual(await act('revertHeld'), [200, 1]);
    await untilStage(boss, 'provisioned');
    assert.equal((await accountNow(roster, boss)).status, 'active');
    assert.equal((await scim(roster, 'GET', `/Users/${boss}`)).body?.['active'], true);
    assert.equal((await accountNow(roster, report)).manager, name);
    await recordHistory(roster, `user/${roster.instance}/${boss}`, 'held-and-reverted');
    assert.deepEqual(await act('revertHeld'), [200, 0]);
  });

  it('ends the hold of who is assigned again, and of nobody else', async () => {
    const { boss, name, report } = await heldManager();
    const [other = ''] = await newcomers(1);
    await leave([other]);
    await untilStage(other, 'held');
    await setActive(roster, boss, true);
    await untilStage(boss, 'provisioned');
    assert.equal((await accountNow(roster, report)).manager, name);
    assert.deepEqual(await act('revertHeld'), [200, 1]);
    await untilStage(other, 'provisioned');
    assert.equal(await stage(boss), 'provisioned');
  });

  it('leaves a held default manager what it is', async () => {
    const { boss, name } = await heldManager();
    await act('revertHeld');
    await untilStage(boss, 'provisioned');
    await setInstance(roster.pool, roster.instance, { defaultManager: boss }, BY_TEST);
    await settled(roster);
    const [first = ''] = await newcomers(1);
    await leave([first]);
    await untilStage(first, 'deactivated');
    await leave([boss]);
    await untilStage(boss, 'held');
    await settled(roster);
    const [newcomer = ''] = await newcomers(1);
    assert.equal((await accountNow(roster, newcomer)).manager, name);
    await act('releaseHeld');
    await untilStage(boss, 'deactivated');
    await settled(roster);
    assert.equal((await accountNow(roster, newcomer)).manager, 'coach@roster.test');
    await setInstance(roster.pool, roster.instance, { defaultManager: null }, BY_TEST);
  });

  it('brakes nobody who is suspended because a switch is on again', async () => {
    const ids = await newcomers(3);
    await setInstance(roster.pool, roster.instance, { switches: { deactivateUsers: false } }, BY_TEST);
    await setBrake({ percent: 0, minimum: 1, windowMinutes: 10 });
    for (const id of ids) await setActive(roster, id, false);
    await settled(roster);
    await setInstance(roster.pool, roster.instance, { switches: { deactivateUsers: true } }, BY_TEST);
    await settled(roster);
    assert.deepEqual(await stagesOf(ids), Array<string>(3).fill('deactivated'));
  });
});
