import assert from 'node:assert/strict';
import { prepareDemoInstance } from '../../src/dev/demo-instance.js';
import { listAudit } from '../../src/directory/audit-list.js';
import { INSTALLATION } from '../../src/ids.js';
import { type TestDatabase, testDatabase } from '../support/database.js';
import { SECRET } from '../support/roster.js';

describe('the demo instance', () => {
  let database: TestDatabase;
  before(async () => {
    database = await testDatabase();
  });
  after(() => database.close());

  const secrets = { rosterSecret: SECRET, postgresPassword: '' };

  it('is made once with an admin token, which is in the audit log', async () => {
    const first = await prepareDemoInstance(database.url, secrets);
    const again = await prepareDemoInstance(database.url, { ...secrets, ...first.tokens });
    assert.deepEqual([first.isNew, again.isNew], [true, false]);
    assert.deepEqual(again.tokens, first.tokens);

    const rows = await listAudit(database.pool, INSTALLATION, {}, { before: undefined, limit: 9 });
    const { rows: tokens } = await database.pool.query<{ id: string }>('select id from operator_tokens');
    assert.deepEqual(
      rows.map(({ actor, action }) => [actor, action]),
      tokens.map(({ id }) => ['cli', `operator-token.issue:admin:${id}`]),
    );
    assert.equal(tokens.length, 1);
  });
});
