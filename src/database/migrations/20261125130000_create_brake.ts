import type { Knex } from 'knex';

/**
 * Rule 12: when Okta ends the access of more people than an instance's brake lets through within its window, the later ones are held.
 * They are off, and the application is told so; that they hand over and leave waits for an operator.
 */
async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    -- What was decided of who was unassigned within the window.
    create table unassignments (
      instance_id text not null,
      user_id uuid not null,
      at timestamptz not null,
      held boolean not null,
      primary key (instance_id, user_id)
    )`);
  await knex.raw(DECIDE_HOLDS);
  await knex.raw(RELEASE_HELD);
}

async function down(knex: Knex): Promise<void> {
  await knex.raw('drop function release_held, decide_holds');
  await knex.raw('drop table unassignments');
}

export const createBrake: Knex.Migration = { up, down };

/**
 * Decides each unassignment once, in the order in which they came: held is who is more than the minimum and more than the part of
 * all who were active before. A single one never is. The caller holds the instance's lock.
 */
const DECIDE_HOLDS = `
create function decide_holds(p_instance text, p_ids uuid[], p_versions bigint[]) returns void language plpgsql as $$
declare
  v_brake jsonb;
  v_window interval;
  v_leaver record;
  v_count integer; v_through integer; v_active bigint;
  v_held boolean;
begin
  perform from accounts a
  where a.instance_id = p_instance and a.id = any (p_ids) and a.unassigned_at is not null
  order by a.id
  for no key update;
  if not found then
    return;
  end if;
  select i.brake into v_brake from instances i where i.id = p_instance;
  v_window := make_interval(mins => (v_brake ->> 'windowMinutes')::integer);
  delete from unassignments un where un.instance_id = p_instance and un.at < now() - v_window;

  for v_leaver in
    select a.id, a.unassigned_at as at, a.asserted_version as version
    from unnest(p_ids, p_versions) as v (id, version)
    join accounts a on a.instance_id = p_instance and a.id = v.id and a.asserted_version = v.version
    where a.wanted = 'suspended' and a.unassigned_at is not null and a.held_at is distinct from a.unassigned_at
    order by a.unassigned_at, a.id
  loop
    v_held := false;
    if v_brake is not null then
      select count(*) + 1, count(*) filter (where not un.held) into v_count, v_through
      from unassignments un
      where un.instance_id = p_instance and un.user_id <> v_leaver.id and un.at > v_leaver.at - v_window;
      if v_count > greatest(1, (v_brake ->> 'minimum')::integer) then
        -- Only as many are counted as would be enough: a large instance costs no more than a small one.
        select count(*) + v_through into v_active from (
          select from accounts a where a.instance_id = p_instance and counts_as_active(a)
          limit ceil(v_count * 100 / greatest((v_brake ->> 'percent')::numeric, 1))::bigint) enough;
        v_held := v_count * 100 > v_active * (v_brake ->> 'percent')::numeric;
      end if;
      insert into unassignments (instance_id, user_id, at, held) values (p_instance, v_leaver.id, v_leaver.at, v_held)
      on conflict (instance_id, user_id) do update set at = excluded.at, held = excluded.held;
    end if;

    update accounts a
    set unassigned_at = case when v_held then a.unassigned_at end, held_at = case when v_held then a.unassigned_at end
    where a.instance_id = p_instance and a.id = v_leaver.id;
    if v_held then
      insert into audit_log (instance_id, actor, action, user_id, version, outcome)
      values (p_instance, 'roster', 'user.hold', v_leaver.id, v_leaver.version, 'accepted');
    end if;
  end loop;
end
$$`;

/** Lets all who are held go on with their deactivation; the count begins anew. Returns how many. */
const RELEASE_HELD = `
create function release_held(p_instance text, p_actor text, p_request text, p_note text) returns integer language plpgsql as $$
declare
  v_ids uuid[];
begin
  perform lock_instance(p_instance);
  with held as (
    select a.id from accounts a where a.instance_id = p_instance and is_held(a) order by a.id for no key update
  )
  select coalesce(array_agg(held.id), '{}') into v_ids from held;

  update accounts a set unassigned_at = null, held_at = null, applied_version = 0
  where a.instance_id = p_instance and a.id = any (v_ids);
  insert into audit_log (instance_id, actor, action, user_id, outcome, request_id, note)
  select p_instance, p_actor, 'user.release', released.id, 'accepted', p_request, p_note from unnest(v_ids) as released (id);
  insert into kicks (instance_id, user_id, lane, source)
  select p_instance, released.id, 0, 'admin' from unnest(v_ids) as released (id) order by released.id
  on conflict (instance_id, user_id) do update
    set nonce = nextval('kick_nonce'), lane = 0, source = excluded.source, taken_until = null;
  update progress p set stage = 'deactivating', reason = null, message = null, since = now(), due = now() + interval '30 seconds'
  where p.instance_id = p_instance and p.user_id = any (v_ids);
  delete from unassignments un where un.instance_id = p_instance;
  return cardinality(v_ids);
end
$$`;
