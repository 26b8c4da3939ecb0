import type { Knex } from 'knex';

/**
 * Rule 2, once: whom a reference means, who is on a circle, who manages whom, which teams there are. Every function that
 * writes any of it takes the instance's lock in a statement of its own and evaluates in a later one, on a fresh snapshot
 * (guard 2): these functions are volatile, so each of their statements sees what was committed before it began.
 */
async function up(knex: Knex): Promise<void> {
  await knex.raw(LOCK_INSTANCE);
  await knex.raw(COUNTS_AS_ACTIVE);
  await knex.raw(DEFAULT_MANAGER);
  await knex.raw(ACCOUNT_MEANT);
  await knex.raw(RESOLVE_MANAGERS);
  await knex.raw(EVALUATE_MANAGERS);
}

async function down(knex: Knex): Promise<void> {
  await knex.raw(
    'drop function evaluate_managers, resolve_managers, account_meant, default_manager, settled_stage, is_held, counts_as_active, lock_instance',
  );
}

export const createManagerRule: Knex.Migration = { up, down };

const LOCK_INSTANCE = `
create function lock_instance(p_instance text) returns void language sql as $$
  select pg_advisory_xact_lock(hashtextextended('roster instance ' || p_instance, 0))
$$`;

/**
 * Rule 12: whose access Okta has ended counts as active for rules 2, 4 and 5 until the run has decided that it was no mass
 * unassignment, and where it was until an operator releases the hold.
 */
const COUNTS_AS_ACTIVE = `
create function counts_as_active(a accounts) returns boolean language sql immutable as $$
  select a.status = 'active' or a.status = 'suspended' and a.unassigned_at is not null
$$;

-- A hold is of one unassignment: whatever Okta says of "active" since ends it.
create function is_held(a accounts) returns boolean language sql immutable as $$
  select a.wanted = 'suspended' and a.held_at is not null and a.held_at is not distinct from a.unassigned_at
$$;

-- The stage that is shown of an account with which nothing is to be done.
create function settled_stage(a accounts) returns text language sql immutable as $$
  select case
    when a.status = 'refused' then 'abandoned' when a.wanted = 'active' then 'provisioned' when is_held(a) then 'held'
    else 'deactivated' end
$$`;

/** Rule 5: the explicit default manager while active and manager or above, else the active coach who is coach longest. */
const DEFAULT_MANAGER = `
create function default_manager(p_instance text) returns uuid language sql stable as $$
  select coalesce(
    (select a.id from instances i join accounts a on a.instance_id = i.id and a.id = i.default_manager_id
      where i.id = p_instance and counts_as_active(a) and a.role in ('manager', 'publisher', 'coach')),
    (select a.id from accounts a
      where a.instance_id = p_instance and a.role = 'coach' and counts_as_active(a)
      order by a.coach_since, a.id limit 1))
$$`;

/**
 * Rule 3: the one account that a reference means, if any: an active one before any other, then in the order id, externalId,
 * userName, e-mail, then the older one; nobody pending. With `p_present` deleted users mean nothing.
 */
const ACCOUNT_MEANT = `
create function account_meant(p_instance text, p_key text, p_present boolean)
returns table (id uuid, is_active boolean) language sql stable as $$
  select candidate.id, candidate.is_active
  from (
    select 1 as place, a.id, a.status, counts_as_active(a) as is_active, a.created_at from accounts a
      where a.instance_id = p_instance
        and a.id = case when p_key ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then p_key::uuid end
    union all
    select 2, a.id, a.status, counts_as_active(a) as is_active, a.created_at from accounts a
      where a.instance_id = p_instance and a.external_id_key = p_key
    union all
    select 3, a.id, a.status, counts_as_active(a) as is_active, a.created_at from accounts a
      where a.instance_id = p_instance and a.user_name_key = p_key
    union all
    select 4, a.id, a.status, counts_as_active(a) as is_active, a.created_at from accounts a
      where a.instance_id = p_instance and a.email_key = p_key
  ) candidate
  where candidate.status <> 'pending'
    and (not p_present or exists (
      select from users u where u.instance_id = p_instance and u.id = candidate.id and u.deleted_at is null))
  order by candidate.is_active desc, candidate.place, candidate.created_at, candidate.id
  limit 1
$$`;

/** Whom the references of these accounts mean, as far as they count as active; no target where they mean nobody. */
const RESOLVE_MANAGERS = `
create function resolve_managers(p_instance text, p_ids uuid[])
returns table (id uuid, target uuid, target_active boolean) language sql stable as $$
  with report as (
    select a.id, a.manager_reference_key as key
    from accounts a
    where a.instance_id = p_instance and a.id = any (p_ids) and counts_as_active(a)
  ),
  -- Looked up once a reference: left to the planner, it can come to be once a reference for each account.
  meant as materialized (
    select reference.key, found.id as target, found.is_active as target_active
    from (select distinct report.key from report where report.key is not null) reference
    cross join lateral account_meant(p_instance, reference.key, false) found
  )
  select report.id, meant.target, coalesce(meant.target_active, false)
  from report left join meant on meant.key = report.key
$$`;

