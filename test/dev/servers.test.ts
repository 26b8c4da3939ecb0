import assert from 'node:assert/strict';
import { Connection } from '@temporalio/client';
import pg from 'pg';
import { type TestDatabase, testDatabase } from '../support/database.js';
import { testTemporal } from '../support/temporal.js';

describe('test servers', () => {
  let database: TestDatabase;

  before(async () => {
    database = await testDatabase();
  });

  after(() => database.close());

  it('give each caller a migrated, empty database of its own', async () => {
    const other = await testDatabase();
    try {
      assert.notEqual(other.url, database.url);
      const { rows } = await other.pool.query<{ count: number }>('select count(*)::int as count from users');
      assert.deepEqual(rows, [{ count: 0 }]);
    } finally {
      await other.close();
    }
    const client = new pg.Client({ connectionString: other.url });
    await assert.rejects(client.connect(), /does not exist/);
  });

  it('allow enough connections for several servers and workers', async () => {
    const { rows } = await database.pool.query<{ max: number }>(
      `select current_setting('max_connections')::int as max`,
    );
    assert.ok((rows[0]?.max ?? 0) >= 100);
  });

  it('have a Temporal that knows the search attributes', async () => {
    const { address, namespace } = testTemporal();
    const connection = await Connection.connect({ address });
    try {
      const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
      for (const name of [
        'RosterStage',
        'RosterReason',
        'RosterInstance',
        'RosterSource',
        'RosterBatch',
        'RosterStuckSince',
      ]) {
        assert.ok(name in (customAttributes ?? {}), name);
      }
    } finally {
      await connection.close();
    }
  });
});
