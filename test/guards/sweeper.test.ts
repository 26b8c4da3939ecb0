import assert from 'node:assert/strict';
import { removeKicks, takeKicks } from '../../src/directory/kicks.js';
import { PATROL_START, patrolAccounts, sweepKicks } from '../../src/directory/overdue.js';
import { type InstanceId, newUserId, type UserId } from '../../src/ids.js';
import { type TestDatabase, testDatabase } from '../support/database.js';
import { converge, emptyInstance, type Said, say, untilWait } from '../support/steps.js';

const OVERDUE_SECONDS = 30;

const IMPORT = '01a21550-6e04-714a-9f29-d7bb82473251';

describe('guard 6: the sweeper reads due dates', () => {
  let database: TestDatabase;
  let instance: InstanceId;

  before(async () => {
    database = await testDatabase();
  });
  after(() => database.close());
  beforeEach(async () => {
    instance = await emptyInstance(database.pool);
  });

  const create = async (said: Said): Promise<UserId> => {
    const id = newUserId();
    await say(database.pool, instance, said, id);
    return id;
  };
  /** Sends and removes all kicks, as a dispatcher whose Temporal forgets everything. */
  const loseKicks = async (): Promise<void> => {
    for (;;) {
      const kicks = await takeKicks(database.pool, 20);
      if (kicks.length === 0) return;
      await removeKicks(database.pool, kicks);
    }
  };
  /** Lets time pass, as the database sees it. */
  const later = async (seconds: number): Promise<void> => {
    const ago = `- make_interval(secs => ${seconds})`;
    await database.pool.query(`update progress set due = due ${ago}`);
    await database.pool.query(`update instances set due = due ${ago}`);
    await database.pool.query(`update users set updated_at = updated_at ${ago}`);
  };
  const swept = async (): Promise<(UserId | null)[]> => {
    await sweepKicks(database.pool, OVERDUE_SECONDS, 1_000);
    await patrolAccounts(database.pool, PATROL_START, OVERDUE_SECONDS, 1_000);
    const { rows } = await database.pool.query<{ id: UserId | null; source: string }>(
      'select user_id as id, source from kicks where instance_id = $1',
      [instance],
    );
    return rows.map((row) => row.id);
  };

  it('kicks who is behind while a file is on its way, or paused: only whom the file wrote last its own run sees to', async () => {
    const [lost, written] = [await create({ userName: 'ada@x.test' }), await create({ userName: 'bo@x.test' })];
    await loseKicks();
    await database.pool.query('delete from progress');
    await database.pool.query(
      `insert into imports (instance_id, id, state, dry_run, actor, asked) values ($1, $2, 'paused', false, 'cli', '')`,
      [instance, IMPORT],
    );
    await database.pool.query(
      `insert into import_rows (instance_id, import_id, line, cells, user_name_key, outcome, version)
       select $1, $2, 2, '[]', user_name_key, 'updated', version from users where id = $3`,
      [instance, IMPORT, written],
    );
    await later(31);
    assert.deepEqual(await swept(), [lost]);
  });

  it('kicks whose run was lost, after its due date has gone by for 30 s', async () => {
    const id = await create({ userName: 'ada@x.test' });
    await loseKicks();
    assert.deepEqual(await swept(), []);
    await later(59);
    assert.deepEqual(await swept(), []);
    await later(2);
    assert.deepEqual(await swept(), [id]);
  });

  it('sees to the longest overdue first, so that who is beyond help keeps nobody else waiting', async () => {
    await loseKicks();
    await database.pool.query('delete from progress');
    const first = await create({ userName: 'ada@x.test' });
    await loseKicks();
    await later(30);
    const second = await create({ userName: 'bo@x.test' });
    await loseKicks();
    await later(61);
    const sweep = async () => {
      assert.equal(await sweepKicks(database.pool, OVERDUE_SECONDS, 1), 1);
      const kicks = await takeKicks(database.pool, 20);
      await removeKicks(database.pool, kicks);
      return kicks.map(({ userId }) => userId);
    };
    assert.deepEqual([await sweep(), await sweep()], [[first], [second]]);
    assert.equal(await sweepKicks(database.pool, OVERDUE_SECONDS, 1), 0, 'each has half a minute again');
  });

  it('kicks who is behind what was asserted, without kick or due date', async () => {
    const id = await create({ userName: 'ada@x.test' });
    await database.pool.query('delete from kicks');
    assert.deepEqual(await swept(), []);
    await later(31);
    assert.deepEqual(await swept(), [id]);
  });

  it('looks at every account in turn for who is behind, a few at a time', async () => {
    const ids = [await create({ userName: 'ada@x.test' }), await create({ userName: 'bo@x.test' })];
    await database.pool.query('delete from kicks');
    await later(31);
    const kicked = [];
    let place = PATROL_START;
    do {
      const step = await patrolAccounts(database.pool, place, OVERDUE_SECONDS, 1);
      kicked.push(step.kicked);
      place = step.place;
    } while (place !== PATROL_START);
    assert.equal(kicked.at(-1), 0, 'at the end it starts anew');
    const { rows } = await database.pool.query<{ id: UserId }>(
      'select user_id as id from kicks where instance_id = $1',
      [instance],
    );
    assert.deepEqual(new Set(rows.map(({ id }) => id)), new Set(ids));
  });

  it('leaves the settled alone, however long ago', async () => {
    const id = await create({ userName: 'ada@x.test' });
    await loseKicks();
    await converge(database.pool, instance, id);
    await later(100_000);
    assert.deepEqual(await swept(), []);
  });

  it('never restarts a wait, which has a due date of its own', async () => {
    const id = await create({ userName: 'ada@x.test', manager: 'nobody@x.test' });
    await loseKicks();
    const waitMs = await untilWait(database.pool, instance, id);
    assert.ok(waitMs !== undefined && waitMs > 50_000);
    await later(60 + OVERDUE_SECONDS - 1);
    assert.deepEqual(await swept(), []);
    await later(2);
    assert.deepEqual(await swept(), [id], 'a run that should have ended its wait is missed');
  });

  it('never restarts a back-off: who is stuck is due when the next round is', async () => {
    const id = await create({ userName: 'ada@x.test' });
    await loseKicks();
    await database.pool.query(
      `update progress set stage = 'stuck', due = now() + interval '60 minutes' where instance_id = $1 and user_id = $2`,
      [instance, id],
    );
    await later(3_600);
    assert.deepEqual(await swept(), []);
    await later(31);
    assert.deepEqual(await swept(), [id]);
  });

  it('kicks an instance whose own run was lost', async () => {
    await database.pool.query(`select kick_instance($1, 'admin')`, [instance]);
    await loseKicks();
    assert.deepEqual(await swept(), []);
    await later(61);
    assert.deepEqual(await swept(), [null]);
  });
});
