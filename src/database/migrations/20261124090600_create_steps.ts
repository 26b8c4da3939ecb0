import type { Knex } from 'knex';

/**
 * The steps of a user's run, for sets of users of one instance. Each is one round trip: it takes the instance's lock, then
 * works on a fresh snapshot. Ids and versions come in, never decisions; what was asserted anew since is left alone.
 */
async function up(knex: Knex): Promise<void> {
  await knex.raw(KICK_INSTANCE);
  await knex.raw(RELEASE_KEPT);
  await knex.raw(READ_ASSERTED);
  await knex.raw(APPLY_ACCOUNTS);
  await knex.raw(FIND_MANAGERS);
  await knex.raw(JOIN_TEAMS);
  await knex.raw(EVALUATE_REPORTS);
  await knex.raw(EVALUATE_INSTANCE);
}

async function down(knex: Knex): Promise<void> {
  await knex.raw(
    `drop function evaluate_instance, evaluate_reports, join_teams, find_managers, apply_accounts, read_asserted, release_kept, shown_state, kick_instance`,
  );
}

export const createSteps: Knex.Migration = { up, down };

const KICK_INSTANCE = `
create function kick_instance(p_instance text, p_source text) returns void language sql as $$
  select kick_users(p_instance, array[null::uuid], 1, p_source)
$$`;

/**
 * Ends the access of those whom the switch deactivateUsers kept active, once it is on: of so many, or of these (rule 9). It is a
 * version like any other, so what was read before is superseded; SCIM shows it.
 */
const RELEASE_KEPT = `
-- How a stored user ends that has this version (\`renderUser\` in src/scim/present-user.ts).
create function shown_state(p_at timestamptz, p_version bigint) returns text language sql immutable as $$
  select '"lastModified":"' || to_char(p_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
    || '","version":"W/\\"' || p_version || '\\"","location":"'
$$;

create function release_kept(p_instance text, p_ids uuid[], p_limit integer, p_actor text, p_request text)
returns setof uuid language sql as $$
  with locked as (
    select a.id, a.revision from accounts a
    where a.instance_id = p_instance and a.kept and (p_ids is null or a.id = any (p_ids))
      and (select i.deactivate_users from instances i where i.id = p_instance)
    order by a.id limit p_limit
    for no key update
  ),
  next as (
    select u.id, u.version + 1 as version,
      date_trunc('milliseconds', greatest(now(), u.updated_at + interval '1 millisecond')) as at,
      left(u.resource, -length(shown_state(u.updated_at, u.version))) as resource
    from locked join users u on u.instance_id = p_instance and u.id = locked.id
  ),
  bumped as (
    update users u set version = next.version, updated_at = next.at,
      resource = next.resource || shown_state(next.at, next.version)
    from next where u.instance_id = p_instance and u.id = next.id and u.version = next.version - 1
    returning u.id, u.version
  ),
  account as (
    update accounts a set kept = false, wanted = 'suspended', asserted_version = bumped.version,
      status = case when a.status = 'active' then 'suspended' else a.status end,
      revision = a.revision + case when a.status = 'active' then 1 else 0 end
    from bumped join locked using (id) where a.instance_id = p_instance and a.id = bumped.id and a.kept
    returning a.id, a.asserted_version, a.revision, a.revision > locked.revision as revised, a as account
  ),
  recorded as (
    insert into events (instance_id, type, user_id, revision, body)
    select p_instance, 'account.suspended', account.id, account.revision, account_body(account.account)
    from account where account.revised order by account.id
  ),
  audited as (
    insert into audit_log (instance_id, actor, action, user_id, version, outcome, request_id)
    select p_instance, p_actor, 'user.deactivate_kept', account.id, account.asserted_version, 'accepted', p_request from account
  ),
  kicked as materialized (select kick_users(p_instance, array_agg(account.id), 0, 'admin') from account)
  select account.id from account cross join kicked
$$`;

