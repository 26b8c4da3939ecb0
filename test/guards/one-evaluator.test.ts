import assert from 'node:assert/strict';
import type pg from 'pg';
import { applyAccounts } from '../../src/directory/accounts.js';
import { evaluateReports, findManagers } from '../../src/directory/managers.js';
import { lowerBound } from '../../src/directory/page.js';
import { joinTeams } from '../../src/directory/teams.js';
import { type InstanceId, newUserId, type UserId } from '../../src/ids.js';
import { assertEqualsModel } from '../support/compare-with-model.js';
import { type TestDatabase, testDatabase } from '../support/database.js';
import { overtaken } from '../support/interleave.js';
import {
  afterWait,
  converge,
  convergeInstanceIfKicked,
  emptyInstance,
  type Said,
  say,
  sayAgain,
  untilWait,
  versionOf,
} from '../support/steps.js';

let database: TestDatabase;
let instance: InstanceId;

const create = async (said: Said): Promise<UserId> => {
  const id = newUserId();
  await say(database.pool, instance, said, id);
  return id;
};
const at = async (id: UserId) => [{ userId: id, version: await versionOf(database.pool, instance, id) }];
const row = async (id: UserId) => {
  const { rows } = await database.pool.query<{ manager: UserId | null; origin: string; waits: boolean }>(
    'select manager_id as manager, origin, wait_until is not null as waits from accounts where instance_id = $1 and id = $2',
    [instance, id],
  );
  return rows[0];
};
/** A step as another process runs it, inside a transaction of its own. */
const step = (client: pg.ClientBase, name: string, id: UserId, version: number, more = '') =>
  client.query(`select * from ${name}($1, $2, $3${more})`, [instance, [id], [version]]);

describe('guard 2: one evaluator at a time per instance', () => {
  before(async () => {
    database = await testDatabase();
  });
  after(() => database.close());
  beforeEach(async () => {
    instance = await emptyInstance(database.pool);
  });

  it('finds the circle when a→b and b→a are asserted at once', async () => {
    const [a, b] = [await create({ userName: 'a@x.test' }), await create({ userName: 'b@x.test' })];
    for (const id of [a, b]) await converge(database.pool, instance, id);
    await sayAgain(database.pool, instance, a, { userName: 'a@x.test', manager: 'b@x.test' });
    await sayAgain(database.pool, instance, b, { userName: 'b@x.test', manager: 'a@x.test' });
    for (const id of [a, b]) await applyAccounts(database.pool, instance, await at(id));
    const [ofA, ofB] = [await at(a), await at(b)];
    await overtaken(
      database,
      (client) => step(client, 'join_teams', a, ofA[0]?.version ?? 0, ', true'),
      () => joinTeams(database.pool, instance, ofB),
    );
    await assertEqualsModel(database.pool, instance);
    assert.deepEqual([(await row(a))?.origin, (await row(b))?.origin], ['none', 'none']);
  });

  it('keeps the default manager out of a circle when it changes while a report is evaluated', async () => {
    const coach = await create({ userName: 'coach@x.test', manager: 'bo@x.test' });
    const bo = await create({ userName: 'bo@x.test' });
    for (const id of [coach, bo]) await converge(database.pool, instance, id);
    const ofBo = await at(bo);
    await overtaken(
      database,
      async (client) => {
        await client.query('select lock_instance($1)', [instance]);
        await client.query(
          `update accounts set role = 'coach', coach_since = now() where instance_id = $1 and id = $2`,
          [instance, coach],
        );
        await client.query(`select kick_instance($1, 'admin')`, [instance]);
      },
      () => joinTeams(database.pool, instance, ofBo),
    );
    await convergeInstanceIfKicked(database.pool, instance);
    await assertEqualsModel(database.pool, instance);
    assert.equal((await row(bo))?.manager, coach);
  });
});

