import assert from 'node:assert/strict';
import { z } from 'zod';
import { transaction } from '../../../src/database/pool.js';
import { setRole } from '../../../src/directory/roles.js';
import { userDirectory } from '../../../src/directory/user-directory.js';
import { type InstanceId, isUserId, type UserId } from '../../../src/ids.js';
import { setInstance } from '../../../src/instances/instances.js';
import { applySettings } from '../../../src/instances/settings.js';
import type { Switches } from '../../../src/instances/switches.js';
import { changedUser } from '../../../src/scim/asserted-user.js';
import { overlay } from '../../../src/scim/protocol/multi-valued.js';
import { overtaken, until } from '../../support/interleave.js';
import { BY_TEST, clientOf, type ScimClient, startRoster, type TestRoster } from '../../support/roster.js';
import { converge, emptyInstance } from '../../support/steps.js';
import { ask, expectStatus } from '../../support/validate-resource.js';

describe('rule 9: what an instance lets Okta do', () => {
  let roster: TestRoster;
  let instance: InstanceId;
  let client: ScimClient;
  before(async () => {
    roster = await startRoster({ worker: false });
  });
  after(() => roster.close());
  beforeEach(async () => {
    instance = await emptyInstance(roster.pool);
    client = await clientOf(roster, instance);
  });

  const set = (switches: Partial<Switches>) => setInstance(roster.pool, instance, { switches }, BY_TEST);

  const create = async (userName: string): Promise<UserId> => {
    const { body } = await expectStatus(201, ask(client, 'POST', '/Users', { userName, title: 'AE' }));
    const id = String(body?.['id']);
    assert.ok(isUserId(id));
    await converge(roster.pool, instance, id);
    return id;
  };
  const patch = (id: string, value: object) =>
    ask(client, 'PATCH', `/Users/${id}`, { Operations: [{ op: 'replace', value }] });
  const account = async (id: UserId) => {
    const { rows } = await roster.pool.query(
      `select a.status, a.wanted, a.kept, a.title, a.revision::integer, p.reason
       from accounts a left join progress p on p.instance_id = a.instance_id and p.user_id = a.id
       where a.instance_id = $1 and a.id = $2`,
      [instance, id],
    );
    return rows[0];
  };
  const audited = async (outcome: string) => {
    const { rows } = await roster.pool.query(
      'select action, user_id, reason, actor from audit_log where instance_id = $1 and outcome = $2 order by entry',
      [instance, outcome],
    );
    return rows;
  };
  const actor = () => `scim:${client.tokenId}`;

  it('hold once they are set, for a token that was used just now', async () => {
    await create('before@x.test');
    await set({ createUsers: false });
    await expectStatus(403, ask(client, 'POST', '/Users', { userName: 'after@x.test' }));
  });

  it('createUsers off: 403 that says so, in Bulk too, nothing is stored, and the audit log has it', async () => {
    await set({ createUsers: false });
    const refused = await expectStatus(403, ask(client, 'POST', '/Users', { userName: 'a@x.test' }));
    assert.match(String(refused.body?.['detail']), /creates no users.*createUsers is off/);
    const Operations = [
      { method: 'POST', path: '/Users', bulkId: '1', data: { userName: 'b@x.test' } },
      { method: 'POST', path: '/Groups', bulkId: '2', data: { displayName: 'West' } },
    ];
    const { body } = await expectStatus(200, ask(client, 'POST', '/Bulk', { Operations }));
    assert.deepEqual(
      z
        .array(z.looseObject({ status: z.string() }))
        .parse(body?.['Operations'])
        .map(({ status }) => status),
      ['403', '201'],
    );
    assert.equal((await ask(client, 'GET', '/Users')).body?.['totalResults'], 0);
    const row = { action: 'user.create', user_id: null, reason: 'scim_create_users_off', actor: actor() };
    assert.deepEqual(await audited('refused'), [row, row]);
    await set({ createUsers: true });
    await create('a@x.test');
  });

  it('updateAttributes off: 200 with the stored attributes, `active` alone is applied', async () => {
    const id = await create('a@x.test');
    await set({ updateAttributes: false });
    const put = await expectStatus(200, ask(client, 'PUT', `/Users/${id}`, { userName: 'b@x.test', title: 'VP' }));
    assert.deepEqual([put.body?.['userName'], put.body?.['title']], ['a@x.test', 'AE']);
    const same = await expectStatus(200, patch(id, { title: 'VP' }));
    assert.equal(same.headers.get('etag'), put.headers.get('etag'), 'nothing was asserted');
    assert.deepEqual(await audited('ignored'), [
      { action: 'user.update', user_id: id, reason: 'update_attributes_off', actor: actor() },
      { action: 'user.update', user_id: id, reason: 'update_attributes_off', actor: actor() },
    ]);
    assert.equal((await account(id)).reason, 'update_ignored');

    const off = await expectStatus(200, patch(id, { title: 'VP', active: false }));
    assert.deepEqual([off.body?.['title'], off.body?.['active']], ['AE', false]);
    await converge(roster.pool, instance, id);
    const { status, title, reason } = await account(id);
    assert.deepEqual([status, title, reason], ['suspended', 'AE', 'update_ignored']);
    await expectStatus(200, patch(id, { active: true }));

    await set({ updateAttributes: true });
    const now = await expectStatus(200, patch(id, { title: 'VP' }));
    assert.equal(now.body?.['title'], 'VP', 'what was not remembered is sent again');
    await converge(roster.pool, instance, id);
    assert.equal((await account(id)).reason, null);
  });

  describe('deactivateUsers off', () => {
    let id: UserId;
    beforeEach(async () => {
      id = await create('a@x.test');
      await set({ deactivateUsers: false });
    });
    const keep = async () => {
      const { body } = await expectStatus(200, patch(id, { active: false }));
      assert.equal(body?.['active'], false);
      await converge(roster.pool, instance, id);
    };

    it('`active: false` is stored and shown, the account stays active, and DELETE is 403', async () => {
      await keep();
      assert.equal((await ask(client, 'GET', `/Users/${id}`)).body?.['active'], false);
      const kept = await account(id);
      assert.deepEqual(
        [kept.status, kept.wanted, kept.kept, kept.reason],
        ['active', 'active', true, 'deactivation_kept'],
      );
      const refused = await expectStatus(403, ask(client, 'DELETE', `/Users/${id}`));
      assert.match(String(refused.body?.['detail']), /deactivateUsers is off/);
      assert.deepEqual(await audited('refused'), [
        { action: 'user.delete', user_id: id, reason: 'scim_deactivate_users_off', actor: actor() },
      ]);
      await expectStatus(200, patch(id, { title: 'VP' }));
      await converge(roster.pool, instance, id);
      assert.deepEqual([(await account(id)).kept, (await account(id)).title], [true, 'VP'], 'a later change keeps it');
    });

    it('`active: true` clears it, and switching on then ends nobody’s access', async () => {
      await keep();
      await expectStatus(200, patch(id, { active: true }));
      await converge(roster.pool, instance, id);
      await set({ deactivateUsers: true });
      const { status, kept, reason } = await account(id);
      assert.deepEqual([status, kept, reason], ['active', false, null]);
    });

    it('switching on ends the access of whom it kept in that transaction, as a version that SCIM shows', async () => {
      await keep();
      const before = await ask(client, 'GET', `/Users/${id}`);
      const { revision } = await account(id);
      await roster.pool.query('delete from kicks where instance_id = $1', [instance]);
      const kicks = await transaction(roster.pool, async (connection) => {
        await applySettings(connection, instance, { switches: { deactivateUsers: true } }, BY_TEST);
        return connection.query('select user_id, lane from kicks where instance_id = $1', [instance]);
      });
      const now = await account(id);
      assert.deepEqual(
        [now.status, now.wanted, now.kept, now.revision],
        ['suspended', 'suspended', false, revision + 1],
      );
      const after = await ask(client, 'GET', `/Users/${id}`);
      assert.notEqual(after.headers.get('etag'), before.headers.get('etag'));
      assert.deepEqual(
        { ...after.body, meta: null },
        { ...before.body, meta: null },
        'but for version and time it is the same user',
      );
      assert.deepEqual(kicks.rows, [{ user_id: id, lane: 0 }], 'and its run tidies up before all others');
      await converge(roster.pool, instance, id);
      await expectStatus(200, patch(id, { title: 'VP' }));
    });

    it('what it keeps nobody ends who changes something else: a file, an operator', async () => {
      await keep();
      for (const source of ['import', 'admin'] as const) {
        await userDirectory(roster.pool).change({ instance, id }, (stored) => {
          const user = changedUser(stored, (before) => overlay(before, { title: source }));
          return user && { instance, user, by: { ...BY_TEST, source } };
        });
        await converge(roster.pool, instance, id);
        const { status, kept, title } = await account(id);
        assert.deepEqual([status, kept, title], ['active', true, source]);
      }
    });

    it('an `active: true` at the same moment wins over switching on', async () => {
      await keep();
      await overtaken(
        { ...roster, url: '', close: async () => undefined },
        (tx) => tx.query(`update accounts set kept = false where instance_id = $1 and id = $2`, [instance, id]),
        () => set({ deactivateUsers: true }),
      );
      assert.equal((await account(id)).status, 'active');
    });

    it('what a server kept that had not heard of switching on yet is ended by the run', async () => {
      await patch(id, { title: 'the token is remembered' });
      await set({ deactivateUsers: true });
      await expectStatus(200, patch(id, { active: false }));
      if ((await account(id)).kept === true) await converge(roster.pool, instance, id);
      assert.equal((await account(id)).status, 'suspended');
    });
  });

  it('a switch reaches each token within a second', async () => {
    await expectStatus(200, ask(client, 'GET', '/Users'));
    await set({ createUsers: false });
    await until(
      'the switch is seen',
      async () => (await ask(client, 'POST', '/Users', { userName: 'x' })).status === 403,
    );
  });

  it('switches bind nobody but SCIM', async () => {
    const id = await create('a@x.test');
    await set({ createUsers: false, updateAttributes: false, deactivateUsers: false });
    await setRole(roster.pool, instance, id, 'coach', BY_TEST);
    const { rows } = await roster.pool.query('select role from accounts where instance_id = $1 and id = $2', [
      instance,
      id,
    ]);
    assert.deepEqual(rows, [{ role: 'coach' }]);
  });
});