/** What is asserted of these users now; who was kept active by a switch that is on again is suspended first (guard 1). */
const READ_ASSERTED = `
create function read_asserted(p_instance text, p_ids uuid[])
returns table (id uuid, asserted_version bigint, wanted text, status text, is_refused boolean, is_abandoned boolean, has_application boolean,
  is_unassigned boolean, is_held boolean)
language plpgsql as $$
begin
  if exists (select from accounts a where a.instance_id = p_instance and a.id = any (p_ids) and a.kept) then
    perform release_kept(p_instance, p_ids, null, 'roster', null);
  end if;
  return query
  select a.id, a.asserted_version, a.wanted, a.status,
    a.status = 'refused' and a.applied_version = a.asserted_version and a.refused_revision is not null,
    a.status = 'refused' and a.applied_version = a.asserted_version and a.refused_revision is null,
    i.application_url is not null,
    a.wanted = 'suspended' and a.unassigned_at is not null,
    is_held(a) and a.applied_version = a.asserted_version
  from accounts a join instances i on i.id = a.instance_id
  where a.instance_id = p_instance and a.id = any (p_ids);
end
$$`;

/**
 * Creates or updates accounts from what was asserted at these versions: status, profile, keys, and the mark of the wait
 * that a new or re-activated account with a reference begins (rule 4). Renames their teams (rule 6). Returns whose version
 * is still the asserted one.
 */
const APPLY_ACCOUNTS = `
create function apply_accounts(p_instance text, p_ids uuid[], p_versions bigint[])
returns table (id uuid, held boolean) language plpgsql as $$
#variable_conflict use_column
declare
  v_revised uuid[]; v_types text[]; v_renamed uuid[];
begin
  perform lock_instance(p_instance);
  perform decide_holds(p_instance, p_ids, p_versions);

  -- Who comes or goes and may be the default manager, or have been it, concerns the whole instance (rule 5).
  if exists (
    select from unnest(p_ids, p_versions) as v (id, version)
    join accounts a on a.instance_id = p_instance and a.id = v.id and a.asserted_version = v.version
    join users u on u.instance_id = p_instance and u.id = v.id and u.version = v.version
    join instances i on i.id = p_instance
    cross join lateral (
      select case when i.scim_roles then stored_role(p_instance, a.id, scim_role(u.attributes)) end as role) asked
    where (a.role = 'coach' or a.id = i.default_manager_id or asked.role = 'coach')
      and (a.status <> a.wanted or a.wanted = 'suspended' and a.applied_version < a.asserted_version or a.role <> asked.role))
  then
    perform kick_instance(p_instance, 'admin');
  end if;

  with profile as (
    select v.id, v.version, u.user_name, u.email, u.email_key, u.external_id_key, u.manager_reference_key,
      case when position('@' in u.user_name) > 0 then u.user_name_key else u.user_name end as user_name_key,
      coalesce(u.attributes ->> 'title', '') as title,
      u.display_name, i.manager_wait_seconds,
      case when i.scim_roles then stored_role(p_instance, v.id, scim_role(u.attributes)) end as role,
      former.status as former_status, former.revision as former_revision
    from unnest(p_ids, p_versions) as v (id, version)
    join instances i on i.id = p_instance
    join users u on u.instance_id = p_instance and u.id = v.id and u.version = v.version
    join accounts former on former.instance_id = p_instance and former.id = v.id
  ),
  written as (
    update accounts a set
      status = a.wanted, refused_revision = null, user_name = p.user_name, display_name = p.display_name, email = p.email, title = p.title,
      external_id_key = p.external_id_key, user_name_key = p.user_name_key, email_key = p.email_key,
      manager_reference_key = p.manager_reference_key,
      role = coalesce(p.role, a.role),
      coach_since = case
        when coalesce(p.role, a.role) = a.role then a.coach_since when p.role = 'coach' then clock_timestamp() end,
      wait_until = case
        when a.wanted = 'active' and a.status <> 'active' then
          case when p.manager_reference_key is not null then now() + make_interval(secs => p.manager_wait_seconds) end
        when a.manager_reference_key is not distinct from p.manager_reference_key then a.wait_until
      end,
      revision = a.revision + case
        when a.status <> a.wanted or a.role <> p.role
          or (a.user_name, a.display_name, a.email, a.title) is distinct from (p.user_name, p.display_name, p.email, p.title)
        then 1 else 0 end
    from profile p
    where a.instance_id = p_instance and a.id = p.id and a.asserted_version = p.version
      -- Who was given up stays off until something newer is asserted, or its creation is to be tried anew.
      and not (a.status = 'refused' and a.applied_version = a.asserted_version)
      and (a.status <> a.wanted or a.role <> p.role
        or (a.user_name, a.display_name, a.email, a.title, a.external_id_key, a.user_name_key, a.email_key, a.manager_reference_key)
          is distinct from
          (p.user_name, p.display_name, p.email, p.title, p.external_id_key, p.user_name_key, p.email_key, p.manager_reference_key))
    returning a.id, a.revision > p.former_revision as revised,
      case
        when a.status = p.former_status then 'account.updated' when a.status = 'suspended' then 'account.suspended'
        when p.former_revision = 0 then 'account.created' else 'account.reactivated'
      end as type
  )
  select array_agg(w.id), array_agg(w.type) into v_revised, v_types from written w where w.revised;

  if v_revised is not null then
    with renamed as (
      update teams t set name = a.display_name
      from accounts a
      where a.instance_id = p_instance and a.id = any (v_revised)
        and t.instance_id = p_instance and t.manager_id = a.id and t.name <> a.display_name
      returning t.id
    )
    select array_agg(renamed.id) into v_renamed from renamed;
    if v_renamed is not null then
      perform record_teams(p_instance, v_renamed, 'team.renamed');
    end if;
    perform record_accounts(p_instance, v_revised, v_types);
  end if;

  return query
  select a.id, is_held(a)
  from unnest(p_ids, p_versions) as v (id, version)
  join accounts a on a.instance_id = p_instance and a.id = v.id and a.asserted_version = v.version;
end
$$`;

