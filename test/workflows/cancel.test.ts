import assert from 'node:assert/strict';
import type { Client } from '@temporalio/client';
import { refuseAccount } from '../../src/directory/announcements.js';
import type { UserId } from '../../src/ids.js';
import { actOnUser } from '../../src/instances/operator-actions.js';
import { connectApplication, type FakeApplication, startFakeApplication } from '../support/fake-application.js';
import { recordHistory, temporalClient } from '../support/histories.js';
import { scim } from '../support/http.js';
import { until } from '../support/interleave.js';
import { accountNow, assign, setActive } from '../support/people.js';
import { BY_TEST, startRoster, type TestRoster } from '../support/roster.js';
import { settled } from '../support/settled.js';
import { versionOf } from '../support/steps.js';

describe('Cancel in the Temporal UI', function () {
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

  const runOf = (id: string) => temporal.client.workflow.getHandle(`user/${roster.instance}/${id}`);
  const stage = async (id: string) => (await accountNow(roster, id)).stage;
  const untilStage = (id: string, wanted: string) => until(wanted, async () => (await stage(id)) === wanted, 20_000);
  const cancel = async (id: string, name?: string): Promise<void> => {
    const { runId } = await runOf(id).describe();
    // Another may follow it at once.
    const run = temporal.client.workflow.getHandle(`user/${roster.instance}/${id}`, runId);
    await run.cancel();
    await until('cancelled', async () => (await run.describe()).status.name === 'CANCELLED', 20_000);
    if (name !== undefined) await recordHistory(roster, `user/${roster.instance}/${id}`, name, runId);
  };
  const typesTold = (id: string): string[] =>
    application.told
      .map(({ body }) => JSON.parse(body) as { type: string; data: { id?: string } })
      .filter(({ data }) => data.id === id)
      .map(({ type }) => type);

  it('undoes a first provisioning, tells the application so, and waits for what Okta says next', async () => {
    const id = await assign(roster, 'waits@x.test', { manager: 'never@x.test' });
    const report = await assign(roster, 'report@x.test', { manager: 'waits@x.test' });
    await untilStage(id, 'waiting for manager');
    await until('adopted', async () => (await accountNow(roster, report)).manager === 'waits@x.test');
    await until('told', async () => typesTold(id).includes('account.created'));
    await cancel(id, 'cancel-provisioning');
    const { status, manager, team } = await accountNow(roster, id);
    assert.deepEqual([status, manager, team], ['refused', null, null]);
    assert.equal((await accountNow(roster, report)).manager, 'coach@roster.test');
    await until('told that it is off', async () => typesTold(id).at(-1) === 'account.suspended');
    assert.equal(await stage(id), 'abandoned');

    const { status: answer } = await scim(roster, 'PATCH', `/Users/${id}`, {
      Operations: [{ op: 'replace', path: 'title', value: 'Welcome back' }],
    });
    assert.equal(answer, 200);
    await until('active', async () => (await accountNow(roster, id)).status === 'active');
    await setActive(roster, id, false);
  });

  it('finishes the steps of a deactivation, and leaves the untold suspension stuck, with a date', async () => {
    const id = await assign(roster, 'leaver@x.test');
    await settled(roster);
    const report = await assign(roster, 'stays@x.test', { manager: 'leaver@x.test' });
    await until('joined', async () => (await accountNow(roster, report)).manager === 'leaver@x.test');
    const asked: string[] = [];
    application.answer = (_, { body }) => void asked.push(body); // and never answers
    await setActive(roster, id, false);
    // Its report was told of too, with its manager's name.
    const isSuspension = (body: string) => {
      const { type, data } = JSON.parse(body) as { type: string; data: { id?: string } };
      return type === 'account.suspended' && data.id === id;
    };
    await until('asked', () => asked.some(isSuspension));
    await cancel(id, 'cancel-deactivation');
    const { status, manager, team } = await accountNow(roster, id);
    assert.deepEqual([status, manager, team, await stage(id)], ['suspended', null, null, 'stuck']);
    assert.equal((await accountNow(roster, report)).manager, 'coach@roster.test');
    const { rows } = await roster.pool.query<{ reason: string; soon: boolean }>(
      `select reason, due between now() and now() + interval '61 seconds' as soon from progress where instance_id = $1 and user_id = $2`,
      [roster.instance, id],
    );
    assert.deepEqual(rows, [{ reason: 'application_unreachable', soon: true }]);
  });

  it('changes nothing about an account that the application refused: it stays refused, and stuck', async () => {
    application.answer = (response) => response.writeHead(422).end('No.');
    const id = await assign(roster, 'refused@x.test');
    await untilStage(id, 'stuck');
    await cancel(id, 'cancel-refused');
    assert.equal((await accountNow(roster, id)).status, 'refused');
    assert.equal(await stage(id), 'stuck');
  });

  it('leaves nobody half moved where a run is terminated while it undoes what the application refused', async () => {
    application.answer = (response, { body }) => {
      const { data } = JSON.parse(body) as { data: { userName: string } };
      response.writeHead(data.userName === 'half@x.test' ? 503 : 204).end();
    };
    const id = await assign(roster, 'half@x.test');
    const report = await assign(roster, 'half-report@x.test', { manager: 'half@x.test' });
    await settled(roster);
    assert.equal((await accountNow(roster, report)).manager, 'half@x.test');
    await until('told', async () => typesTold(id).includes('account.created'));
    await runOf(id).terminate();
    const version = await versionOf(roster.pool, roster.instance, id as UserId);
    assert.equal(await refuseAccount(roster.pool, roster.instance, id as UserId, version, 1), true);

    await actOnUser(roster.pool, roster.instance, id as UserId, 'retryNow', 'a test', BY_TEST);
    await until('handed over', async () => (await accountNow(roster, report)).manager === 'coach@roster.test', 20_000);
    await until('out of the team', async () => (await accountNow(roster, id)).team === null);
    const { status, manager } = await accountNow(roster, id);
    assert.deepEqual([status, manager], ['refused', null]);
  });

  it('gives nobody access: who is unassigned at the same moment stays off', async () => {
    const id = await assign(roster, 'both@x.test', { manager: 'never@x.test' });
    await untilStage(id, 'waiting for manager');
    await Promise.all([setActive(roster, id, false), runOf(id).cancel()]);
    await until('off', async () => (await stage(id)) === 'deactivated', 20_000);
    assert.equal((await accountNow(roster, id)).status, 'suspended');
  });
});
