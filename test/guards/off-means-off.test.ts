import assert from 'node:assert/strict';
import { within } from '../../src/database/pool.js';
import { applyAccounts, cancelProvisioning } from '../../src/directory/accounts.js';
import { markApplied, showStuck } from '../../src/directory/progress.js';
import { joinTeams } from '../../src/directory/teams.js';
import { lockUser } from '../../src/directory/users.js';
import { updateUsers } from '../../src/directory/write-users.js';
import { type InstanceId, newUserId, type UserId } from '../../src/ids.js';
import { type TestDatabase, testDatabase } from '../support/database.js';
import { overtaken } from '../support/interleave.js';
import {
  afterWait,
  assertion,
  converge,
  emptyInstance,
  type Said,
  say,
  sayAgain,
  versionOf,
} from '../support/steps.js';

const ADA: Said = { userName: 'ada@x.test', title: 'Engineer' };

describe('guard 1: off means off', () => {
  let database: TestDatabase;
  let instance: InstanceId;
  let id: UserId;

  before(async () => {
    database = await testDatabase();
  });
  after(() => database.close());
  beforeEach(async () => {
    instance = await emptyInstance(database.pool);
    id = newUserId();
    await say(database.pool, instance, ADA, id);
  });

  const account = async () => {
    const { rows } = await database.pool.query<{ status: string; wanted: string; title: string; revision: string }>(
      'select status, wanted, title, revision from accounts where instance_id = $1 and id = $2',
      [instance, id],
    );
    return rows[0];
  };

  /** Asserts something newer in a transaction that stays open while `step` begins. */
  const overtakenBy = (said: Said, step: () => Promise<Iterable<unknown>>): Promise<Iterable<unknown>> =>
    overtaken(
      database,
      async (client) => {
        const stored = await lockUser(client, { instance, id });
        assert.ok(stored);
        await updateUsers(within(client), [assertion(instance, stored, said)]);
      },
      step,
    );

  it('ends access in the very statement that asserts it, before any run', async () => {
    await converge(database.pool, instance, id);
    assert.equal((await account())?.status, 'active');
    const before = Number((await account())?.revision);
    await sayAgain(database.pool, instance, id, { ...ADA, active: false });
    const now = await account();
    assert.deepEqual([now?.status, now?.wanted, Number(now?.revision)], ['suspended', 'suspended', before + 1]);
  });

  it('lets no createAccounts that read an older version give access, when a suspension races it', async () => {
    const users = [{ userId: id, version: await versionOf(database.pool, instance, id) }];
    const current = await overtakenBy({ ...ADA, active: false }, () => applyAccounts(database.pool, instance, users));
    assert.deepEqual([...current], []);
    assert.equal((await account())?.status, 'pending');
  });

  it('lets no updateAccounts write an older profile over a newer version', async () => {
    const users = [{ userId: id, version: await versionOf(database.pool, instance, id) }];
    const current = await overtakenBy({ ...ADA, title: 'Director' }, () =>
      applyAccounts(database.pool, instance, users),
    );
    assert.deepEqual([...current], []);
    assert.equal((await account())?.title, '');
  });

  it('lets no run mark settled what it has not read', async () => {
    const users = [{ userId: id, version: await versionOf(database.pool, instance, id) }];
    await converge(database.pool, instance, id);
    const settled = await overtakenBy({ ...ADA, active: false }, () => markApplied(database.pool, instance, users));
    assert.deepEqual([...settled], []);
    const { rows } = await database.pool.query(
      'select 1 from accounts where instance_id = $1 and id = $2 and applied_version < asserted_version',
      [instance, id],
    );
    assert.equal(rows.length, 1);
  });

  it('takes a change from Okta that has waited for an evaluation of the same account', async () => {
    await converge(database.pool, instance, id);
    await overtaken(
      database,
      // A step that writes the account's row and holds it.
      (client) =>
        client.query('update accounts set resolved_to = id where instance_id = $1 and id = $2', [instance, id]),
      () => sayAgain(database.pool, instance, id, { ...ADA, active: false }),
    );
    const now = await account();
    assert.deepEqual([now?.status, now?.wanted], ['suspended', 'suspended']);
  });

  it('gives nobody a manager or a team who is suspended while being evaluated', async () => {
    const bo = newUserId();
    await say(database.pool, instance, { userName: 'bo@x.test' }, bo);
    await converge(database.pool, instance, bo);
    await sayAgain(database.pool, instance, id, { ...ADA, manager: 'bo@x.test' });
    const version = await versionOf(database.pool, instance, id);
    await applyAccounts(database.pool, instance, [{ userId: id, version }]);
    await overtakenBy({ ...ADA, manager: 'bo@x.test', active: false }, () =>
      joinTeams(database.pool, instance, [{ userId: id, version }]),
    );
    const { rows } = await database.pool.query<{ status: string; manager: string | null; team: string | null }>(
      'select status, manager_id as manager, team_id as team from accounts where instance_id = $1 and id = $2',
      [instance, id],
    );
    assert.deepEqual(rows, [{ status: 'suspended', manager: null, team: null }]);
    const { rows: teams } = await database.pool.query('select name from teams where instance_id = $1', [instance]);
    assert.deepEqual(teams, [], 'no team without a member is left behind');
  });

  describe('who was given up stays off', () => {
    const tried = async () => {
      const users = [{ userId: id, version: await versionOf(database.pool, instance, id) }];
      return () => applyAccounts(database.pool, instance, users);
    };
    const isRefused = async (): Promise<void> => {
      assert.equal((await account())?.status, 'refused');
      await afterWait(database.pool, instance, id);
      const { rows } = await database.pool.query(
        `select a.status, a.manager_id as manager, p.stage from accounts a
         join progress p on p.instance_id = a.instance_id and p.user_id = a.id where a.instance_id = $1 and a.id = $2`,
        [instance, id],
      );
      assert.deepEqual(rows, [{ status: 'refused', manager: null, stage: 'abandoned' }]);
    };

    it('when an operator abandons it while its run, woken to retry, is about to update it', async () => {
      await converge(database.pool, instance, id);
      await showStuck(database.pool, instance, id, 'application_unreachable', 60_000);
      const update = await tried();
      await overtaken(
        database,
        (client) => client.query(`select abandon_account($1, $2, 'a test', null, 'gone')`, [instance, id]),
        update,
      );
      await isRefused();
    });

    it('when its run is cancelled before a late attempt of createAccounts', async () => {
      const create = await tried();
      const version = await versionOf(database.pool, instance, id);
      assert.equal(await cancelProvisioning(database.pool, instance, { userId: id, version }), true);
      await create();
      await isRefused();
    });

    it('until Okta changes the user', async () => {
      const version = await versionOf(database.pool, instance, id);
      await cancelProvisioning(database.pool, instance, { userId: id, version });
      await sayAgain(database.pool, instance, id, { ...ADA, title: 'Director' });
      await converge(database.pool, instance, id);
      assert.equal((await account())?.status, 'active');
    });
  });
});
