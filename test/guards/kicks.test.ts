import assert from 'node:assert/strict';
import { type Kick, releaseKicks, removeKicks, takeKicks } from '../../src/directory/kicks.js';
import { userDirectory } from '../../src/directory/user-directory.js';
import { type InstanceId, newUserId, type UserId } from '../../src/ids.js';
import { type TestDatabase, testDatabase } from '../support/database.js';
import { untilBlocked } from '../support/interleave.js';
import { assertion, converge, emptyInstance, say, sayAgain } from '../support/steps.js';

describe('guard 5: kicks', () => {
  let database: TestDatabase;
  let instance: InstanceId;

  before(async () => {
    database = await testDatabase();
  });
  after(() => database.close());
  beforeEach(async () => {
    await database.pool.query('delete from kicks');
    await database.pool.query('update progress set due = null');
    instance = await emptyInstance(database.pool);
  });

  const create = async (userName: string): Promise<UserId> => {
    const id = newUserId();
    await say(database.pool, instance, { userName }, id);
    return id;
  };
  const kicked = async (): Promise<UserId[]> => {
    const { rows } = await database.pool.query<{ id: UserId }>('select user_id as id from kicks order by user_id');
    return rows.map((row) => row.id);
  };
  const taken = (kicks: readonly Kick[]) => kicks.map((kick) => kick.userId);

  it('one that is renewed while it is being sent is sent again', async () => {
    const id = await create('ada@x.test');
    const kicks = await takeKicks(database.pool, 20);
    assert.deepEqual(taken(kicks), [id]);
    // It is on its way to Temporal, and Okta asserts something newer.
    await sayAgain(database.pool, instance, id, { userName: 'ada@x.test', active: false });
    await removeKicks(database.pool, kicks);
    assert.deepEqual(await kicked(), [id]);
    assert.deepEqual(taken(await takeKicks(database.pool, 20)), [id], 'at once, not after the first one is due back');
  });

  it('one that was removed and written anew meanwhile is not taken for the old one', async () => {
    const id = await create('ada@x.test');
    const slow = await takeKicks(database.pool, 20);
    await removeKicks(database.pool, slow);
    await sayAgain(database.pool, instance, id, { userName: 'ada@x.test', title: 'AE' });
    await removeKicks(database.pool, slow);
    assert.deepEqual(await kicked(), [id]);
  });

  it('are taken by one dispatcher at a time, and given back when they could not be sent', async () => {
    const ids = [await create('ada@x.test'), await create('bo@x.test'), await create('cy@x.test')];
    const [one, two] = await Promise.all([takeKicks(database.pool, 2), takeKicks(database.pool, 2)]);
    assert.deepEqual(new Set([...taken(one), ...taken(two)]), new Set(ids));
    assert.equal(one.length + two.length, 3);
    await releaseKicks(database.pool, one, 0);
    assert.deepEqual(taken(await takeKicks(database.pool, 20)), taken(one));
  });

  for (const [who, act] of [
    ['who removes them', (kicks: Kick[]) => removeKicks(database.pool, kicks.toReversed())],
    ['who gives them back', (kicks: Kick[]) => releaseKicks(database.pool, kicks.toReversed(), 0)],
    [
      'a change of their users',
      (kicks: Kick[]) => {
        const directory = userDirectory(database.pool);
        const change = (id: UserId) =>
          directory.change({ instance, id }, (stored) => assertion(instance, stored, { userName: `${id}@x.test` }));
        return Promise.all(kicks.toReversed().map((kick) => change(kick.userId ?? newUserId())));
      },
    ],
  ] as const) {
    it(`several are locked in one order by ${who}, or two would wait for each other`, async () => {
      const [first, last] = [await create('ada@x.test'), await create('bo@x.test')];
      const kicks = await takeKicks(database.pool, 20);
      const client = await database.pool.connect();
      try {
        await client.query('begin');
        await client.query('select 1 from kicks where user_id = $1 for update', [last]);
        const acting = act(kicks);
        await untilBlocked(database);
        await assert.rejects(
          database.pool.query('select 1 from kicks where user_id = $1 for update nowait', [first]),
          { code: '55P03' },
          'the first one is locked already',
        );
        await client.query('commit');
        await acting;
      } finally {
        client.release();
      }
    });
  }

  it('hold no row while they are sent: Okta’s next change does not wait', async () => {
    const id = await create('ada@x.test');
    await takeKicks(database.pool, 20);
    const client = await database.pool.connect();
    try {
      await client.query(`set lock_timeout = '1ms'`);
      await client.query('select 1 from kicks where user_id = $1 for update', [id]);
    } finally {
      await client.query('reset lock_timeout');
      client.release();
    }
  });

  it('deactivations go first, then live changes, then bulk', async () => {
    const [bulk, live, leaver] = [await create('a@x.test'), await create('b@x.test'), await create('c@x.test')];
    await converge(database.pool, instance, leaver);
    await database.pool.query('delete from kicks where user_id = $1', [leaver]);
    await sayAgain(database.pool, instance, leaver, { userName: 'c@x.test', active: false });
    await database.pool.query('update kicks set lane = 2 where user_id = $1', [bulk]);
    for (const next of [leaver, live, bulk]) assert.deepEqual(taken(await takeKicks(database.pool, 1)), [next]);
  });

  it('one that is renewed before it was taken keeps its place, or who is changed often would never have a turn', async () => {
    const [first, second] = [await create('a@x.test'), await create('b@x.test')];
    await sayAgain(database.pool, instance, first, { userName: 'a@x.test', title: 'AE' });
    for (const next of [first, second]) assert.deepEqual(taken(await takeKicks(database.pool, 1)), [next]);
  });

  it('live ones pause while 200 users are provisioning; deactivations never', async () => {
    const { pool } = database;
    await pool.query(
      `insert into users (instance_id, id, user_name, user_name_key, email, email_key, display_name, active, resource, source)
       select $1, gen_random_uuid(), n, n, n, n, n, true, '{"meta":{"location":"', 'scim' from generate_series(1, 200) g (i), text('u' || i) n`,
      [instance],
    );
    await pool.query(
      `insert into accounts (instance_id, id, wanted, asserted_version) select instance_id, id, 'active', 1 from users where instance_id = $1`,
      [instance],
    );
    const setOpen = (count: number) =>
      pool.query(
        `insert into progress (instance_id, user_id, stage, due)
         select $1, id, case when n <= $2 then 'provisioning' else 'waiting for manager' end, now() + interval '20 seconds'
         from (select id, row_number() over (order by id) as n from users where instance_id = $1 and user_name like 'u%') numbered
         on conflict (instance_id, user_id) do update set stage = excluded.stage, due = excluded.due`,
        [instance, count],
      );
    const live = await create('live@x.test');
    const leaver = await create('leaver@x.test');
    await sayAgain(pool, instance, leaver, { userName: 'leaver@x.test', active: false });
    await setOpen(200);
    const first = await takeKicks(pool, 20);
    assert.deepEqual(taken(first), [leaver]);
    await removeKicks(pool, first);
    await setOpen(199);
    assert.deepEqual(taken(await takeKicks(pool, 20)), [live], 'who waits for a manager does not count');
  });
});
