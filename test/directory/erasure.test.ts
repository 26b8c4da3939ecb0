import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import type pg from 'pg';
import { listAudit } from '../../src/directory/audit-list.js';
import { verifyAudit } from '../../src/directory/seals.js';
import type { UserId } from '../../src/ids.js';
import { eraseUser } from '../../src/instances/erase-user.js';
import { setInstance } from '../../src/instances/instances.js';
import { actOnInstance, actOnUser } from '../../src/instances/operator-actions.js';
import { ENTERPRISE_USER_SCHEMA } from '../../src/scim/protocol/schema.js';
import { startFakeApplication } from '../support/fake-application.js';
import { temporalClient } from '../support/histories.js';
import { scim } from '../support/http.js';
import { importFile } from '../support/imports.js';
import { until } from '../support/interleave.js';
import { accountNow, assign, setActive } from '../support/people.js';
import { BY_TEST, startRoster, type TestRoster } from '../support/roster.js';
import { settled } from '../support/settled.js';

/** A word that stands nowhere else. */
const CANARY = `canary${randomBytes(4).toString('hex')}`;

describe('a person who is erased', function () {
  this.timeout(60_000);
  let roster: TestRoster;
  before(async () => {
    roster = await startRoster();
  });
  after(() => roster.close());

  /** The tables in which the word stands. */
  async function tablesWith(pool: pg.Pool): Promise<string[]> {
    const { rows: tables } = await pool.query<{ name: string }>(
      `select table_name as name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'`,
    );
    const found: string[] = [];
    for (const { name } of tables) {
      const { rowCount } = await pool.query(`select from ${name} t where strpos(lower(t::text), $1) > 0 limit 1`, [
        CANARY,
      ]);
      if (rowCount !== 0) found.push(name);
    }
    return found.toSorted();
  }

  it('is gone from every table and from Temporal; the tombstone and the chain stay', async () => {
    const { pool, instance } = roster;
    const application = await startFakeApplication();
    await settled(roster);
    await setInstance(pool, instance, { application: { url: application.url } }, BY_TEST);
    const email = `${CANARY}@x.test`;
    const { body } = await scim(roster, 'POST', '/Users', {
      userName: email,
      externalId: `${CANARY}-7`,
      name: { givenName: CANARY, familyName: `Mc${CANARY}` },
      displayName: `Dr ${CANARY}`,
      title: `Chief ${CANARY}`,
      emails: [{ value: email, type: 'work', primary: true }],
      [ENTERPRISE_USER_SCHEMA]: { manager: { value: 'nobody@x.test' } },
    });
    const id = String(body?.['id']) as UserId;
    await assert.rejects(eraseUser(pool, instance, id, 'too early', BY_TEST), { code: 'user_not_off' });
    const report = await assign(roster, 'report@x.test', { manager: email });
    await importFile(roster, [
      'email,title,manager',
      `${email},Chief,`,
      `fresh@x.test,,${email}`,
      `bad@x.test,,${email},x`,
    ]);
    await scim(roster, 'POST', '/Groups', {
      displayName: 'All',
      members: [{ value: id, display: CANARY }, { value: email }],
    });
    await scim(roster, 'POST', '/Users', { userName: email }); // refused, with the name in its detail
    await settled(roster);
    application.answer = (response) => response.writeHead(500).end(`no ${CANARY} here`);
    await scim(roster, 'PATCH', `/Users/${id}`, {
      Operations: [{ op: 'replace', path: 'title', value: `Head ${CANARY}` }],
    });
    await until(
      'answered',
      async () => (await pool.query(`select from answers where status = 500 and user_id = $1`, [id])).rowCount === 1,
    );
    await actOnUser(pool, instance, id, 'retryNow', `${CANARY} called`, BY_TEST);
    // Of others, or of nobody in particular, and by a name alone.
    await actOnUser(pool, instance, report as UserId, 'retryNow', `asked Mc${CANARY}, who manages her`, BY_TEST);
    await actOnUser(pool, instance, report as UserId, 'retryNow', `her own matter`, BY_TEST);
    await actOnInstance(pool, instance, 'retryStuck', undefined, `as ${CANARY.toUpperCase()} said`, BY_TEST);
    application.answer = (response) => response.writeHead(204).end();
    await setActive(roster, id, false);
    await settled(roster);
    await until(
      'told',
      async () =>
        (await pool.query('select from accounts where id = $1 and announced = revision', [id])).rowCount === 1,
    );
    await until(
      'logged',
      async () =>
        (await pool.query('select from requests where instance_id = $1 and status = 409', [instance])).rowCount === 1,
    );
    assert.ok((await tablesWith(pool)).length >= 6, 'it stands in many tables before');

    await eraseUser(pool, instance, id, 'a request of the person', BY_TEST);
    await settled(roster);
    assert.deepEqual(await tablesWith(pool), []);
    assert.equal((await verifyAudit(pool, instance)).fault, null);
    const notes = await listAudit(pool, instance, {}, { before: undefined, limit: 1_000 });
    assert.ok(
      notes.some(({ note }) => note === 'her own matter'),
      'what names others stays',
    );
    assert.equal((await scim(roster, 'GET', `/Users/${id}`)).status, 404);
    assert.deepEqual((await accountNow(roster, report)).manager, 'coach@roster.test');
    await until('told that it is gone', async () => {
      const last = application.told.findLast(({ body: text }) => text.includes(id));
      return last !== undefined && /"deleted": ?true/.test(last.body) && !last.body.includes(CANARY);
    });

    const { client, close } = await temporalClient(roster);
    const history = await client.workflow.getHandle(`user/${instance}/${id}`).fetchHistory();
    await close();
    assert.ok(!JSON.stringify(history).toLowerCase().includes(CANARY));
    await application.close();
  });

  it('is looked for by whole names: who is only called alike keeps what names them', async () => {
    const { pool, instance } = roster;
    const { body } = await scim(roster, 'POST', '/Users', {
      userName: 'short@x.test',
      name: { givenName: 'Anna', familyName: "O'Neil" },
    });
    const id = String(body?.['id']) as UserId;
    const other = (await assign(roster, 'other@x.test')) as UserId;
    await settled(roster);
    await setActive(roster, id, false);
    await settled(roster);
    for (const note of ['Susanna called', 'ANNA, called', "Ms. O'Neil's wish", 'Oneil called', 'short@x.test called']) {
      await actOnUser(pool, instance, other, 'retryNow', note, BY_TEST);
    }
    await settled(roster);
    await eraseUser(pool, instance, id, 'a request', BY_TEST);
    const rows = await listAudit(pool, instance, { userId: other }, { before: undefined, limit: 100 });
    assert.deepEqual(
      rows.flatMap(({ note, action }) => (action === 'user.retryNow' ? [note] : [])),
      [null, 'Oneil called', null, null, 'Susanna called'],
    );
    assert.equal((await verifyAudit(pool, instance)).fault, null);
  });

  it('leaves a chain in which a note that somebody else takes away is missed', async () => {
    const { pool, instance } = roster;
    const id = await assign(roster, 'kept@x.test');
    await actOnUser(pool, instance, id as UserId, 'retryNow', 'a reason', BY_TEST);
    assert.equal((await verifyAudit(pool, instance)).fault, null);
    await pool.query('update audit_log set note = null where instance_id = $1 and user_id = $2', [instance, id]);
    assert.match((await verifyAudit(pool, instance)).fault ?? '', /is not what was sealed/);
  });
});
