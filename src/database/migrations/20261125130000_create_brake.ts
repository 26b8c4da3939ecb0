import type { Knex } from 'knex';

/**
 * Rule 12: when Okta ends the access of more people than an instance's brake lets through within its window, the later ones are held.
 * They are off, and the application is told so; that they hand over and leave waits for an operator.
 */
async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    -- What was decided of who was unassigned lately.
    create table unassignments (
      instance_id text not null,
      user_id uuid not null,
      at timestamptz not null,
      held boolean not null,
      decided_at timestamptz not null default now(),
      primary key (instance_id, user_id)
    );
    create index unassignments_at on unassignments (instance_id, at);
  `);
  await knex.raw(DECIDE_HOLDS);
  await knex.raw(RELEASE_HELD);
}

async function down(knex: Knex): Promise<void> {
  await knex.raw('drop function release_held, decide_holds');
  await knex.raw('drop table unassignments');
}

export const createBrake: Knex.Migration = { up, down };

/**
 * Decides each unassignment once, by who left within the window before it, or after it where that was decided before: held is who is
 * more than the minimum and more than the part of all who were active before. A single one never is. The caller holds the
 * instance's lock, so everything is counted once for all.
 */
const DECIDE_HOLDS = `
create function decide_holds(p_instance text, p_ids uuid[], p_versions bigint[]) returns void language plpgsql as $$
declare
  v_brake jsonb;
  v_window interval;
  v_minimum integer;
  v_percent numeric;
  v_leavers uuid[]; v_at timestamptz[];
  v_count bigint; v_active bigint;
begin
  perform from accounts a
  where a.instance_id = p_instance and a.id = any (p_ids) and a.unassigned_at is not null
  order by a.id
  for no key update;
  if not found then
    return;
  end if;

  select array_agg(a.id order by a.unassigned_at, a.id), array_agg(a.unassigned_at order by a.unassigned_at, a.id)
    into v_leavers, v_at
  from unnest(p_ids, p_versions) as v (id, version)
  join accounts a on a.instance_id = p_instance and a.id = v.id and a.asserted_version = v.version
  where a.wanted = 'suspended' and a.unassigned_at is not null and a.held_at is distinct from a.unassigned_at;
  if v_leavers is null then
    return;
  end if;
  select i.brake into v_brake from instances i where i.id = p_instance;
  if v_brake is null then
    update accounts a set unassigned_at = null, held_at = null where a.instance_id = p_instance and a.id = any (v_leavers);
    return;
  end if;
  v_window := make_interval(mins => (v_brake ->> 'windowMinutes')::integer);
  v_minimum := greatest(1, (v_brake ->> 'minimum')::integer);
  v_percent := (v_brake ->> 'percent')::numeric;

  -- By when it was decided: who left before an outage longer than the window is decided after it, all at once.
  delete from unassignments un where un.instance_id = p_instance and un.decided_at < now() - v_window - interval '2 days';
  select count(*) + cardinality(v_leavers) into v_count from unassignments un
  where un.instance_id = p_instance
    and un.at >= v_at[1] - v_window and un.at <= v_at[cardinality(v_at)] + v_window;
  if v_count > v_minimum and v_percent > 0 then
    -- Only as many are counted as would be enough: a large instance costs no more than a small one.
    select count(*) into v_active from (
      select from accounts a where a.instance_id = p_instance and counts_as_active(a)
      limit ceil(v_count * 100 / v_percent)::bigint) enough;
  end if;

  with known as (
    select leaver.id, leaver.at, true as leaves, false as went
    from unnest(v_leavers, v_at) as leaver (id, at)
    union all
    select un.user_id, un.at, false, not un.held and not counts_as_active(a)
    from unassignments un join accounts a on a.instance_id = p_instance and a.id = un.user_id
    where un.instance_id = p_instance and un.user_id <> all (v_leavers)
      and un.at >= v_at[1] - v_window and un.at <= v_at[cardinality(v_at)] + v_window
  ),
  counted as (
    select known.id, known.at, known.leaves,
      count(*) filter (where not known.leaves) over around as decided,
      count(*) filter (where known.went) over around as went,
      count(*) filter (where known.leaves) over (order by known.at, known.id rows unbounded preceding) as place,
      -- Of this set, but long before.
      count(*) filter (where known.leaves) over (order by known.at range between unbounded preceding and v_window preceding) as former
    from known
    window around as (order by known.at range between v_window preceding and v_window following)
  ),
  decided as (
    select c.id, c.at,
      c.decided + c.place - c.former > v_minimum
        and (c.decided + c.place - c.former) * 100 > (coalesce(v_active, 0) + c.went - c.former) * v_percent as held
    from counted c where c.leaves
  ),
  kept as (
    insert into unassignments (instance_id, user_id, at, held)
    select p_instance, d.id, d.at, d.held from decided d
    on conflict (instance_id, user_id) do update set at = excluded.at, held = excluded.held, decided_at = excluded.decided_at
  ),
  written as (
    update accounts a
    set unassigned_at = case when d.held then a.unassigned_at end, held_at = case when d.held then a.unassigned_at end
    from decided d where a.instance_id = p_instance and a.id = d.id
    returning a.id, a.asserted_version, d.held
  )
  insert into audit_log (instance_id, actor, action, user_id, version, outcome)
  select p_instance, 'roster', 'user.hold', w.id, w.asserted_version, 'accepted' from written w where w.held;
end
$$`;

/** Lets those of these users who are held go on with their deactivation; with `p_anew` the count begins anew. Returns how many. */
const RELEASE_HELD = `
create function release_held(p_instance text, p_ids uuid[], p_anew boolean, p_actor text, p_request text, p_note text)
returns integer language plpgsql as $$
declare
  v_ids uuid[];
begin
  perform lock_instance(p_instance);
  with held as (
    select a.id from accounts a
    where a.instance_id = p_instance and a.id = any (p_ids) and is_held(a) order by a.id for no key update
  )
  select coalesce(array_agg(held.id), '{}') into v_ids from held;

  update accounts a set unassigned_at = null, held_at = null, applied_version = a.asserted_version - 1
  where a.instance_id = p_instance and a.id = any (v_ids);
  insert into audit_log (instance_id, actor, action, user_id, outcome, request_id, note)
  select p_instance, p_actor, 'user.release', released.id, 'accepted', p_request, p_note from unnest(v_ids) as released (id);
  perform kick_users(p_instance, v_ids, 0, 'admin');
  update progress p set stage = 'deactivating', reason = null, message = null, since = now(), due = now() + interval '30 seconds'
  where p.instance_id = p_instance and p.user_id = any (v_ids);
  if p_anew then
    delete from unassignments un where un.instance_id = p_instance;
  end if;
  return cardinality(v_ids);
end
$$`;