/**
 * Looks whether these accounts' managers are there. Who waits (a standing mark, nobody found) is shown as waiting, and is
 * returned with the milliseconds left; all whose version is still the asserted one are returned.
 */
const FIND_MANAGERS = `
create function find_managers(p_instance text, p_ids uuid[], p_versions bigint[])
returns table (id uuid, wait_ms double precision) language plpgsql as $$
begin
  perform lock_instance(p_instance);

  return query
  with resolved as materialized (
    select r.id, r.target from resolve_managers(p_instance, p_ids) r
  ),
  found as (
    select a.id, a.wait_until,
      a.status = 'active' and a.wait_until > now() and r.target is null and a.id is distinct from default_manager(p_instance)
        as waiting
    from unnest(p_ids, p_versions) as v (id, version)
    join accounts a on a.instance_id = p_instance and a.id = v.id and a.asserted_version = v.version
    left join resolved r on r.id = a.id
  ),
  shown as (
    insert into progress (instance_id, user_id, stage, reason, due)
    select p_instance, found.id, 'waiting for manager', 'manager_unknown', found.wait_until from found where found.waiting order by found.id
    on conflict (instance_id, user_id) do update set
      since = case when progress.stage = excluded.stage then progress.since else now() end,
      stage = excluded.stage, reason = excluded.reason, message = null, due = excluded.due
  )
  select found.id, case when found.waiting then extract(epoch from found.wait_until - clock_timestamp())::double precision * 1000 end
  from found;
end
$$`;

/**
 * Evaluates these accounts themselves, where their version is the asserted one: they join their manager's team, or leave
 * every team when no longer active. With `p_decide` a wait that still stands is over. Returns whose version it is.
 */
