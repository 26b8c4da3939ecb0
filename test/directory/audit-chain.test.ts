import assert from 'node:assert/strict';
import type pg from 'pg';
import { insertRefusal } from '../../src/directory/audit.js';
import { listAudit } from '../../src/directory/audit-list.js';
import { verifyAudit } from '../../src/directory/seals.js';
import type { InstanceId } from '../../src/ids.js';
import { type TestDatabase, testDatabase } from '../support/database.js';
import { BY_TEST } from '../support/roster.js';
import { emptyInstance, say, sayAgain } from '../support/steps.js';

describe('the audit log', () => {
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
    for (let n = 0; n < 5; n++) await say(pool, instance, { userName: `user-${n}@x.test` });
    const { id } = await say(pool, instance, { userName: 'last@x.test' });
    await sayAgain(pool, instance, id, { userName: 'last@x.test', active: false });
    await insertRefusal(pool, { instance, by: BY_TEST, action: 'user.create', reason: 'scim_uniqueness' });
  });

  it('has each change, the newest first, and its chain is whole', async () => {
    const rows = await listAudit(pool, instance, {}, { before: undefined, limit: 3 });
    assert.deepEqual(
      rows.map(({ position, action, outcome, reason }) => [position, action, outcome, reason]),
      [
        [8, 'user.create', 'refused', 'scim_uniqueness'],
        [7, 'user.update', 'accepted', null],
        [6, 'user.create', 'accepted', null],
      ],
    );
    const chain = await verifyAudit(pool, instance);
    assert.deepEqual(chain, { sealed: 8, hash: rows[0]?.hash, fault: null });
    const older = await listAudit(pool, instance, {}, { before: 6, limit: 100 });
    assert.deepEqual(
      older.map(({ position }) => position),
      [5, 4, 3, 2, 1],
    );
    const since = new Date(Date.now() + 60_000);
    assert.deepEqual(await listAudit(pool, instance, { from: since }, { before: undefined, limit: 9 }), []);
  });

  it('is only added to', async () => {
    const only = { message: /only added to/ };
    await assert.rejects(pool.query('delete from audit_log where instance_id = $1', [instance]), only);
    await assert.rejects(pool.query(`update audit_log set actor = 'x' where instance_id = $1`, [instance]), only);
  });

  describe('whoever owns the table', () => {
    const tampered = async (...statements: string[]) => {
      await verifyAudit(pool, instance);
      await pool.query('alter table audit_log disable trigger audit_log_append_only');
      for (const statement of statements) await pool.query(statement, statement.includes('$1') ? [instance] : []);
      await pool.query('alter table audit_log enable trigger audit_log_append_only');
      return (await verifyAudit(pool, instance)).fault;
    };
    const HERE = 'where instance_id = $1 and position';

    for (const [what, statements, fault] of [
      ['changes a row', [`update audit_log set actor = 'cli' || actor ${HERE} = 3`], /row 3 is not what was sealed/],
      ['changes a time', [`update audit_log set at = at + interval '1 s' ${HERE} = 2`], /row 2 is not/],
      ['removes the first', [`delete from audit_log ${HERE} = 1`], /row 1 is missing/],
      ['removes one in the middle', [`delete from audit_log ${HERE} = 4`], /row 4 is missing/],
      ['removes the last', [`delete from audit_log ${HERE} = 8`], /ends with row 7, and ended with row 8/],
      ['removes all', [`delete from audit_log where instance_id = $1`], /ends with row 0/],
      [
        'swaps two',
        [
          `update audit_log set position = 100 ${HERE} = 2`,
          `update audit_log set position = 2 ${HERE} = 3`,
          `update audit_log set position = 3 ${HERE} = 100`,
        ],
        /row 2 is not what was sealed/,
      ],
      [
        'removes one and closes the gap',
        [`delete from audit_log ${HERE} = 4`, `update audit_log set position = position - 1 ${HERE} > 4`],
        /row 4 is not what was sealed/,
      ],
    ] as const) {
      it(`and ${what} is found out`, async () => {
        assert.match((await tampered(...statements)) ?? 'nothing was found', fault);
      });
    }
  });
});
