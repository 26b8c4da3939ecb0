import assert from 'node:assert/strict';
import type pg from 'pg';
import { endpointUrl } from '../../src/application/endpoint-url.js';
import { claimAnnouncement, finishAnnouncement } from '../../src/directory/announcements.js';
import { takeKicks } from '../../src/directory/kicks.js';
import { showStuck } from '../../src/directory/progress.js';
import type { InstanceId, UserId } from '../../src/ids.js';
import { setInstance } from '../../src/instances/instances.js';
import { actOnInstance, actOnUser } from '../../src/instances/operator-actions.js';
import { type TestDatabase, testDatabase } from '../support/database.js';
import { until, untilBlocked } from '../support/interleave.js';
import { BY_TEST } from '../support/roster.js';
import { converge, emptyInstance, say } from '../support/steps.js';

describe('everybody locks an instance, then its accounts, then their kicks', () => {
  let database: TestDatabase;
  let pool: pg.Pool;
  let instance: InstanceId;
  let id: UserId;
  before(async () => {
    database = await testDatabase();
    ({ pool } = database);
  });
  after(() => database.close());
  beforeEach(async () => {
    instance = await emptyInstance(pool);
    await setInstance(
      pool,
      instance,
      { application: { url: endpointUrl('https://application.test', false) } },
      BY_TEST,
    );
    ({ id } = await say(pool, instance, { userName: 'ada@x.test' }));
    await converge(pool, instance, id);
  });

  /**
   * Somebody locks what comes first; the other begins; then the first one goes on to what comes later, which nobody may have who waits
   * for the former.
   */
  const meets = async (first: string, other: () => Promise<unknown>, then: string, values: unknown[]) => {
    const client = await pool.connect();
    try {
      await client.query(`begin; set local lock_timeout = '500ms'`);
      await client.query(first, [instance, ...values].slice(0, first.includes('$2') ? 2 : 1));
      let isOver = false;
      const meeting = other().finally(() => {
        isOver = true;
      });
      meeting.catch(() => undefined);
      await Promise.race([untilBlocked(database), until('it is over', () => isOver)]);
      await client.query(then, [instance, ...values].slice(0, then.includes('$2') ? 2 : 1));
      await client.query('commit');
      return await meeting;
    } finally {
      await client.query('rollback');
      client.release();
    }
  };
  const ACCOUNT = 'select from accounts where instance_id = $1 and id = $2 for no key update';
  const KICK = `insert into kicks (instance_id, user_id, lane, source) values ($1, $2, 1, 'scim')
    on conflict (instance_id, user_id) do update set nonce = nextval('kick_nonce')`;
  const asksForLater = () =>
    pool.query(`update accounts set announcing_until = now() + interval '1 hour' where instance_id = $1`, [instance]);

  it('who retries one', async () => {
    await asksForLater();
    await meets(ACCOUNT, () => actOnUser(pool, instance, id, 'retryNow', 'a test', BY_TEST), KICK, [id]);
  });

  it('who retries all', async () => {
    await asksForLater();
    await showStuck(pool, instance, id, 'application_unreachable', 60_000);
    const retried = await meets(
      ACCOUNT,
      () => actOnInstance(pool, instance, 'retryStuck', undefined, 'a test', BY_TEST),
      KICK,
      [id],
    );
    assert.equal(retried, 1);
  });

  it('who takes kicks', async () => {
    await pool.query(`delete from kicks where instance_id = $1`, [instance]);
    await pool.query(`select kick_instance($1, 'admin')`, [instance]);
    await meets(
      'select from instances where id = $1 for no key update',
      () => takeKicks(pool, 100),
      `select kick_instance($1, 'admin')`,
      [],
    );
    const taken = await takeKicks(pool, 100);
    assert.ok(
      taken.some((kick) => kick.instance === instance && kick.userId === undefined),
      'it is taken once nobody sets the instance',
    );
  });

  it('who finds that an endpoint answers', async () => {
    const token = '00000000-0000-4000-8000-000000000001';
    const claim = await claimAnnouncement(pool, instance, id, token);
    assert.ok(claim.state === 'send');
    await meets(
      'select from instances where id = $1 for no key update',
      () =>
        finishAnnouncement(pool, { instance, user: id, token }, claim, 'done', {
          status: 200,
          words: '',
        }),
      ACCOUNT,
      [id],
    );
  });
});
