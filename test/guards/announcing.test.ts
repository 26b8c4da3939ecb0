import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { ApplicationFailure } from '@temporalio/common';
import type pg from 'pg';
import { announcementActivities } from '../../activities/announcements.js';
import type { Deliverer } from '../../src/application/deliver.js';
import { endpointUrl } from '../../src/application/endpoint-url.js';
import { seededRandom } from '../../src/demo/random.js';
import { claimAnnouncement, finishAnnouncement, listMoved, refuseAccount } from '../../src/directory/announcements.js';
import { removeKicks, takeKicks } from '../../src/directory/kicks.js';
import { PATROL_START, patrolAccounts } from '../../src/directory/overdue.js';
import { showStuck } from '../../src/directory/progress.js';
import { removeOldEvents } from '../../src/directory/retention.js';
import { setRole } from '../../src/directory/roles.js';
import { seal } from '../../src/directory/seals.js';
import type { InstanceId, UserId } from '../../src/ids.js';
import { resendAccounts } from '../../src/instances/application.js';
import { setInstance } from '../../src/instances/instances.js';
import { actOnInstance, actOnUser } from '../../src/instances/operator-actions.js';
import { announcing } from '../support/announcing.js';
import type { FakeApplication } from '../support/fake-application.js';
import { untilBlocked, wrapped } from '../support/interleave.js';
import { BY_TEST } from '../support/roster.js';
import { converge, say, sayAgain, versionOf } from '../support/steps.js';

const DONE = { status: 200, words: '' };

