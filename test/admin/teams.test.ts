import assert from 'node:assert/strict';
import { team as teamSchema, teamWithMembers } from '../../src/admin/schemas.js';
import type { InstanceId, UserId } from '../../src/ids.js';
import { converge, emptyInstance, type Said, say } from '../support/steps.js';
import { type AdminServer, everyItem, startAdmin } from './admin-server.js';

describe('teams in the admin API', () => {
  let admin: AdminServer;
  let instance: InstanceId;
  before(async () => {
    admin = await startAdmin();
  });
  beforeEach(async () => {
    instance = await emptyInstance(admin.database.pool);
  });
  after(() => admin.close());

  const provisioned = async (said: Said): Promise<UserId> => {
    const { id } = await say(admin.database.pool, instance, said);
    await converge(admin.database.pool, instance, id);
    return id;
  };

  it('hold all users of a manager, and not the manager', async () => {
    const boss = await provisioned({ userName: 'boss@x.test', displayName: 'Bo Ss' });
    const members = [];
    for (const userName of ['one@x.test', 'two@x.test']) {
      const id = await provisioned({ userName, displayName: userName.toUpperCase(), manager: 'boss@x.test' });
      members.push({ id, userName, displayName: userName.toUpperCase() });
    }
    const [listed, ...others] = await everyItem(admin, `/instances/${instance}/teams`, teamSchema);
    assert.ok(listed);
    assert.deepEqual(others, []);
    const manager = { id: boss, userName: 'boss@x.test' };
    assert.deepEqual(listed, { id: listed.id, name: 'Bo Ss', manager, memberCount: 2 });
    const shown = (await admin.ask('GET', `/instances/${instance}/teams/${listed.id}`)).as(teamWithMembers);
    assert.deepEqual(shown, { ...listed, members, nextCursor: null });
  });

  it('come in pages, each once', async () => {
    for (const n of [1, 2, 3]) {
      await provisioned({ userName: `boss${n}@x.test` });
      await provisioned({ userName: `report${n}@x.test`, manager: `boss${n}@x.test` });
    }
    const teams = await everyItem(admin, `/instances/${instance}/teams?limit=1`, teamSchema);
    assert.deepEqual(teams.map((team) => team.manager.userName).toSorted(), [
      'boss1@x.test',
      'boss2@x.test',
      'boss3@x.test',
    ]);
  });

  it('of more than 10,000 people come in pages too', async function () {
    this.timeout(60_000);
    const { pool } = admin.database;
    const boss = await provisioned({ userName: 'boss@x.test' });
    await provisioned({ userName: 'report@x.test', manager: 'boss@x.test' });
    const [team] = await everyItem(admin, `/instances/${instance}/teams`, teamSchema);
    await pool.query(
      `with person as (
         insert into users (instance_id, id, user_name, user_name_key, email, email_key, display_name, active, resource, source)
         select $1, gen_random_uuid(), 'm' || n, 'm' || n, 'm' || n, 'm' || n, 'M ' || n, true, '{"meta":{"location":"', 'scim' from generate_series(1, 10000) n
         returning instance_id, id, user_name, display_name)
       insert into accounts (instance_id, id, wanted, asserted_version, applied_version, status, user_name, display_name, manager_id, origin, team_id)
       select instance_id, id, 'active', 1, 1, 'active', user_name, display_name, $2, 'assigned', $3 from person`,
      [instance, boss, team?.id],
    );
    const page = async (cursor: string) =>
      (await admin.ask('GET', `/instances/${instance}/teams/${team?.id}${cursor}`)).as(teamWithMembers);
    const first = await page('');
    const second = await page(`?cursor=${first.nextCursor}`);
    assert.deepEqual(
      [first.memberCount, first.members.length, second.members.length, second.nextCursor],
      [10_001, 10_000, 1, null],
    );
    assert.equal(new Set([...first.members, ...second.members].map(({ id }) => id)).size, 10_001);
  });
});
