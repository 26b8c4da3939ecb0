import assert from 'node:assert/strict';
import * as schemas from '../../src/admin/token-schemas.js';
import { listAudit } from '../../src/directory/audit-list.js';
import { seal, unsealedInstances, verifyAudit } from '../../src/directory/seals.js';
import { INSTALLATION, isInstanceId } from '../../src/ids.js';
import { issueOperatorToken, revokeOperatorToken } from '../../src/instances/operator-tokens.js';
import { BY_TEST, SECRET } from '../support/roster.js';
import { type AdminServer, startAdmin } from './admin-server.js';

describe('operator tokens in the audit log', () => {
  let admin: AdminServer;
  before(async () => {
    admin = await startAdmin();
  });
  after(() => admin.close());

  /** The newest rows of the installation, the oldest of them first. */
  const newest = async (limit: number) =>
    (await listAudit(admin.database.pool, INSTALLATION, {}, { before: undefined, limit })).toReversed();

  it('issuing and revoking are there, with who did it and in which request, and no secret', async () => {
    const { pool } = admin.database;
    const by = await issueOperatorToken(pool, SECRET, { label: 'who asks', role: 'admin' }, BY_TEST);
    const { token: asked } = by;
    const before = await verifyAudit(pool, INSTALLATION);

    const body = { label: 'Bo, on call', role: 'operator' };
    const issued = await admin.ask('POST', '/operator-tokens', { body, token: asked });
    const { id, token } = issued.as(schemas.issuedOperatorToken, 201);
    const revoked = await admin.ask('DELETE', `/operator-tokens/${id}`, { token: asked });
    assert.equal(revoked.status, 204);
    assert.equal((await admin.ask('DELETE', `/operator-tokens/${id}`, { token: asked })).status, 204);

    const rows = await newest(2);
    assert.deepEqual(
      rows.map(({ position, actor, action, outcome, requestId }) => [position, actor, action, outcome, requestId]),
      [
        [
          before.sealed + 1,
          `operator:${by.id}`,
          `operator-token.issue:operator:${id}`,
          'accepted',
          issued.headers.get('x-request-id'),
        ],
        [
          before.sealed + 2,
          `operator:${by.id}`,
          `operator-token.revoke:${id}`,
          'accepted',
          revoked.headers.get('x-request-id'),
        ],
      ],
      'revoking again changed nothing, and is not there',
    );
    const text = JSON.stringify(rows);
    assert.ok(!text.includes(token.slice(4)) && !text.includes('Bo'), text);
  });

  it('revoked by several at once a token is revoked once', async () => {
    const { pool } = admin.database;
    const { id } = await issueOperatorToken(pool, SECRET, { label: 'x', role: 'viewer' }, BY_TEST);
    await Promise.all(Array.from({ length: 5 }, () => revokeOperatorToken(pool, id, BY_TEST)));
    const rows = await newest(10);
    assert.equal(rows.filter(({ action }) => action === `operator-token.revoke:${id}`).length, 1);
  });

  it('the sealer finds them, and the chain is that of no instance', async () => {
    const { pool } = admin.database;
    await issueOperatorToken(pool, SECRET, { label: 'x', role: 'viewer' }, BY_TEST);
    assert.ok((await unsealedInstances(pool)).includes(INSTALLATION));
    await seal(pool, INSTALLATION);
    assert.ok(!(await unsealedInstances(pool)).includes(INSTALLATION));
    assert.equal((await verifyAudit(pool, INSTALLATION)).fault, null);

    assert.ok(!isInstanceId(String(INSTALLATION)));
    assert.equal((await admin.ask('GET', `/instances/${INSTALLATION}/audit`)).code(404), 'instance_unknown');
  });

  it('a row that was changed is found', async () => {
    const { pool } = admin.database;
    const { sealed } = await verifyAudit(pool, INSTALLATION);
    await pool.query('alter table audit_log disable trigger audit_log_append_only');
    await pool.query(`update audit_log set actor = 'nobody' where instance_id = $1 and position = $2`, [
      INSTALLATION,
      sealed,
    ]);
    await pool.query('alter table audit_log enable trigger audit_log_append_only');
    assert.equal((await verifyAudit(pool, INSTALLATION)).fault, `row ${sealed} is not what was sealed`);
  });
});
