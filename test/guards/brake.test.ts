import assert from 'node:assert/strict';
import type pg from 'pg';
import { applyAccounts } from '../../src/directory/accounts.js';
import type { InstanceId, UserId } from '../../src/ids.js';
import { releaseHeld } from '../../src/instances/brake.js';
import { setInstance } from '../../src/instances/instances.js';
import { type TestDatabase, testDatabase } from '../support/database.js';
import { BY_TEST } from '../support/roster.js';
import { converge, emptyInstance, say, sayAgain, versionOf } from '../support/steps.js';

describe('rule 12: whom the brake holds', () => {
  let database: TestDatabase;
  let pool: pg.Pool;
  let instance: InstanceId;
  before(async () => {
    database = await testDatabase();
    ({ pool } = database);
  });
  after(() => database.close());
  beforeEach(async () => {
    instance = await emptyInstance(pool);
  });

  const nameOf = (at: number): string => `p${at}@x.test`;
  const people = async (count: number): Promise<UserId[]> => {
    const ids: UserId[] = [];
    for (let at = 0; at < count; at++) {
      const { id } = await say(pool, instance, { userName: nameOf(at) });
      await converge(pool, instance, id);
      ids.push(id);
    }
    return ids;
  };
  const setBrake = (percent: number, minimum: number) =>
    setInstance(pool, instance, { brake: { percent, minimum, windowMinutes: 10 } }, BY_TEST);
  /** They leave one after the other, a second apart, so many minutes ago; nobody has decided yet. */
  const leave = async (ids: readonly UserId[], minutesAgo = 0): Promise<void> => {
    for (const [at, id] of ids.entries()) {
      const { rows } = await pool.query<{ name: string }>('select user_name as name from accounts where id = $1', [id]);
      await sayAgain(pool, instance, id, { userName: rows[0]?.name ?? '', active: false });
      await pool.query(
        `update accounts set unassigned_at = now() - make_interval(mins => $3, secs => -$4::integer)
         where instance_id = $1 and id = $2`,
        [instance, id, minutesAgo, at],
      );
    }
  };
  /** Decides in sets of so many. @returns whether each is held */
  const decide = async (ids: readonly UserId[], together: number): Promise<Map<UserId, boolean>> => {
    const held = new Map<UserId, boolean>();
    for (let at = 0; at < ids.length; at += together) {
      const users = await Promise.all(
        ids.slice(at, at + together).map(async (userId) => ({
          userId,
          version: await versionOf(pool, instance, userId),
        })),
      );
      for (const [id, is] of await applyAccounts(pool, instance, users)) held.set(id, is);
    }
    return held;
  };
  const countHeld = (held: Map<UserId, boolean>): number => [...held.values()].filter(Boolean).length;

  for (const together of [1, 4, 20]) {
    it(`counts who left at the same time, however long ago, in sets of ${together}`, async () => {
      const ids = await people(20);
      await setBrake(10, 3);
      await leave(ids, 120);
      const held = await decide(ids, together);
      assert.deepEqual(
        ids.map((id) => held.get(id)),
        ids.map((_, at) => at >= 3),
      );
    });
  }

  it('counts whoever left in the same window, in whatever order it is decided', async () => {
    const ids = await people(12);
    await setBrake(10, 3);
    await leave(ids, 60);
    assert.equal(countHeld(await decide(ids.toReversed(), 1)), 9);
  });

  it('counts nobody who left in another window', async () => {
    const ids = await people(9);
    await setBrake(10, 3);
    for (const [at, minutesAgo] of [90, 60, 30].entries()) await leave(ids.slice(at * 3, at * 3 + 3), minutesAgo);
    assert.equal(countHeld(await decide(ids, 1)), 0);
  });

  it('takes a part of less than one in a hundred for what it is', async () => {
    const ids = await people(401);
    await setBrake(0.5, 1);
    await leave(ids.slice(0, 3));
    assert.equal(countHeld(await decide(ids.slice(0, 3), 3)), 1);
  });

  it('counts who was assigned again as one active account, not two', async () => {
    const ids = await people(10);
    await setBrake(20, 1);
    const [first, second, third] = ids as [UserId, UserId, UserId];
    await leave([first, second]);
    assert.equal(countHeld(await decide([first, second], 2)), 0);
    await sayAgain(pool, instance, first, { userName: nameOf(0) });
    await converge(pool, instance, first);
    // Ten were active before: three are more than 28 % of them, but not of eleven.
    await setBrake(28, 1);
    await leave([third]);
    assert.equal(countHeld(await decide([third], 1)), 1);
  });

  it('releases however many are held, page by page, and each once', async () => {
    await pool.query(
      `insert into accounts (instance_id, id, wanted, asserted_version, applied_version, status, unassigned_at, held_at)
       select $1, gen_random_uuid(), 'suspended', 1, 1, 'suspended', now(), now() from generate_series(1, 1201)`,
      [instance],
    );
    assert.equal(await releaseHeld(pool, instance, 'they did leave', BY_TEST), 1_201);
    const { rows } = await pool.query(
      `select count(*)::integer as kicks, (select count(*)::integer from audit_log where instance_id = $1 and action = 'user.release') as audited
       from kicks where instance_id = $1 and user_id is not null`,
      [instance],
    );
    assert.deepEqual(rows, [{ kicks: 1_201, audited: 1_201 }]);
  });
});
