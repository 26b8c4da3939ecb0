import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../src/dev/free-port.js';
import { startTemporal, type TemporalServer } from '../../src/dev/temporal-server.js';
import { assertEqualsModel } from '../support/compare-with-model.js';
import { createMany } from '../support/creates.js';
import { until } from '../support/interleave.js';
import { accountNow, assign, setActive } from '../support/people.js';
import { startRoster, type TestRoster } from '../support/roster.js';
import { serverProcesses } from '../support/servers.js';
import { settled } from '../support/settled.js';
import { temporalBinary } from '../support/temporal.js';

describe('Temporal away', () => {
  let roster: TestRoster;
  let temporal: TemporalServer;
  let folder: string;
  let port: number;

  const start = async (): Promise<TemporalServer> =>
    startTemporal({
      processes: serverProcesses(),
      binary: await temporalBinary(),
      namespace: 'default',
      port,
      uiPort: undefined,
      databaseFile: join(folder, 'temporal.db'),
      report: () => undefined,
    });
  const crash = async (): Promise<void> => {
    temporal.process.kill('SIGKILL');
    await temporal.stop();
  };

  before(async function () {
    this.timeout(120_000);
    folder = await mkdtemp(join(tmpdir(), 'roster-temporal-'));
    port = await freePort();
    temporal = await start();
    roster = await startRoster({ temporal });
    await settled(roster);
  });
  after(async () => {
    await roster.close();
    await temporal.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it('500 creates are all answered 201, and all are provisioned once it is back', async function () {
    this.timeout(120_000);
    const creates = await createMany(roster, 'away', 500, { 100: crash });
    assert.deepEqual([creates.acknowledged.size, creates.refused], [500, []]);
    const ready = await fetch(new URL('/readyz', roster.scimUrl));
    assert.deepEqual(
      [ready.status, await ready.json()],
      [200, { status: 'degraded', postgresql: true, temporal: false }],
    );
    temporal = await start();
    await settled(roster);
    const { rows } = await roster.pool.query(
      `select 1 from accounts a where a.instance_id = $1 and a.status = 'active' and a.user_name like 'away%' and a.team_id is not null`,
      [roster.instance],
    );
    assert.equal(rows.length, 500);
    await assertEqualsModel(roster.pool, roster.instance);
  });

  it('its store deleted: the sweeper rebuilds whatever was under way, and nobody who is settled runs again', async function () {
    this.timeout(120_000);
    await roster.pool.query('update instances set manager_wait_seconds = 600 where id = $1', [roster.instance]);
    const waiter = await assign(roster, 'waiter@x.test', { manager: 'nobody@x.test' });
    await until('it waits', async () => (await accountNow(roster, waiter)).stage === 'waiting for manager');
    const boss = await assign(roster, 'store.boss@x.test');
    const report = await assign(roster, 'store.report@x.test', { manager: 'store.boss@x.test' });
    await until('they are settled', async () => (await accountNow(roster, report)).stage === 'provisioned');

    await crash();
    await rm(folder, { recursive: true, force: true });
    folder = await mkdtemp(join(tmpdir(), 'roster-temporal-'));
    await setActive(roster, boss, false);
    temporal = await start();
    await until('the kick was sent', async () => (await accountNow(roster, boss)).stage === 'deactivated', 30_000);
    assert.equal((await accountNow(roster, report)).manager, 'coach@roster.test');
    assert.equal((await accountNow(roster, waiter)).stage, 'waiting for manager', 'whose run is gone');

    // Ten minutes go by.
    await roster.pool.query(
      `update progress set due = due - interval '11 minutes' where instance_id = $1 and due is not null`,
      [roster.instance],
    );
    await roster.pool.query(
      `update accounts set wait_until = wait_until - interval '11 minutes' where instance_id = $1 and wait_until is not null`,
      [roster.instance],
    );
    await settled(roster);
    const now = await accountNow(roster, waiter);
    assert.deepEqual([now.stage, now.manager, now.origin], ['provisioned', 'coach@roster.test', 'default']);
    await assertEqualsModel(roster.pool, roster.instance);
  });
});
