import assert from 'node:assert/strict';
import { type InstanceId, newUserId, type UserId } from '../../src/ids.js';
import { assertEqualsModel } from '../support/compare-with-model.js';
import { type TestDatabase, testDatabase } from '../support/database.js';
import { converge, emptyInstance, type Said, say, sayAgain } from '../support/steps.js';

describe('guard 3: who is re-evaluated when somebody changes', () => {
  let database: TestDatabase;
  let instance: InstanceId;
  let people: Map<string, UserId>;

  before(async () => {
    database = await testDatabase();
  });
  after(() => database.close());
  beforeEach(async () => {
    instance = await emptyInstance(database.pool);
    people = new Map();
  });

  /** Asserts something of somebody and runs their run alone, at whose end everybody must be as the rules say. */
  const run = async (said: Said): Promise<void> => {
    const known = people.get(said.userName);
    const id = known ?? newUserId();
    people.set(said.userName, id);
    await (known === undefined ? say(database.pool, instance, said, id) : sayAgain(database.pool, instance, id, said));
    await converge(database.pool, instance, id);
    await assertEqualsModel(database.pool, instance);
  };
  const managerOf = async (userName: string): Promise<string | undefined> => {
    const { rows } = await database.pool.query<{ manager: string }>(
      `select m.user_name as manager from accounts a join accounts m on m.instance_id = a.instance_id and m.id = a.manager_id
       where a.instance_id = $1 and a.id = $2`,
      [instance, people.get(userName)],
    );
    return rows[0]?.manager;
  };

  it('who refers to a key that somebody has now, and who no longer does', async () => {
    await run({ userName: 'ada@x.test', manager: 'E-1' });
    await run({ userName: 'bo@x.test', externalId: 'E-1' });
    assert.equal(await managerOf('ada@x.test'), 'bo@x.test');
    await run({ userName: 'bo@x.test', externalId: 'E-2' });
    assert.equal(await managerOf('ada@x.test'), undefined);
  });

  it('who meant another with the same key, once a better one is there', async () => {
    await run({ userName: 'old@x.test', email: 'boss@x.test' });
    await run({ userName: 'ada@x.test', manager: 'boss@x.test' });
    assert.equal(await managerOf('ada@x.test'), 'old@x.test');
    await run({ userName: 'new@x.test', externalId: 'boss@x.test' });
    assert.equal(await managerOf('ada@x.test'), 'new@x.test');
    await run({ userName: 'new@x.test', externalId: 'boss@x.test', active: false });
    assert.equal(await managerOf('ada@x.test'), 'old@x.test');
  });

  it('everybody on a circle, whoever closed it, and again when it opens', async () => {
    for (const [name, manager] of [
      ['a', 'b'],
      ['b', 'c'],
      ['c', undefined],
      ['d', 'a'],
    ] as const) {
      await run({ userName: `${name}@x.test`, ...(manager === undefined ? {} : { manager: `${manager}@x.test` }) });
    }
    assert.equal(await managerOf('a@x.test'), 'b@x.test');
    await run({ userName: 'c@x.test', manager: 'a@x.test' });
    assert.deepEqual(await Promise.all(['a', 'b', 'c', 'd'].map((name) => managerOf(`${name}@x.test`))), [
      undefined,
      undefined,
      undefined,
      'a@x.test',
    ]);
    await run({ userName: 'b@x.test', manager: 'c@x.test', active: false });
    assert.equal(await managerOf('c@x.test'), 'a@x.test', 'an account that is not active opens it');
  });

  it('a circle that closes because a key changes, not a reference', async () => {
    await run({ userName: 'a@x.test', manager: 'E-b' });
    await run({ userName: 'b@x.test', manager: 'a@x.test' });
    assert.equal(await managerOf('b@x.test'), 'a@x.test');
    await run({ userName: 'b@x.test', manager: 'a@x.test', externalId: 'E-b' });
    assert.deepEqual([await managerOf('a@x.test'), await managerOf('b@x.test')], [undefined, undefined]);
    await run({ userName: 'b@x.test', manager: 'a@x.test', externalId: 'E-c' });
    assert.equal(await managerOf('b@x.test'), 'a@x.test');
  });
});
