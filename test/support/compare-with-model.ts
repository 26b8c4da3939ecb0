import assert from 'node:assert/strict';
import type pg from 'pg';
import { applyManagerRules, type ModelUser } from '../../src/demo/manager-model.js';
import type { InstanceId } from '../../src/ids.js';

type Row = ModelUser & {
  manager: string | null;
  origin: string;
  circle: string | null;
  team: string | null;
};

/**
 * Holds every account and team of an instance against the model of rules 2 to 6, computed from what is asserted.
 * @throws AssertionError that shows the accounts that differ.
 */
export async function assertEqualsModel(pool: pg.Pool, instance: InstanceId): Promise<void> {
  const { rows } = await pool.query<Row>(
    `select u.id, u.user_name as "userName", u.external_id as "externalId", u.attributes->>'displayName' as "displayName",
       u.attributes->'name' as name, coalesce(u.attributes->'emails', '[]') as emails, a.status,
       u.manager_reference as "managerReference", a.role,
       row_number() over (order by a.created_at, a.id)::int as created,
       case when a.role = 'coach' then rank() over (order by a.coach_since, a.id) end::int as "coachSince",
       a.wait_until is not null as waiting,
       a.manager_id as manager, a.origin, a.circle, a.team_id as team
     from users u join accounts a on a.instance_id = u.instance_id and a.id = u.id
     where u.instance_id = $1 order by u.id`,
    [instance],
  );
  const { rows: settings } = await pool.query<{ explicit: string | null }>(
    'select default_manager_id as explicit from instances where id = $1',
    [instance],
  );
  const { rows: teams } = await pool.query<{ id: string; manager: string; name: string }>(
    'select id, manager_id as manager, name from teams where instance_id = $1 order by manager_id',
    [instance],
  );
  const model = applyManagerRules(rows, settings[0]?.explicit ?? null);
  const managerOfTeam = new Map(teams.map((team) => [team.id, team.manager]));
  const name = (id: string | null) => rows.find((row) => row.id === id)?.userName ?? id;

  assert.deepEqual(
    rows.map((row) => ({
      user: row.userName,
      manager: name(row.manager),
      origin: row.origin,
      onCircle: row.circle !== null,
      team: row.team === null ? null : name(managerOfTeam.get(row.team) ?? 'a team that is not there'),
      role: row.role,
    })),
    rows.map((row) => {
      const expected = model.accounts.get(row.id);
      return {
        user: row.userName,
        manager: name(expected?.manager ?? null),
        origin: expected?.origin,
        onCircle: expected?.onCircle,
        team: name(expected?.team?.managerId ?? null),
        role: expected?.role,
      };
    }),
  );
  assert.deepEqual(
    teams.map((team) => ({ manager: name(team.manager), name: team.name })),
    [...model.teams]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([manager, team]) => ({ manager: name(manager), name: team.name })),
  );
}
