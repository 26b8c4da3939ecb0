import type { Knex } from 'knex';

/**
 * What the application is told: each effective change of an account or a team, with what was so then, written by the
 * statement that changes it. An event gets its place in the feed when it is sealed (guard 8).
 */
async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table events (
      instance_id text not null,
      -- The order in which they were written, which for one account or team is that in which they are so.
      entry bigint generated always as identity,
      -- The place in the feed, once what is before it is known.
      position bigint,
      at timestamptz(3) not null default clock_timestamp(),
      type text not null,
      user_id uuid,
      team_id uuid,
      revision bigint,
      -- As it is told, to the letter: one revision never says two things.
      body json not null,
      -- How the manager came about, for people: never told.
      why json,
      primary key (instance_id, entry)
    );
    create unique index events_position on events (instance_id, position) where position is not null;
    create index events_unsealed on events (instance_id, entry) where position is null;
    create unique index events_revision on events (instance_id, user_id, revision) where user_id is not null;
  `);
  await knex.raw(ACCOUNT_BODY);
  await knex.raw(RECORD);
}

async function down(knex: Knex): Promise<void> {
  await knex.raw('drop function record_teams, record_accounts, account_body, account_state, account_json');
  await knex.raw('drop table events');
}

export const createEvents: Knex.Migration = { up, down };

/** An account as it is told: of a deleted user that it is, whatever else is said of it after. */
const ACCOUNT_BODY = `
-- Looks nothing up itself, so that it becomes part of a statement that has manager and team at hand.
create function account_json(a accounts, m accounts, t teams) returns json language sql stable as $$
  select json_build_object(
    'id', a.id, 'userName', a.user_name, 'displayName', a.display_name, 'title', a.title, 'role', a.role, 'status', a.status,
    'manager', case when m.id is not null then json_build_object('id', m.id, 'userName', m.user_name, 'origin', a.origin) end,
    'team', case when t.id is not null then json_build_object('id', t.id, 'name', t.name) end,
    'version', json_build_object('revision', a.revision))
$$;

create function account_state(a accounts) returns json language sql stable as $$
  select account_json(a, m, t)
  from (select) own
  left join accounts m on m.instance_id = a.instance_id and m.id = a.manager_id
  left join teams t on t.instance_id = a.instance_id and t.id = a.team_id
$$;

create function account_body(a accounts) returns json language sql stable as $$
  select case
    when a.wanted = 'suspended' and exists (
      select from users u where u.instance_id = a.instance_id and u.id = a.id and u.deleted_at is not null)
    then (account_state(a)::jsonb || '{"deleted": true}')::json
    else account_state(a) end
$$`;

/** Writes the events of accounts, or of teams, as they now are. Whose own run does not see to it (\`p_own\`) is moved. */
const RECORD = `
create function record_accounts(p_instance text, p_ids uuid[], p_types text[], p_own uuid[] default null)
returns void language plpgsql as $$
begin
  insert into events (instance_id, type, user_id, revision, body, why, moved)
  select p_instance, revised.type, a.id, a.revision,
    case when a.wanted = 'suspended' then account_body(a) else account_json(a, m, t) end,
    json_build_object(
      'isNamed', a.manager_reference_key is not null, 'isWaiting', a.wait_until is not null, 'isOnCircle', a.circle is not null,
      'meant', a.resolved_to, 'by', case a.manager_reference_key
        when meant.id::text then 'id' when meant.external_id_key then 'externalId' when meant.user_name_key then 'userName'
        when meant.email_key then 'e-mail' end),
    p_own is not null and a.id <> all (p_own)
      and exists (select from instances i where i.id = p_instance and i.application_url is not null)
  from unnest(p_ids, p_types) as revised (id, type)
  join accounts a on a.instance_id = p_instance and a.id = revised.id
  left join accounts meant on meant.instance_id = p_instance and meant.id = a.resolved_to
  left join accounts m on m.instance_id = p_instance and m.id = a.manager_id
  left join teams t on t.instance_id = p_instance and t.id = a.team_id
  order by a.id;
end
$$;

create function record_teams(p_instance text, p_ids uuid[], p_type text) returns void language sql as $$
  insert into events (instance_id, type, team_id, body)
  select p_instance, p_type, t.id,
    json_build_object('id', t.id, 'name', t.name, 'manager', json_build_object('id', m.id, 'userName', m.user_name))
  from teams t join accounts m on m.instance_id = t.instance_id and m.id = t.manager_id
  where t.instance_id = p_instance and t.id = any (p_ids)
  order by t.id
$$`;
