import assert from 'node:assert/strict';
import { removeOldEvents } from '../../src/directory/retention.js';
import { startSealer } from '../../src/dispatch/sealer.js';
import type { InstanceId } from '../../src/ids.js';
import { createLog } from '../../src/telemetry/log.js';
import { type TestDatabase, testDatabase } from '../support/database.js';
import { until, wrapped } from '../support/interleave.js';
import { emptyInstance, say } from '../support/steps.js';

describe('the sealer', () => {
  let database: TestDatabase;
  before(async () => {
    database = await testDatabase();
  });
  after(() => database.close());

  it('seals every instance but the one that it cannot', async () => {
    const { pool } = database;
    const instances = await Promise.all([emptyInstance(pool), emptyInstance(pool), emptyInstance(pool)]);
    for (const instance of instances) await say(pool, instance, { userName: 'ada@x.test' });
    const unsealed = async (): Promise<InstanceId[]> => {
      const { rows } = await pool.query<{ id: InstanceId }>(
        'select distinct instance_id as id from audit_log where position is null order by 1',
      );
      return rows.map(({ id }) => id);
    };
    // The first of them, in the order in which they are gone through.
    const [broken] = await unsealed();
    await pool.query(`
      create function refuse() returns trigger language plpgsql as $$ begin raise exception 'refused'; end $$;
      create trigger refuse before insert or update on seals for each row when (new.instance_id = '${broken}') execute function refuse()`);
    const sealer = startSealer({ pool, log: createLog({ logLevel: 'silent' }, 'server') });
    try {
      await until('the others are sealed', async () => (await unsealed()).length === 1);
      assert.deepEqual(await unsealed(), [broken]);
      await pool.query('drop trigger refuse on seals');
      await until('it is sealed too', async () => (await unsealed()).length === 0);
    } finally {
      await sealer.stop();
    }
  });

  it('takes old answers of applications away, some thousands at a time', async () => {
    const { pool } = database;
    const instance = await emptyInstance(pool);
    await pool.query(
      `insert into answers (instance_id, user_id, revision, status, type, outcome, words, last_at)
       select $1, gen_random_uuid(), 1, 200, 'account.created', 'done', '', now() - case n when 1 then interval '29 days' else interval '31 days' end
       from generate_series(1, 5001) n`,
      [instance],
    );
    const statements: string[] = [];
    await removeOldEvents(wrapped(pool, (statement) => statements.push(statement)));
    assert.equal(statements.filter((statement) => statement === 'remove_answers').length, 3);
    const { rows } = await pool.query('select count(*)::integer as kept from answers where instance_id = $1', [
      instance,
    ]);
    assert.deepEqual(rows, [{ kept: 1 }]);
  });
});