const JOIN_TEAMS = `
create function join_teams(p_instance text, p_ids uuid[], p_versions bigint[], p_decide boolean)
returns setof uuid language plpgsql as $$
declare
  v_current uuid[];
begin
  perform lock_instance(p_instance);

  select coalesce(array_agg(a.id order by a.id), '{}') into v_current
  from unnest(p_ids, p_versions) as v (id, version)
  join accounts a on a.instance_id = p_instance and a.id = v.id and a.asserted_version = v.version;

  if cardinality(v_current) > 0 then
    perform evaluate_managers(p_instance, v_current, case when p_decide then v_current else '{}' end, v_current);
  end if;
  return query select unnest(v_current);
end
$$`;

/**
 * Evaluates one page of those whom a change of these accounts concerns (guard 3): whose reference means or now equals a
 * key of one of them, and whom one of them manages; with \`p_newly\` those only whose reference is not known to mean one of them, since
 * nobody was theirs before. Returns the last id of a full page, null when there are no more.
 */
const EVALUATE_REPORTS = `
create function evaluate_reports(p_instance text, p_managers uuid[], p_after uuid, p_limit integer, p_newly boolean default false)
returns uuid language plpgsql as $$
declare
  v_page uuid[];
begin
  perform lock_instance(p_instance);

  -- Groups may have named these accounts before they were there. Not in the transaction that makes them: who looks for
  -- somebody must have been committed before (guard 4).
  if p_after = '00000000-0000-0000-0000-000000000000' then
    perform resolve_members(p_instance, null, p_managers);
  end if;

  -- Each way to be concerned is read in the order of the ids, from the last page's end on and no further than this page's.
  with way as (
    select report.id
    from unnest(p_managers) as m (id)
    cross join lateral (
      (select a.id from accounts a
        where not p_newly and a.instance_id = p_instance and a.resolved_to = m.id and a.id > p_after order by a.id limit p_limit)
      union all
      (select a.id from accounts a
        where not p_newly and a.instance_id = p_instance and a.manager_id = m.id and a.id > p_after order by a.id limit p_limit)
    ) report
    union
    select report.id
    from accounts m
    cross join lateral (
      select distinct k.key from unnest(array[m.id::text, m.external_id_key, m.user_name_key, m.email_key]) as k (key)
    ) reference
    cross join lateral (
      select a.id from accounts a
      where a.instance_id = p_instance and a.manager_reference_key = reference.key and a.id > p_after
        and counts_as_active(a) and not (p_newly and a.resolved_to is not distinct from m.id)
      order by a.id limit p_limit
    ) report
    where m.instance_id = p_instance and m.id = any (p_managers)
  ),
  page as (
    select way.id from way order by way.id limit p_limit
  )
  select array_agg(page.id order by page.id) into v_page from page;

  if v_page is null then
    return null;
  end if;
  perform evaluate_managers(p_instance, v_page);
  return case when cardinality(v_page) = p_limit then v_page[p_limit] end;
end
$$`;

/**
 * Evaluates one page of those whom the present default manager concerns (rule 5): who fell back to another or to nobody,
 * and the default manager. Returns how many; 0 means that all is as it should be, and the instance is no longer due.
 */
const EVALUATE_INSTANCE = `
create function evaluate_instance(p_instance text, p_limit integer) returns integer language plpgsql as $$
declare
  v_default uuid;
  v_page uuid[];
begin
  perform lock_instance(p_instance);
  v_default := default_manager(p_instance);

  select array_agg(stale.id order by stale.id) into v_page
  from (
    select a.id from accounts a
    where a.instance_id = p_instance and a.origin = 'default' and counts_as_active(a)
      and (v_default is null or a.manager_id < v_default or a.manager_id > v_default)
    union
    select a.id from accounts a
    where a.instance_id = p_instance and a.origin = 'none' and counts_as_active(a)
      and v_default is not null and a.wait_until is null and a.id <> v_default
    union
    select a.id from accounts a
    where a.instance_id = p_instance and a.id = v_default and (a.manager_id is not null or a.circle is not null)
    limit p_limit
  ) stale;

  if v_page is null then
    update instances i set due = null where i.id = p_instance;
    return 0;
  end if;
  perform evaluate_managers(p_instance, v_page);
  return cardinality(v_page);
end
$$`;
