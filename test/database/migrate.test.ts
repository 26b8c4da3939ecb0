import assert from 'node:assert/strict';
import knex from 'knex';
import pg from 'pg';
import { migrate, schemaState } from '../../src/database/migrate.js';
import { migrations } from '../../src/database/migrations/index.js';
import { type TestDatabase, testDatabase } from '../support/database.js';

const LAST = '20261125090100_create_requests';

describe('migrating under traffic', () => {
  let database: TestDatabase;
  before(async () => {
    database = await testDatabase();
  });
  beforeEach(async () => {
    const connection = knex({ client: 'pg', connection: database.url });
    await migrations[LAST]?.down?.(connection);
    await connection.destroy();
    await database.pool.query('delete from schema_migrations where name = $1', [LAST]);
  });
  after(() => database.close());

  it('keeps nobody waiting who works on a table that somebody else holds, and is done when that one lets go', async () => {
    const reader = new pg.Client({ connectionString: database.url });
    await reader.connect();
    const said: string[] = [];
    let done = Promise.resolve();
    try {
      await reader.query('begin');
      await reader.query('lock table instances in access share mode');
      const waiting = new Promise<void>((resolve) => {
        done = migrate(database.url, (line) => {
          said.push(line);
          resolve();
        });
      });
      await waiting;
      await database.pool.query(`set statement_timeout = '1100ms'; select count(*) from instances`);
      assert.deepEqual((await schemaState(database.url)).missing, [LAST]);
      await reader.query('commit');
    } finally {
      await reader.end();
      await done;
    }
    assert.deepEqual(said, ['a table is in use; asking for it again until it is free', `applied ${LAST}`]);
  });

  it('two at once do it once', async () => {
    const said: string[] = [];
    await Promise.all([1, 2].map(() => migrate(database.url, (line) => said.push(line))));
    assert.deepEqual(said, [`applied ${LAST}`]);
  });
});
