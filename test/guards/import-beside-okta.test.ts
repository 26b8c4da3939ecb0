import assert from 'node:assert/strict';
import { scim } from '../support/http.js';
import { beginImport, countsOf, importEnded, importRows } from '../support/imports.js';
import { untilBlocked } from '../support/interleave.js';
import { accountNow, assign, setActive } from '../support/people.js';
import { startRoster, type TestRoster } from '../support/roster.js';
import { settled } from '../support/settled.js';

describe('guard 9: a file beside Okta', function () {
  this.timeout(60_000);
  let roster: TestRoster;
  before(async () => {
    roster = await startRoster({ managerWaitSeconds: 3_600 });
    await settled(roster);
  });
  after(() => roster.close());

  const remove = async (id: string): Promise<void> => {
    assert.equal((await scim(roster, 'DELETE', `/Users/${id}`)).status, 204);
  };

  it('whom Okta changes, makes or deletes after the file was sent is rejected, and stays as Okta says', async () => {
    const [early = '', late = '', raised = '', replaced = ''] = await Promise.all(
      ['early', 'late', 'raised', 'replaced', 'calm'].map((name) => assign(roster, `${name}@x.test`)),
    );
    await settled(roster);
    const holder = await roster.pool.connect();
    await holder.query('begin');
    await holder.query('select lock_instance($1)', [roster.instance]);
    const id = await beginImport(roster, [
      'email,title,role',
      // Read before Okta changes them, and written after it.
      'early@x.test,Of the file,',
      'new-early@x.test,Of the file,',
      'raised@x.test,,publisher',
      'calm@x.test,Of the file,',
      ...Array.from({ length: 1_000 }, (_, n) => `between${n}@x.test,,`),
      // Staged before Okta changes them, and read after it.
      'late@x.test,Of the file,',
      'new-late@x.test,Of the file,',
      'replaced@x.test,Of the file,',
      'come-and-gone@x.test,Of the file,',
    ]);
    await untilBlocked(roster);
    for (const each of [early, late, raised]) await setActive(roster, each, false);
    for (const name of ['new-early', 'new-late']) await assign(roster, `${name}@x.test`);
    await remove(replaced);
    const successor = await assign(roster, 'replaced@x.test', { displayName: 'Of Okta' });
    await remove(await assign(roster, 'come-and-gone@x.test'));
    await holder.query('commit');
    holder.release();

    const ended = await importEnded(roster, id);
    assert.deepEqual(countsOf(ended), { total: 1_008, created: 1_000, updated: 1, rejected: 7 });
    assert.deepEqual(
      (await importRows(roster, ended.id, 'rejected')).map(({ userName, reason }) => [userName, reason]),
      ['early', 'new-early', 'raised', 'late', 'new-late', 'replaced', 'come-and-gone'].map((name) => [
        `${name}@x.test`,
        'was changed in Okta meanwhile',
      ]),
    );
    await settled(roster);
    for (const each of [early, late, raised]) assert.equal((await accountNow(roster, each)).status, 'suspended');
    assert.equal((await accountNow(roster, successor)).status, 'active');
    const { rows } = await roster.pool.query(
      `select user_name, title, role, status from accounts
       where instance_id = $1 and user_name = any ('{raised@x.test,replaced@x.test,come-and-gone@x.test}') and status = 'active' or role = 'publisher'`,
      [roster.instance],
    );
    assert.deepEqual(rows, [{ user_name: 'replaced@x.test', title: '', role: 'individual', status: 'active' }]);
  });

  it('a row that is decided while its page is on its way takes no other row with it', async () => {
    const holder = await roster.pool.connect();
    await holder.query('begin');
    await holder.query('select lock_instance($1)', [roster.instance]);
    const id = await beginImport(roster, ['email', ...Array.from({ length: 20 }, (_, n) => `page${n}@x.test`)]);
    await untilBlocked(roster);
    // As erasing somebody does.
    await roster.pool.query(
      `update import_rows set outcome = 'rejected', attributes = null where import_id = $1 and user_name = 'page3@x.test'`,
      [id],
    );
    await holder.query('commit');
    holder.release();
    const ended = await importEnded(roster, id);
    assert.equal(ended.rows.created, 19);
  });
});
