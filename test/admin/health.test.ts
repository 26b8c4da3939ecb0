import assert from 'node:assert/strict';
import { health } from '../../src/admin/schemas.js';
import { sampleHealth } from '../../src/directory/health.js';
import { showStuck } from '../../src/directory/progress.js';
import type { Stage } from '../../src/directory/progress-list.js';
import { startHealthSampler } from '../../src/dispatch/health-sampler.js';
import type { InstanceId, UserId } from '../../src/ids.js';
import { createLog } from '../../src/telemetry/log.js';
import { until } from '../support/interleave.js';
import { converge, emptyInstance, type Said, say, untilWait } from '../support/steps.js';
import { type AdminServer, startAdmin } from './admin-server.js';

describe('the health of an instance in the admin API', () => {
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
  const provisioned = async (userName: string): Promise<UserId> => {
    const id = await asserted({ userName });
    await converge(admin.database.pool, instance, id);
    return id;
  };
  const shown = async (of = instance) =>
    (await admin.ask('GET', `/instances/${of}/health`, { as: 'viewer' })).as(health);
  const figures = async () =>
    (await shown()).samples.map(({ provisioned, waiting, stuck }) => [provisioned, waiting, stuck]);
  /** Lets time pass, as the samples see it. */
  const later = (minutes: number) =>
    admin.database.pool.query('update health_samples set at = at - make_interval(mins => $1)', [minutes]);

  it('counts who is where now, and leaves out where nobody is', async () => {
    const { pool } = admin.database;
    assert.deepEqual(await shown(), { now: [], samples: [] });
    await provisioned('a@x.test');
    await provisioned('b@x.test');
    await untilWait(pool, instance, await asserted({ userName: 'c@x.test', manager: 'late@x.test' }));
    await showStuck(pool, instance, await asserted({ userName: 'd@x.test' }), 'directory_unavailable', 60_000);
    const now: { stage: Stage; count: number }[] = [
      { stage: 'provisioned', count: 2 },
      { stage: 'stuck', count: 1 },
      { stage: 'waiting for manager', count: 1 },
    ];
    assert.deepEqual((await shown()).now, now);
    assert.deepEqual((await shown(await emptyInstance(pool))).now, []);
  });

  it('has one sample a minute, however many sweep, of the last hour', async () => {
    const { pool } = admin.database;
    // So that all is in one minute.
    await until('a minute has begun', () => Date.now() % 60_000 < 55_000);
    await provisioned('a@x.test');
    await Promise.all([sampleHealth(pool), sampleHealth(pool), sampleHealth(pool)]);
    assert.deepEqual(await figures(), [[1, 0, 0]]);
    await later(1);
    await showStuck(pool, instance, await provisioned('b@x.test'), 'application_refused', 60_000);
    await sampleHealth(pool);
    await sampleHealth(pool);
    assert.deepEqual(await figures(), [
      [1, 0, 0],
      [1, 0, 1],
    ]);
    await later(59);
    assert.deepEqual(await figures(), [[1, 0, 1]]);
  });

  it('keeps samples for two hours', async () => {
    const { pool } = admin.database;
    await sampleHealth(pool);
    const kept = async () =>
      (await pool.query('select 1 from health_samples where instance_id = $1', [instance])).rowCount;
    await later(118);
    await sampleHealth(pool);
    assert.equal(await kept(), 2);
    await later(3);
    await sampleHealth(pool);
    assert.equal(await kept(), 2);
  });

  it('is written down without anybody asking', async () => {
    const { pool } = admin.database;
    const sampler = startHealthSampler({ pool, log: createLog({ logLevel: 'silent' }, 'server') });
    await until('there is a sample', async () => (await figures()).length === 1);
    await sampler.stop();
  });
});
