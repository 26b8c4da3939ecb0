import assert from 'node:assert/strict';
import { listOf } from '../../src/admin/page.js';
import * as schemas from '../../src/admin/schemas.js';
import { removeOldEvents } from '../../src/directory/retention.js';
import type { InstanceId, UserId } from '../../src/ids.js';
import { converge, emptyInstance, say, sayAgain } from '../support/steps.js';
import { type AdminServer, startAdmin } from './admin-server.js';

describe('the event feed and the audit log in the admin API', () => {
  let admin: AdminServer;
  let instance: InstanceId;
  let ada: UserId;
  before(async () => {
    admin = await startAdmin();
  });
  after(() => admin.close());
  beforeEach(async () => {
    const { pool } = admin.database;
    instance = await emptyInstance(pool);
    ({ id: ada } = await say(pool, instance, { userName: 'ada@x.test', title: 'AE' }));
    await converge(pool, instance, ada);
    await sayAgain(pool, instance, ada, { userName: 'ada@x.test', title: 'VP' });
    await converge(pool, instance, ada);
  });

  const events = async (query = '') =>
    (await admin.ask('GET', `/instances/${instance}/events${query}`, { as: 'viewer' })).as(listOf(schemas.event));
  const audit = async (query = '') =>
    (await admin.ask('GET', `/instances/${instance}/audit${query}`, { as: 'viewer' })).as(listOf(schemas.auditRow));

  it('events come in pages, and are followed from the cursor of the last', async () => {
    const all = await events();
    assert.deepEqual(
      all.items.map(({ cursor, type, account }) => [cursor, type, account?.id, account?.title]),
      [
        ['1', 'account.created', ada, 'AE'],
        ['2', 'account.updated', ada, 'VP'],
      ],
    );
    assert.equal(all.nextCursor, null);
    const first = await events('?limit=1');
    assert.deepEqual([first.items.length, first.nextCursor], [1, '1']);
    assert.deepEqual((await events('?after=1')).items, all.items.slice(1));
    assert.deepEqual((await events('?after=2')).items, []);
  });

  it('the accounts say from where to follow', async () => {
    const accounts = (await admin.ask('GET', `/instances/${instance}/accounts`)).body as { eventsCursor: string };
    assert.equal(accounts.eventsCursor, '2');
    const { pool } = admin.database;
    await sayAgain(pool, instance, ada, { userName: 'ada@x.test', active: false });
    const [next] = (await events(`?after=${accounts.eventsCursor}`)).items;
    assert.deepEqual([next?.type, next?.account?.status], ['account.suspended', 'suspended']);
  });

  it('a cursor that is none is refused, and one that is too old is gone', async () => {
    for (const after of ['x', '-1', '1.5', '9'.repeat(20)]) {
      assert.equal(
        (await admin.ask('GET', `/instances/${instance}/events?after=${after}`)).code(400),
        'invalid_request',
      );
    }
    await events();
    const { pool } = admin.database;
    await pool.query(`update events set at = now() - interval '31 days' where instance_id = $1`, [instance]);
    await removeOldEvents(pool);
    assert.equal((await admin.ask('GET', `/instances/${instance}/events`)).code(410), 'cursor_too_old');
  });

  it('an export that fails at its beginning is a problem like any other', async () => {
    const { pool } = admin.database;
    await pool.query('alter function seal(text, integer) rename to seal_elsewhere');
    try {
      for (const format of ['csv', 'ndjson']) {
        const answer = await admin.ask('GET', `/instances/${instance}/audit?format=${format}`);
        assert.equal(answer.code(500), 'internal');
      }
    } finally {
      await pool.query('alter function seal_elsewhere(text, integer) rename to seal');
    }
  });

  it('the audit log is read by page, by time and by user', async () => {
    const { pool } = admin.database;
    const { id: bo } = await say(pool, instance, { userName: 'bo@x.test' });
    const all = await audit();
    assert.deepEqual(
      all.items.map(({ position, action, userId, outcome }) => [position, action, userId, outcome]),
      [
        [3, 'user.create', bo, 'accepted'],
        [2, 'user.update', ada, 'accepted'],
        [1, 'user.create', ada, 'accepted'],
      ],
    );
    const page = await audit('?limit=2');
    assert.deepEqual(page.items, all.items.slice(0, 2));
    assert.deepEqual((await audit(`?limit=2&cursor=${page.nextCursor}`)).items, all.items.slice(2));
    assert.deepEqual((await audit(`?userId=${ada}`)).items, all.items.slice(1));
    const { at = '' } = all.items[0] ?? {};
    assert.deepEqual((await audit(`?to=${at}`)).items, all.items.slice(1));
    assert.deepEqual((await audit(`?from=${at}`)).items, all.items.slice(0, 1));
  });
});
