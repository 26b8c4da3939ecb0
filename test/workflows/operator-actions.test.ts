import assert from 'node:assert/strict';
import type { Client } from '@temporalio/client';
import { connectApplication, type FakeApplication, startFakeApplication } from '../support/fake-application.js';
import { recordHistory, temporalClient } from '../support/histories.js';
import { scim } from '../support/http.js';
import { until } from '../support/interleave.js';
import { accountNow, assign, setActive } from '../support/people.js';
import { startRoster, type TestRoster } from '../support/roster.js';
import { settled } from '../support/settled.js';

describe('what an operator does about one user', function () {
  this.timeout(60_000);
  let roster: TestRoster;
  let application: FakeApplication;
  let temporal: { client: Client; close: () => Promise<void> };
  before(async () => {
    roster = await startRoster({ managerWaitSeconds: 3_600 });
    application = await startFakeApplication();
    temporal = await temporalClient(roster);
    await settled(roster);
    await connectApplication(roster, application.url);
  });
  after(async () => {
    await temporal.close();
    await roster.close();
    await application.close();
  });
  afterEach(() => {
    application.answer = (response) => response.writeHead(204).end();
  });

  const record = (id: string, name: string) => recordHistory(roster, `user/${roster.instance}/${id}`, name);
  const post = async (path: string, body: object) => {
    const response = await fetch(`${roster.adminUrl}/instances/${roster.instance}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${roster.adminToken}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    const answer = (await response.json()) as { code?: string; accounts?: number };
    return { status: response.status, ...answer };
  };
  const act = (id: string, action: string, reason = 'a test') => post(`/accounts/${id}/actions`, { action, reason });
  /** The same in the Temporal UI. */
  const update = (id: string, action: string, words: object): Promise<string> =>
    temporal.client.workflow
      .getHandle(`user/${roster.instance}/${id}`)
      .executeUpdate<string, [object]>(action, { args: [words] });
  const stage = async (id: string) => (await accountNow(roster, id)).stage;
  const untilStage = (id: string, wanted: string) => until(wanted, async () => (await stage(id)) === wanted, 20_000);
  const audited = async (id: string) => {
    const { rows } = await roster.pool.query<{ action: string; actor: string; note: string | null }>(
      `select action, split_part(actor, ':', 1) || case when actor like 'temporal:%' then ':' || split_part(actor, ':', 2) else '' end as actor, note
       from audit_log where instance_id = $1 and user_id = $2 and note is not null order by entry`,
      [roster.instance, id],
    );
    return rows;
  };
  const refuse = () => {
    application.answer = (response) => response.writeHead(422).end('No.');
  };
  const toldOf = (id: string): string[] =>
    application.told.flatMap(({ body }) => {
      const { type, data } = JSON.parse(body) as { type: string; data: { id?: string } };
      return data.id === id ? [type] : [];
    });

  it('takes the default manager for who waits, and says so where nobody does', async () => {
    const id = await assign(roster, 'waits@x.test', { manager: 'never@x.test' });
    await untilStage(id, 'waiting for manager');
    assert.equal((await act(id, 'takeDefaultManager', 'she will not come')).status, 200);
    await untilStage(id, 'provisioned');
    assert.equal((await accountNow(roster, id)).origin, 'default');
    assert.deepEqual(await audited(id), [
      { action: 'user.takeDefaultManager', actor: 'operator', note: 'she will not come' },
    ]);
    const again = await act(id, 'takeDefaultManager');
    assert.deepEqual([again.status, again.code], [409, 'nothing_to_do']);
  });

  it('does so in the Temporal UI too, where it must say who and why', async () => {
    const id = await assign(roster, 'waits-there@x.test', { manager: 'never@x.test' });
    await untilStage(id, 'waiting for manager');
    for (const why of [' ', 'nul\0', 'half \ud83d', 'a'.repeat(501)]) {
      await assert.rejects(update(id, 'takeDefaultManager', { who: 'Ada', why }), /Update failed|Say why/i);
    }
    await assert.rejects(update(id, 'takeDefaultManager', { who: '\0', why: 'it is time' }));
    const said = await update(id, 'takeDefaultManager', { who: 'Ada', why: 'long enough' });
    assert.equal(said, 'The default manager takes the place.');
    await untilStage(id, 'provisioned');
    await record(id, 'take-default-manager');
    assert.deepEqual(await audited(id), [
      { action: 'user.takeDefaultManager', actor: 'temporal:Ada', note: 'long enough' },
    ]);
  });

  it('retries who is stuck, at once', async () => {
    refuse();
    const [one, other] = [await assign(roster, 'stuck@x.test'), await assign(roster, 'stuck-too@x.test')];
    for (const id of [one, other]) await untilStage(id, 'stuck');
    application.answer = (response) => response.writeHead(204).end();
    assert.equal((await act(one, 'retryNow')).status, 200);
    await until('it is provisioned', async () => (await accountNow(roster, one)).status === 'active', 20_000);
    await untilStage(one, 'provisioned');
    assert.ok(!toldOf(one).includes('account.suspended'), 'that it was refused meanwhile is nobody’s business');
    assert.deepEqual([await stage(other), (await accountNow(roster, other)).status], ['stuck', 'refused']);
    assert.equal(
      (await post('/actions', { action: 'retryStuck', code: 'directory_unavailable', reason: 'x' })).accounts,
      0,
    );
    const { accounts = 0 } = await post('/actions', { action: 'retryStuck', code: 'application_refused', reason: 'x' });
    assert.ok(accounts > 0, 'the coach, whose team grew, may be another');
    await untilStage(other, 'provisioned');
    assert.equal((await accountNow(roster, other)).status, 'active');
  });

  it('abandons a creation: refused for good, its reports handed over, until Okta changes the user', async () => {
    refuse();
    const id = await assign(roster, 'given-up@x.test');
    await untilStage(id, 'stuck');
    assert.equal((await act(id, 'abandon')).status, 200);
    await untilStage(id, 'abandoned');
    await record(id, 'abandon-creation');
    application.answer = (response) => response.writeHead(204).end();
    const before = toldOf(id).length;
    assert.equal((await act(id, 'retryNow')).status, 200);
    await until('the run has looked', async () => {
      const { rowCount } = await roster.pool.query('select from kicks where instance_id = $1 and user_id = $2', [
        roster.instance,
        id,
      ]);
      return rowCount === 0;
    });
    assert.deepEqual([(await accountNow(roster, id)).status, toldOf(id).length], ['refused', before]);
    await scim(roster, 'PATCH', `/Users/${id}`, { Operations: [{ op: 'replace', value: { title: 'Back' } }] });
    await until('it is active', async () => (await accountNow(roster, id)).status === 'active', 20_000);
    await untilStage(id, 'provisioned');
    await until('the application is told', () => toldOf(id).length > before);
    assert.equal(toldOf(id)[before], 'account.created');
  });

  it('abandons a change: it counts as told, and the account stays', async () => {
    const id = await assign(roster, 'changed@x.test');
    await until('it is told', () => toldOf(id).length === 1);
    refuse();
    await scim(roster, 'PATCH', `/Users/${id}`, { Operations: [{ op: 'replace', value: { title: 'X' } }] });
    await untilStage(id, 'stuck');
    assert.equal((await act(id, 'abandon')).status, 200);
    await untilStage(id, 'provisioned');
    assert.equal((await accountNow(roster, id)).status, 'active');
    assert.equal((await act(id, 'abandon')).code, 'nothing_to_do');
  });

  it('abandons a deactivation: active again, in SCIM too, and the application is told', async () => {
    const id = await assign(roster, 'stays@x.test');
    await until('it is told', () => toldOf(id).length === 1);
    refuse();
    await setActive(roster, id, false);
    await untilStage(id, 'stuck');
    application.answer = (response) => response.writeHead(204).end();
    assert.equal((await act(id, 'abandon', 'a mistake in Okta')).status, 200);
    await untilStage(id, 'provisioned');
    assert.equal((await accountNow(roster, id)).status, 'active');
    assert.equal((await scim(roster, 'GET', `/Users/${id}`)).body?.['active'], true);
    await until('it is told', () => toldOf(id).at(-1) === 'account.reactivated');
    await record(id, 'abandon-deactivation');
    await setActive(roster, id, false);
    await untilStage(id, 'deactivated');
  });
});