describe('guard 7: announcing in order', () => {
  const at = announcing();
  const { provisioned, worker } = at;
  let pool: pg.Pool;
  let instance: InstanceId;
  let application: FakeApplication;
  let deliverer: Deliverer;
  beforeEach(() => {
    ({ pool, instance, application, deliverer } = at);
  });

  const account = async (id: UserId) => {
    const { rows } = await pool.query<{ announced: number; revision: number; token: string | null }>(
      `select announced::integer, revision::integer, announcing_token as token from accounts where instance_id = $1 and id = $2`,
      [instance, id],
    );
    const [row] = rows;
    assert.ok(row);
    return row;
  };
  const dataOf = (body: string) => (JSON.parse(body) as { data: { id: UserId; version: { revision: number } } }).data;

  it('never two calls for one user at a time, each later than the one before, and all are told in the end', async function () {
    this.timeout(60_000);
    const random = seededRandom('announcing');
    const users = await Promise.all(Array.from({ length: 40 }, (_, n) => provisioned(`user-${n}@x.test`)));
    const underWay = new Map<UserId, number>();
    const seen = new Map<UserId, number[]>();
    let most = 0;
    application.answer = (response, { body }) => {
      const { id, version } = dataOf(body);
      const others = (underWay.get(id) ?? 0) + 1;
      underWay.set(id, others);
      most = Math.max(most, others);
      void delay(random.below(20)).then(() => {
        underWay.set(id, (underWay.get(id) ?? 1) - 1);
        // What was done and not said is done again.
        const fate = random.below(10);
        if (fate === 0) response.socket?.resetAndDestroy();
        else if (fate === 1) response.writeHead(500).end();
        else {
          seen.set(id, [...(seen.get(id) ?? []), version.revision]);
          response.writeHead(200).end();
        }
      });
    };
    const workers = [worker(), worker(), worker()];
    const change = async (id: UserId): Promise<void> => {
      for (let n = 0; n < 6; n++) {
        await setRole(pool, instance, id, n % 2 === 0 ? 'publisher' : 'manager', BY_TEST);
        await Promise.all(workers.map((tell) => tell(id)));
      }
    };
    await Promise.all(users.map(change));
    assert.equal(most, 1);
    for (const id of users) {
      const { announced, revision, token } = await account(id);
      assert.deepEqual([announced, token], [revision, null]);
      const revisions = seen.get(id) ?? [];
      assert.deepEqual(
        revisions,
        revisions.toSorted((a, b) => a - b),
      );
      assert.equal(revisions.at(-1), revision);
    }
    const contents = new Map<unknown, string>();
    for (const { headers, body } of application.told) {
      const id = headers['webhook-id'];
      assert.equal(contents.get(id) ?? body, body, 'one id never has two contents');
      contents.set(id, body);
    }
  });

  it('nothing is sent under a claim that may be over: its answer took too long', async () => {
    const id = await provisioned('suspended@x.test');
    const now = performance.now.bind(performance);
    let slept = 0;
    performance.now = () => now() + slept;
    /** The process is stopped for 16 s while the answer is on its way. */
    const stopped = wrapped(pool, (statement) => {
      if (statement === 'claim_announcement' && slept === 0) slept = 16_000;
    });
    try {
      const activities = announcementActivities(stopped, deliverer, () => undefined);
      await assert.rejects(activities.announce({ instance, userId: id }));
      assert.deepEqual([application.told.length, (await account(id)).token], [0, null]);
      await activities.announce({ instance, userId: id });
      assert.equal(application.told.length, 1);
    } finally {
      performance.now = now;
    }
  });

  it('a role that an operator sets has the user’s own run tell the application', async () => {
    const id = await provisioned('promoted@x.test');
    await worker()(id);
    await pool.query('delete from kicks where instance_id = $1', [instance]);
    await setRole(pool, instance, id, 'publisher', BY_TEST);
    const kicks = async () =>
      (await pool.query('select lane, source from kicks where instance_id = $1 and user_id = $2', [instance, id])).rows;
    assert.deepEqual(await kicks(), [{ lane: 1, source: 'admin' }]);
    await pool.query('delete from kicks where instance_id = $1', [instance]);
    await setRole(pool, instance, id, 'publisher', BY_TEST);
    assert.deepEqual(await kicks(), [], 'where it is that role already nothing is to be told');
  });

  it('the claim of who died is free after its time, and who comes back late frees no other’s', async () => {
    const id = await provisioned('ada@x.test');
    const [dead, next] = ['00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000002'];
    const first = await claimAnnouncement(pool, instance, id, dead);
    assert.equal(first.state, 'send');
    const busy = await claimAnnouncement(pool, instance, id, next);
    assert.ok(busy.state === 'busy' && busy.busyMs > 25_000);
    await pool.query(
      `update accounts set announcing_until = now() - interval '1 s' where instance_id = $1 and id = $2`,
      [instance, id],
    );
    await setRole(pool, instance, id, 'coach', BY_TEST);
    const second = await claimAnnouncement(pool, instance, id, next);
    assert.ok(first.state === 'send' && second.state === 'send' && second.revision > first.revision);
    assert.equal(await finishAnnouncement(pool, { instance, user: id, token: dead }, first, 'done', DONE), false);
    const now = await account(id);
    assert.deepEqual([now.announced, now.token], [first.revision, next], 'what was told is told, and the claim stands');
    assert.equal(await finishAnnouncement(pool, { instance, user: id, token: next }, second, 'done', DONE), true);
    await finishAnnouncement(pool, { instance, user: id, token: dead }, first, 'done', DONE);
    assert.equal((await account(id)).announced, second.revision, 'and only grows');
  });

  it('nobody tells it of a user before the time that it asked for, unless an operator retries', async () => {
    const id = await provisioned('later@x.test');
    application.answer = (response) => response.writeHead(429, { 'retry-after': '30' }).end('Slow down.');
    const activities = announcementActivities(pool, deliverer, () => undefined);
    const refused = async (): Promise<number> => {
      const failure: unknown = await activities.announce({ instance, userId: id }).catch((error: unknown) => error);
      assert.ok(failure instanceof ApplicationFailure && typeof failure.nextRetryDelay === 'number');
      return failure.nextRetryDelay;
    };
    const asked = await refused();
    const again = await refused();
    assert.deepEqual([asked, again > 25_000 && again <= 30_000], [30_000, true]);
    await setRole(pool, instance, id, 'coach', BY_TEST);
    await refused();
    assert.equal(application.told.length, 1, 'of a newer revision neither');

    await showStuck(pool, instance, id, 'application_unreachable', 60_000);
    application.answer = (response) => response.writeHead(204).end();
    await pool.query('delete from kicks where instance_id = $1', [instance]);
    await worker()(await provisioned('other@x.test'));
    const { rowCount } = await pool.query('select from kicks where instance_id = $1 and user_id = $2', [instance, id]);
    assert.equal(rowCount, 0, 'a success brings forward whom it may be told of');
    await refused();
    for (const retry of [
      () => actOnUser(pool, instance, id, 'retryNow', 'it has time', BY_TEST),
      () => actOnInstance(pool, instance, 'retryStuck', undefined, 'it has time', BY_TEST),
    ]) {
      await pool.query(
        `update accounts set announced = 0, announcing_until = now() + interval '30 s' where instance_id = $1 and id = $2`,
        [instance, id],
      );
      await showStuck(pool, instance, id, 'application_unreachable', 60_000);
      await refused();
      await retry();
      assert.equal((await activities.announce({ instance, userId: id })).outcome, 'told');
    }
  });

  it('the sweeper sees to who is told of by nobody, and to nobody else', async () => {
    const id = await provisioned('forgotten@x.test');
    await pool.query(`update users set updated_at = now() - interval '5 minutes' where instance_id = $1`, [instance]);
    await pool.query(`update events set at = now() - interval '1 minute' where instance_id = $1`, [instance]);
    await pool.query(`update instances set application_since = now() - interval '1 hour' where id = $1`, [instance]);
    const kicked = async () => {
      await pool.query('delete from kicks where instance_id = $1', [instance]);
      await patrolAccounts(pool, { instance, id: PATROL_START.id }, 30, 100);
      return (await pool.query('select from kicks where instance_id = $1 and user_id = $2', [instance, id])).rowCount;
    };
    assert.equal(await kicked(), 1);
    const token = '00000000-0000-4000-8000-000000000003';
    const claim = await claimAnnouncement(pool, instance, id, token);
    assert.ok(claim.state === 'send');
    assert.equal(await kicked(), 0, 'while somebody tells it');
    await finishAnnouncement(pool, { instance, user: id, token }, claim, 'retry', { status: undefined, words: 'busy' });
    assert.equal(await kicked(), 0, 'and tries again by itself');
    await worker()(id);
    assert.equal(await kicked(), 0, 'and when all is told');
    const { rows } = await pool.query('select stage, due, message from progress where user_id = $1', [id]);
    assert.deepEqual(rows, [{ stage: 'provisioned', due: null, message: null }]);
  });

  it('nobody sees to who was given up before the application was told of it, and its events go in time', async () => {
    const id = await provisioned('given-up@x.test');
    await showStuck(pool, instance, id, 'application_unreachable', 60_000);
    await actOnUser(pool, instance, id, 'abandon', 'gone', BY_TEST);
    await worker()(id);
    assert.deepEqual(application.told, []);
    await seal(pool, instance);
    await pool.query(`update users set updated_at = now() - interval '40 days' where instance_id = $1`, [instance]);
    await pool.query(`update events set at = now() - interval '40 days' where instance_id = $1`, [instance]);
    await pool.query(`update instances set application_since = now() - interval '50 days' where id = $1`, [instance]);
    await pool.query('delete from kicks where instance_id = $1', [instance]);
    await patrolAccounts(pool, { instance, id: PATROL_START.id }, 30, 100);
    await removeOldEvents(pool);
    const left = async (table: string) =>
      (await pool.query(`select from ${table} where instance_id = $1 and user_id = $2`, [instance, id])).rowCount;
    assert.deepEqual([await left('kicks'), await left('events')], [0, 0]);
  });

  it('who is told of while behind what was asserted stays due for that (guard 6)', async () => {
    const id = await provisioned('behind@x.test');
    const progress = async () =>
      (await pool.query('select stage, due is not null as due from progress where user_id = $1', [id])).rows;
    await showStuck(pool, instance, id, 'application_unreachable', 60_000);
    await sayAgain(pool, instance, id, { userName: 'behind@x.test', title: 'Newer' });
    const kicks = await takeKicks(pool, 20);
    await removeKicks(pool, kicks);
    await worker()(id);
    assert.deepEqual(await progress(), [{ stage: 'stuck', due: true }]);
    await converge(pool, instance, id);
    assert.deepEqual(await progress(), [{ stage: 'stuck', due: true }], 'the new title is still to be told');
    await worker()(id);
    assert.deepEqual(await progress(), [{ stage: 'provisioned', due: false }]);
  });

  it('an endpoint that has taken nothing yet undoes nobody: the refusal may be that of the one before', async () => {
    const id = await provisioned('late@x.test');
    const version = await versionOf(pool, instance, id);
    await pool.query('update instances set application_proven_at = null where id = $1', [instance]);
    assert.equal(await refuseAccount(pool, instance, id, version, 1), false);
    await pool.query('update instances set application_proven_at = now() where id = $1', [instance]);
    assert.equal(await refuseAccount(pool, instance, id, version, 1), true);
  });

  it('who was refused is provisioned once the endpoint goes, whatever is shown of it', async () => {
    const id = await provisioned('refused@x.test');
    const version = await versionOf(pool, instance, id);
    assert.equal(await refuseAccount(pool, instance, id, version, 1), true);
    await pool.query('delete from kicks where instance_id = $1', [instance]);
    await setInstance(pool, instance, { application: null }, BY_TEST);
    const kicks = await pool.query('select from kicks where instance_id = $1 and user_id = $2', [instance, id]);
    assert.equal(kicks.rowCount, 1);
    await converge(pool, instance, id);
    const { rows } = await pool.query('select status from accounts where instance_id = $1 and id = $2', [instance, id]);
    assert.deepEqual(rows, [{ status: 'active' }]);
  });

  it('who is moved while another finds that all is told is still to be told of', async () => {
    const id = await provisioned('moved@x.test');
    await worker()(id);
    const client = await pool.connect();
    try {
      await client.query('begin');
      // The other has looked at the account already, and waits to say that nobody need tell of it.
      await client.query('lock table events in access exclusive mode');
      const looking = claimAnnouncement(pool, instance, id, '00000000-0000-4000-8000-000000000004');
      await untilBlocked({ pool });
      await client.query('update accounts set revision = revision + 1 where instance_id = $1 and id = $2', [
        instance,
        id,
      ]);
      await client.query(`select record_accounts($1, array[$2::uuid], array['account.updated'], '{}')`, [instance, id]);
      await client.query('commit');
      assert.equal((await looking).state, 'told');
    } finally {
      client.release();
    }
    assert.deepEqual(await listMoved(pool, instance, PATROL_START.id, 10), [id]);
  });

  it('everybody is told of anew where an operator asks for it, however many, page by page', async () => {
    await pool.query(
      `insert into accounts (instance_id, id, wanted, asserted_version, applied_version, status, revision)
       select $1, gen_random_uuid(), 'active', 1, 1, 'active', 1 from generate_series(1, 2001)`,
      [instance],
    );
    assert.equal(await resendAccounts(pool, instance, undefined, BY_TEST), 2_001);
    const { rows } = await pool.query(
      `select count(*)::integer as moved, (select count(*)::integer from audit_log where instance_id = $1 and action = 'application.resend') as audited
       from events where instance_id = $1 and moved`,
      [instance],
    );
    assert.deepEqual(rows, [{ moved: 2_001, audited: 1 }]);
  });

  it('who is held is shown as held again once the application is told', async () => {
    const id = await provisioned('held@x.test');
    await worker()(id);
    await sayAgain(pool, instance, id, { userName: 'held@x.test', active: false });
    await pool.query(
      'update accounts set unassigned_at = now(), held_at = now(), applied_version = asserted_version where instance_id = $1 and id = $2',
      [instance, id],
    );
    await showStuck(pool, instance, id, 'application_unreachable', 60_000);
    await worker()(id);
    const { rows } = await pool.query('select stage, reason from progress where instance_id = $1 and user_id = $2', [
      instance,
      id,
    ]);
    assert.deepEqual(rows, [{ stage: 'held', reason: 'brake_held' }]);
  });

  it('of who was never told of and is off nothing is said', async () => {
    const { id } = await say(pool, instance, { userName: 'never@x.test', active: false });
    await converge(pool, instance, id);
    await worker()(id);
    assert.deepEqual(application.told, []);
    const { announced, revision } = await account(id);
    assert.equal(announced, revision);
  });

  it('another URL in place of one is told what the former has not taken, and nothing else', async () => {
    const told = await provisioned('told@x.test');
    await worker()(told);
    const untold = await provisioned('untold@x.test');
    application.answer = (response) => response.writeHead(503, { 'retry-after': '3600' }).end();
    const activities = announcementActivities(pool, deliverer, () => undefined);
    await assert.rejects(activities.announce({ instance, userId: untold }), ApplicationFailure);
    application.answer = (response) => response.writeHead(204).end();
    const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
    const url = endpointUrl(`${application.url}/elsewhere`, true);
    application.told.length = 0;
    await setInstance(pool, instance, { application: { url, secret } }, BY_TEST);
    await worker()(told);
    await worker()(untold);
    assert.deepEqual(
      application.told.map(({ body }) => dataOf(body).id),
      [untold],
    );
  });

  it('an endpoint set where there was none is told nothing of the past', async () => {
    await setInstance(pool, instance, { application: null }, BY_TEST);
    const id = await provisioned('old@x.test');
    await setInstance(pool, instance, { application: { url: application.url } }, BY_TEST);
    await worker()(id);
    assert.deepEqual(application.told, []);
    await setRole(pool, instance, id, 'coach', BY_TEST);
    await worker()(id);
    assert.equal(application.told.length, 1);
  });
});