describe('rule 11: roles from SCIM', () => {
  let roster: TestRoster;
  let instance: InstanceId;
  let client: ScimClient;
  before(async () => {
    roster = await startRoster({ worker: false });
  });
  after(() => roster.close());
  beforeEach(async () => {
    instance = await emptyInstance(roster.pool);
    client = await clientOf(roster, instance);
  });

  const create = async (userName: string, more: object): Promise<UserId> => {
    const { body } = await expectStatus(201, ask(client, 'POST', '/Users', { userName, ...more }));
    const id = String(body?.['id']);
    assert.ok(isUserId(id));
    await converge(roster.pool, instance, id);
    return id;
  };
  const put = async (id: UserId, body: object) => {
    await expectStatus(200, ask(client, 'PUT', `/Users/${id}`, body));
    await converge(roster.pool, instance, id);
  };
  const account = async (id: UserId) => {
    const { rows } = await roster.pool.query<{ role: string; revision: number; coach: boolean }>(
      'select role, revision::integer, coach_since is not null as coach from accounts where instance_id = $1 and id = $2',
      [instance, id],
    );
    return rows[0];
  };
  /** The server's own dispatcher may have taken the kick by now: the instance is due then. */
  const isInstanceKicked = async () => {
    const { rowCount } = await roster.pool.query(
      `with kick as (delete from kicks where instance_id = $1 and user_id is null returning 1),
         taken as (update instances set due = null where id = $1 and due is not null returning 1)
       select from kick union all select from taken`,
      [instance],
    );
    return (rowCount ?? 0) > 0;
  };
  const roles = (...values: string[]) => ({ roles: values.map((value) => ({ value })) });
  const allow = (scimRoles: boolean) => setInstance(roster.pool, instance, { scimRoles }, BY_TEST);

  it('count only where the instance allows it', async () => {
    assert.equal((await account(await create('a@x.test', roles('coach'))))?.role, 'individual');
    await allow(true);
    assert.equal((await account(await create('b@x.test', roles('coach'))))?.role, 'coach');
  });

  for (const [given, role] of [
    [['PUBLISHER', 'individual', 'Owner'], 'publisher'],
    [['manager', 'Coach'], 'coach'],
    [['Owner'], 'individual'],
    [[], 'individual'],
    [['coaches', ' coach'], 'individual'],
  ] as const) {
    it(`${JSON.stringify(given)} is ${role}`, async () => {
      await allow(true);
      assert.equal((await account(await create('a@x.test', roles(...given))))?.role, role);
    });
  }

  it('a changed one is a revision of its own, none leaves the role, and a coach may be the default manager', async () => {
    await allow(true);
    const userName = 'a@x.test';
    const id = await create(userName, roles('individual'));
    const { revision = 0 } = (await account(id)) ?? {};
    assert.equal(await isInstanceKicked(), false);
    await put(id, { userName, ...roles('coach') });
    assert.deepEqual(await account(id), { role: 'coach', revision: revision + 1, coach: true });
    assert.equal(await isInstanceKicked(), true, 'the instance looks who its default manager is');
    await put(id, { userName, title: 'VP' });
    assert.deepEqual(await account(id), { role: 'coach', revision: revision + 2, coach: true });
    await put(id, { userName, ...roles('publisher') });
    assert.deepEqual(await account(id), { role: 'publisher', revision: revision + 3, coach: false });
    assert.equal(await isInstanceKicked(), true);
  });

  it('one below manager for somebody with reports is stored as manager', async () => {
    await allow(true);
    const id = await create('boss@x.test', roles('publisher'));
    await create('report@x.test', {
      'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User': { manager: { value: id } },
    });
    await put(id, { userName: 'boss@x.test', ...roles('individual') });
    assert.equal((await account(id))?.role, 'manager');
  });
});
