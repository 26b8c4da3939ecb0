import type { Knex } from 'knex';

async function up(knex: Knex): Promise<void> {
  await knex.raw(STORED_ROLE);
  await knex.raw(SCIM_ROLE);
  await knex.raw(SET_ROLES);
}

async function down(knex: Knex): Promise<void> {
  await knex.raw('drop function set_roles, scim_role, stored_role');
}

export const createRoles: Knex.Migration = { up, down };

/** Rule 6: the role that is stored where one is asked for. */
const STORED_ROLE = `
create function stored_role(p_instance text, p_id uuid, p_role text) returns text language sql stable as $$
  select case
    when p_role = 'individual' and exists (
      select from accounts report where report.instance_id = p_instance and report.manager_id = p_id)
    then 'manager' else p_role end
$$`;

/** Rule 11: the role that a user's SCIM roles ask for. */
const SCIM_ROLE = `
create function scim_role(p_attributes jsonb) returns text language sql immutable as $$
  select known.role
  from unnest(array['coach', 'publisher', 'manager', 'individual']) with ordinality as known (role, place)
  where exists (
    select from jsonb_array_elements(p_attributes -> 'roles') given where lower(given ->> 'value') = known.role)
  order by known.place limit 1
$$`;

/**
 * Sets the role asked for each of these, and kicks whose run is to tell of it. Of an account
 * without a revision nothing was told yet, its names neither: its creation tells the role. Where the default manager may be
 * another now, the instance's own run is kicked (rule 5). The caller holds the instance's lock: a coach's seniority begins
 * here, in the order in which that was held.
 */
const SET_ROLES = `
create function set_roles(p_instance text, p_ids uuid[], p_roles text[], p_actor text, p_source text, p_request text)
returns void language plpgsql as $$
declare
  v_told uuid[];
  v_default_concerned boolean;
begin
  with asked as (
    select a.id, a.role as former, stored_role(p_instance, a.id, asked.role) as role, a.id is not distinct from i.default_manager_id as chosen
    from unnest(p_ids, p_roles) as asked (id, role)
    join accounts a on a.instance_id = p_instance and a.id = asked.id
    join instances i on i.id = p_instance
  ),
  written as (
    update accounts a set role = asked.role, revision = a.revision + case when a.revision = 0 then 0 else 1 end,
      coach_since = case when asked.role = 'coach' then clock_timestamp() end
    from asked
    where a.instance_id = p_instance and a.id = asked.id and a.role <> asked.role
    returning a.id, a.role, a.asserted_version, a.revision > 0 as told, 'coach' in (asked.former, asked.role) or asked.chosen as default_concerned
  ),
  audited as (
    insert into audit_log (instance_id, actor, action, user_id, version, outcome, request_id)
    select p_instance, p_actor, 'account.role:' || written.role, written.id, written.asserted_version, 'accepted', p_request from written
  )
  select array_agg(written.id) filter (where written.told), bool_or(written.default_concerned) into v_told, v_default_concerned from written;

  if v_told is not null then
    perform record_accounts(p_instance, v_told, array_fill('account.updated'::text, array[cardinality(v_told)]));
    -- The user's own run tells the application, an import's run tells of its people; the instance's kick comes last, as everybody locks them.
    if p_source <> 'import' and exists (select from instances i where i.id = p_instance and i.application_url is not null) then
      perform kick_users(p_instance, v_told, 1, p_source);
    end if;
  end if;
  if v_default_concerned then
    perform kick_instance(p_instance, p_source);
  end if;
end
$$`;