/**
 * Evaluates rule 2 for the accounts named, for their former circles and for any circle that now closes through them, and
 * writes manager, origin, team, circle, wait, raised roles and revisions. A standing mark of a wait means no manager while
 * nobody is found, except for \`p_decided\`, whose wait is over. Waiters who were found are woken. Returns who moved.
 * The caller holds the instance's lock, and sees to it that the application is told of \`p_own\`.
 */
const EVALUATE_MANAGERS = `
create function evaluate_managers(p_instance text, p_ids uuid[], p_decided uuid[] default '{}', p_own uuid[] default '{}')
returns setof uuid language plpgsql as $$
declare
  v_default uuid := default_manager(p_instance);
  v_ids uuid[]; v_targets uuid[]; v_actives boolean[];
  v_edge_ids uuid[]; v_edge_nexts uuid[];
  v_circle_ids uuid[]; v_circles uuid[];
  v_on_circles uuid[]; v_chosen uuid[]; v_assigned boolean[]; v_waits timestamptz[];
  v_made uuid[]; v_revised uuid[]; v_raised uuid[];
  v_moved uuid[]; v_managers uuid[]; v_emptied uuid[]; v_left uuid[]; v_woken uuid[];
begin
  select array_agg(r.id), array_agg(r.target), array_agg(r.target_active)
    into v_ids, v_targets, v_actives
    from resolve_managers(p_instance, p_ids) r;

  -- The references that count, upward from those evaluated: to an active account, and not the default manager's own.
  with recursive fresh (id, next) as materialized (
    select r.id, case when r.active and r.id is distinct from v_default then r.target end
    from unnest(v_ids, v_targets, v_actives) as r (id, target, active)
  ),
  edge (id, next) as (
    select fresh.id, fresh.next from fresh where fresh.next is not null
    union
    select up.id, next.id
    -- Whom references lead to, each once: many mean one manager.
    from (select distinct edge.next as id from edge) up
    join accounts a on a.instance_id = p_instance and a.id = up.id
    left join fresh on fresh.id = a.id
    left join accounts t on t.instance_id = p_instance and t.id = a.resolved_to and counts_as_active(t)
    cross join lateral (
      select case when fresh.id is not null then fresh.next when a.id is distinct from v_default then t.id end as id
    ) next
    where next.id is not null
  )
  select array_agg(edge.id), array_agg(edge.next) into v_edge_ids, v_edge_nexts from edge;

  -- A new circle closes through somebody evaluated, to whom somebody's reference leads: only those are walked from.
  with recursive edge (id, next) as materialized (
    select e.id, e.next from unnest(v_edge_ids, v_edge_nexts) as e (id, next)
  ),
  walk (start, node) as (
    select e.id, e.next from edge e where e.id = any (p_ids) and e.id in (select edge.next from edge)
    union
    select walk.start, edge.next from walk join edge on edge.id = walk.node where walk.node <> walk.start
  ),
  closed as (
    select walk.start, (array_agg(walk.node order by walk.node))[1] as circle
    from walk group by walk.start having bool_or(walk.node = walk.start)
  ),
  member as (
    select distinct walk.node as id, closed.circle from closed join walk on walk.start = closed.start
  )
  select coalesce(array_agg(member.id), '{}'), coalesce(array_agg(member.circle), '{}')
    into v_circle_ids, v_circles from member;

  -- Those on a circle that was or is are written too; their own references are as they were.
  with concerned as (
    select unnest(v_circle_ids) as id
    union
    select a.id from accounts a
    where a.instance_id = p_instance and a.circle in (
      select b.circle from accounts b
      where b.instance_id = p_instance and b.id = any (p_ids || v_circle_ids) and b.circle is not null)
  ),
  other as (
    select a.id, a.resolved_to, t.id is not null as active
    from concerned
    join accounts a on a.instance_id = p_instance and a.id = concerned.id and counts_as_active(a)
    left join accounts t on t.instance_id = p_instance and t.id = a.resolved_to and counts_as_active(t)
    where a.id <> all (p_ids)
    union all
    -- Who is not active has no target, but is written: no manager, no team.
    select p.id, null, false from unnest(p_ids) as p (id) where p.id <> all (coalesce(v_ids, '{}'))
  )
  select v_ids || array_agg(other.id), v_targets || array_agg(other.resolved_to), v_actives || array_agg(other.active)
    into v_ids, v_targets, v_actives from other;

  select array_agg(a.id), array_agg(r.target), array_agg(c.circle),
      array_agg(case
        when not counts_as_active(a) or a.id is not distinct from v_default then null
        when r.active and c.circle is null then r.target
        when r.target is null and a.wait_until is not null and a.id <> all (p_decided) then null
        else v_default
      end),
      array_agg(r.active and c.circle is null),
      array_agg(case when counts_as_active(a) and r.target is null and a.id is distinct from v_default
        and a.id <> all (p_decided) then a.wait_until end)
    into v_ids, v_targets, v_on_circles, v_chosen, v_assigned, v_waits
    from unnest(v_ids, v_targets, v_actives) as r (id, target, active)
    join accounts a on a.instance_id = p_instance and a.id = r.id
    left join unnest(v_circle_ids, v_circles) as c (id, circle) on c.id = r.id;

  -- In a statement of its own: an UPDATE that has waited for a row can't look at it again beside an INSERT.
  with made as (
    insert into teams (instance_id, manager_id, name)
    select p_instance, m.id, m.display_name
    from accounts m
    where m.instance_id = p_instance and m.id = any (v_chosen)
      and not exists (select from teams t where t.instance_id = p_instance and t.manager_id = m.id)
    returning teams.id
  )
  select array_agg(made.id) into v_made from made;
  if v_made is not null then
    perform record_teams(p_instance, v_made, 'team.created');
  end if;

  with target as (
    select w.id, w.target, w.circle, w.manager, w.wait, t.id as team,
      case when w.manager is null then 'none' when w.assigned then 'assigned' else 'default' end as origin,
      w.id = any (v_chosen) as leads,
      former.team_id as former_team, former.manager_id as former_manager, former.wait_until as former_wait,
      former.revision as former_revision
    from unnest(v_ids, v_targets, v_on_circles, v_chosen, v_assigned, v_waits)
      as w (id, target, circle, manager, assigned, wait)
    join accounts former on former.instance_id = p_instance and former.id = w.id
    left join teams t on t.instance_id = p_instance and t.manager_id = w.manager
  ),
  written as (
    update accounts a set
      manager_id = w.manager, origin = w.origin, team_id = w.team,
      resolved_to = w.target, circle = w.circle, wait_until = w.wait,
      role = case when w.leads and a.role = 'individual' then 'manager' else a.role end,
      revision = a.revision + case
        when a.manager_id is distinct from w.manager or a.origin <> w.origin or (w.leads and a.role = 'individual') then 1
        else 0 end
    from target w
    where a.instance_id = p_instance and a.id = w.id
      -- Who was suspended meanwhile is their own run's to write, and gets no manager here.
      and (counts_as_active(a) or w.manager is null)
      and (a.manager_id is distinct from w.manager or a.origin <> w.origin or a.team_id is distinct from w.team
        or a.resolved_to is distinct from w.target or a.circle is distinct from w.circle
        or a.wait_until is distinct from w.wait or (w.leads and a.role = 'individual'))
    returning a.id, w.manager, w.former_team, a.team_id,
      a.manager_id is distinct from w.former_manager as moved, a.revision > w.former_revision as revised,
      w.former_wait is not null and a.wait_until is null and a.status = 'active' and a.id <> all (p_decided) as woken
  )
  select array_agg(written.id) filter (where written.moved),
    array_agg(written.id) filter (where written.revised),
    array_agg(distinct written.manager) filter (where written.manager is not null),
    array_agg(distinct written.former_team) filter (where written.former_team is distinct from written.team_id),
    array_agg(written.id) filter (where written.woken)
    into v_moved, v_revised, v_managers, v_left, v_woken from written;

  if v_managers is not null then
    with raised as (
      update accounts a set role = 'manager', revision = a.revision + 1
      where a.instance_id = p_instance and a.id = any (v_managers) and a.role = 'individual'
      returning a.id
    )
    select array_agg(raised.id) into v_raised from raised;

    -- The chosen default manager, once too low in role for it, has been raised by a first report.
    if exists (
      select from instances i
      where i.id = p_instance and i.default_manager_id = any (v_managers) and i.default_manager_id is distinct from v_default)
    then
      perform kick_instance(p_instance, 'admin');
    end if;
  end if;

  v_revised := v_revised || v_raised;
  if v_revised is not null then
    perform record_accounts(p_instance, v_revised, array_fill('account.updated'::text, array[cardinality(v_revised)]), p_own);
  end if;

  -- Teams that were left, and those made for somebody who was suspended before joining.
  v_left := v_made || v_left;
  if v_left is not null then
    select array_agg(t.id) into v_emptied from teams t
    where t.instance_id = p_instance and t.id = any (v_left)
      and not exists (select from accounts a where a.instance_id = p_instance and a.team_id = t.id);
  end if;
  if v_emptied is not null then
    perform record_teams(p_instance, v_emptied, 'team.removed');
    delete from teams t where t.instance_id = p_instance and t.id = any (v_emptied);
  end if;

  if v_woken is not null then
    -- First the kick and then the progress, as the dispatcher locks them.
    perform kick_users(p_instance, v_woken, 1, 'scim');
    update progress p set due = now() where p.instance_id = p_instance and p.user_id = any (v_woken);
  end if;

  return query select unnest(v_moved);
end
$$`;
