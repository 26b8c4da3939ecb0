import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import { announcementActivities } from '../../activities/announcements.js';
import { tellOfMoved } from '../../activities/tell-moved.js';
import { createTeller } from '../../activities/teller.js';
import type { Deliverer } from '../../src/application/deliver.js';
import { beginTellingMoved, listMoved } from '../../src/directory/announcements.js';
import { PATROL_START } from '../../src/directory/overdue.js';
import type { InstanceId, UserId } from '../../src/ids.js';
import { setInstance } from '../../src/instances/instances.js';
import { announcing } from '../support/announcing.js';
import type { FakeApplication } from '../support/fake-application.js';
import { until, wrapped } from '../support/interleave.js';
import { BY_TEST } from '../support/roster.js';

describe('guard 7: telling of whom another’s run moved', () => {
  const at = announcing();
  const { provisioned, worker } = at;
  let pool: pg.Pool;
  let instance: InstanceId;
  let application: FakeApplication;
  let deliverer: Deliverer;
  beforeEach(() => {
    ({ pool, instance, application, deliverer } = at);
  });

  /** Moves people, as somebody's run does. */
  const moved = async (count: number, name: string): Promise<UserId[]> => {
    const ids = await Promise.all(Array.from({ length: count }, (_, at) => provisioned(`${name}-${at}@x.test`)));
    await Promise.all(ids.map(worker()));
    await pool.query('update accounts set revision = revision + 1 where instance_id = $1 and id = any ($2)', [
      instance,
      ids,
    ]);
    await pool.query(`select record_accounts($1, $2, array_fill('account.updated'::text, array[$3::integer]), '{}')`, [
      instance,
      ids,
      count,
    ]);
    await pool.query('delete from kicks where instance_id = $1', [instance]);
    application.told.length = 0;
    return ids;
  };
  const statements: string[] = [];
  const note = (statement: string): number => statements.push(statement);
  const pass = (
    teller: string,
    asked?: (statement: string) => unknown,
    assertRunning: () => void = () => undefined,
  ): Promise<void> => {
    const counting = wrapped(pool, note, asked);
    const tell = createTeller(counting, deliverer, () => undefined);
    return tellOfMoved({
      pool: counting,
      instance,
      teller,
      tell: (userId) => tell({ instance, userId }),
      onProgress: () => undefined,
      isStopping: () => false,
      assertRunning,
    });
  };
  const count = (name: string): number => statements.filter((statement) => statement === name).length;
  const kicked = async () =>
    (await pool.query('select from kicks where instance_id = $1 and user_id is not null', [instance])).rowCount;
  beforeEach(() => {
    statements.length = 0;
    application.answer = (response) => void delay(50).then(() => response.writeHead(204).end());
  });

  it('one tells at a time, and whom others tell of meanwhile is left to them', async () => {
    const ids = await moved(60, 'm');
    const own = ids.slice(0, 10).map(worker());
    const first = pass('one');
    await until('it tells', () => application.told.length > 12);
    const activities = announcementActivities(pool, deliverer, () => undefined);
    const other = await provisioned('other@x.test');
    await pool.query('delete from kicks where instance_id = $1', [instance]);
    assert.deepEqual(await activities.announce({ instance, userId: other }), { outcome: 'told', movedLeft: false });
    await pass('two');
    await Promise.all([first, ...own]);
    assert.equal(application.told.length, 61, 'each is told of once');
    assert.deepEqual([await kicked(), count('leave_to_own_run')], [0, 0]);
    assert.ok(count('claim_announcement') <= 2 * 60 + 10, 'none is tried over and over');
    assert.deepEqual(await listMoved(pool, instance, PATROL_START.id, 10), []);
  });

  it('who is moved while it ends is told of too', async () => {
    await moved(3, 'first');
    const late = await moved(3, 'late');
    await pool.query('update events set moved = false where instance_id = $1 and user_id = any ($2)', [instance, late]);
    let isOver = false;
    await pass('one', async (statement) => {
      if (statement !== 'end_telling_moved' || isOver) return;
      isOver = true;
      await pool.query(
        `update events e set moved = true from accounts a
           where e.instance_id = $1 and a.instance_id = $1 and a.id = any ($2) and e.user_id = a.id and e.revision = a.revision`,
        [instance, late],
      );
      await pass('another');
      assert.equal(application.told.length, 3);
    });
    assert.deepEqual([application.told.length, await listMoved(pool, instance, PATROL_START.id, 10)], [6, []]);
  });

  it('a pass whose worker ends leaves nobody to a run of their own: the next worker goes on', async () => {
    await moved(60, 'w');
    let isEnding = false;
    application.answer = (response) => {
      isEnding = true;
      response.destroy();
    };
    await assert.rejects(
      pass('one', undefined, () => {
        if (isEnding) throw new Error('the worker ends');
      }),
      /the worker ends/,
    );
    // Of those that were under way it could not be told.
    assert.ok(count('leave_to_own_run') <= 20, `${count('leave_to_own_run')} are left to runs of their own`);
    application.answer = (response) => response.writeHead(204).end();
    await pass('one');
    assert.deepEqual(await listMoved(pool, instance, PATROL_START.id, 100), []);
  });

  it('who died telling is followed by the next after its time, and by itself at once', async () => {
    await moved(3, 'd');
    assert.equal(await beginTellingMoved(pool, instance, 'dead'), true);
    await pass('next');
    assert.equal(application.told.length, 0);
    assert.equal(await beginTellingMoved(pool, instance, 'dead'), true);
    await pool.query(`update instances set telling_moved_until = now() - interval '1 s' where id = $1`, [instance]);
    await pass('next');
    assert.equal(application.told.length, 3);
  });

  it('it ends where the endpoint goes meanwhile', async () => {
    await moved(30, 'g');
    const first = pass('one');
    await until('it tells', () => application.told.length > 0);
    await setInstance(pool, instance, { application: null }, BY_TEST);
    await first;
    assert.deepEqual(await listMoved(pool, instance, PATROL_START.id, 10), []);
  });

  it('whom it can’t tell of is left to its own run', async () => {
    await moved(3, 'f');
    application.answer = (response) => response.writeHead(500).end();
    await pass('one');
    assert.deepEqual([application.told.length, await kicked()], [3, 3]);
  });
});
