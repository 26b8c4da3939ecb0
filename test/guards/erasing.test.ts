import assert from 'node:assert/strict';
import type pg from 'pg';
import { verifyAudit } from '../../src/directory/seals.js';
import type { InstanceId, UserId } from '../../src/ids.js';
import { eraseUser } from '../../src/instances/erase-user.js';
import { actOnUser } from '../../src/instances/operator-actions.js';
import { type TestDatabase, testDatabase } from '../support/database.js';
import { wrapped } from '../support/interleave.js';
import { BY_TEST } from '../support/roster.js';
import { converge, emptyInstance, say } from '../support/steps.js';

describe('erasing a person', () => {
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
    ({ id } = await say(pool, instance, { userName: 'ada@x.test', active: false }));
    await converge(pool, instance, id);
  });

  const noteDown = () => actOnUser(pool, instance, id, 'retryNow', 'she called', BY_TEST);

  it('takes a note away that comes at the last moment', async () => {
    const late = wrapped(
      pool,
      () => undefined,
      (statement) => (statement.startsWith('select erase_user') ? noteDown() : undefined),
    );
    await eraseUser(late, instance, id, 'a request', BY_TEST);
    const { rows } = await pool.query(
      `select action, note from audit_log where instance_id = $1 and user_id = $2 and note is not null`,
      [instance, id],
    );
    assert.deepEqual(rows, [{ action: 'user.erase', note: 'a request' }]);
    assert.equal((await verifyAudit(pool, instance)).fault, null);
  });

  it('is no fault of the chain, whenever somebody walks it', async () => {
    await noteDown();
    let isErased = false;
    const walking = wrapped(pool, async (statement) => {
      if (statement !== 'seal' || isErased) return;
      isErased = true;
      await eraseUser(pool, instance, id, 'a request', BY_TEST);
    });
    assert.equal((await verifyAudit(walking, instance)).fault, null);
    assert.equal(isErased, true);
  });
});