describe('guard 4: no lost wake-up', () => {
  let coach: UserId;
  let waiter: UserId;

  before(async () => {
    database = await testDatabase();
  });
  after(() => database.close());
  beforeEach(async () => {
    instance = await emptyInstance(database.pool);
    coach = await create({ userName: 'coach@x.test' });
    await database.pool.query(
      `update accounts set role = 'coach', coach_since = now() where instance_id = $1 and id = $2`,
      [instance, coach],
    );
    await converge(database.pool, instance, coach);
    waiter = await create({ userName: 'ada@x.test', manager: 'bo@x.test' });
  });

  /** A manager arrives, in a transaction that is still open: the account, and the adoption of who refers to it. */
  const arrive = async (client: pg.ClientBase, bo: UserId): Promise<void> => {
    await step(client, 'apply_accounts', bo, 1);
    await client.query('select evaluate_reports($1, $2, $3, 500)', [instance, [bo], lowerBound({ limit: 500 })]);
  };

  it('adoption that races the waiter’s own deadline wins, whoever comes first', async () => {
    await untilWait(database.pool, instance, waiter);
    const bo = await create({ userName: 'bo@x.test' });
    const users = await at(waiter);
    await overtaken(
      database,
      (client) => arrive(client, bo),
      () => joinTeams(database.pool, instance, users),
    );
    assert.deepEqual(await row(waiter), { manager: bo, origin: 'assigned', waits: false });

    const late = await create({ userName: 'cy@x.test', manager: 'di@x.test' });
    await untilWait(database.pool, instance, late);
    const di = await create({ userName: 'di@x.test' });
    const ofLate = await at(late);
    const ofDi = await at(di);
    await overtaken(
      database,
      (client) => step(client, 'join_teams', late, ofLate[0]?.version ?? 0, ', true'),
      async () => {
        await applyAccounts(database.pool, instance, ofDi);
        await evaluateReports(database.pool, instance, [di], undefined);
      },
    );
    assert.deepEqual(await row(late), { manager: di, origin: 'assigned', waits: false });
  });

  it('a waiter that looks while its manager arrives finds it, or is woken', async () => {
    await applyAccounts(database.pool, instance, await at(waiter));
    const bo = await create({ userName: 'bo@x.test' });
    const users = await at(waiter);
    const found = await overtaken(
      database,
      (client) => arrive(client, bo),
      () => findManagers(database.pool, instance, users),
    );
    assert.equal(found.get(waiter)?.waitMs, undefined, 'it need not wait');
    assert.equal((await row(waiter))?.manager, bo);
  });

  it('wakes the waiter whom it adopts: due now, with a kick', async () => {
    await untilWait(database.pool, instance, waiter);
    await database.pool.query('delete from kicks where instance_id = $1', [instance]);
    const bo = await create({ userName: 'bo@x.test' });
    await applyAccounts(database.pool, instance, await at(bo));
    await evaluateReports(database.pool, instance, [bo], undefined);
    const { rows } = await database.pool.query(
      `select 1 from kicks k join progress p on p.instance_id = k.instance_id and p.user_id = k.user_id
       where k.instance_id = $1 and k.user_id = $2 and p.due <= now()`,
      [instance, waiter],
    );
    assert.equal(rows.length, 1);
  });

  it('no clock ends a wait: while its mark stands, nobody found means no manager', async () => {
    await untilWait(database.pool, instance, waiter);
    await database.pool.query(
      `update accounts set wait_until = now() - interval '1 hour' where instance_id = $1 and id = $2`,
      [instance, waiter],
    );
    // Somebody else's change evaluates the waiter too.
    await database.pool.query('select lock_instance($1), evaluate_managers($1, $2)', [instance, [waiter]]);
    assert.deepEqual(await row(waiter), { manager: null, origin: 'none', waits: true });
    await afterWait(database.pool, instance, waiter);
    assert.deepEqual(await row(waiter), { manager: coach, origin: 'default', waits: false });
  });

  it('rule 4: nothing that arrives moves the deadline; a changed reference ends the wait', async () => {
    await untilWait(database.pool, instance, waiter);
    const deadline = async () =>
      (
        await database.pool.query<{ until: string }>(
          'select wait_until::text as until from accounts where instance_id = $1 and id = $2',
          [instance, waiter],
        )
      ).rows[0]?.until;
    const before = await deadline();
    await sayAgain(database.pool, instance, waiter, { userName: 'ada@x.test', manager: 'bo@x.test', title: 'AE' });
    await untilWait(database.pool, instance, waiter);
    assert.equal(await deadline(), before);
    await sayAgain(database.pool, instance, waiter, { userName: 'ada@x.test', manager: 'nobody@x.test' });
    assert.equal(await untilWait(database.pool, instance, waiter), undefined);
    await afterWait(database.pool, instance, waiter);
    assert.equal((await row(waiter))?.manager, coach);
  });
});
