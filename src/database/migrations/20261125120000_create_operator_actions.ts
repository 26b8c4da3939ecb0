import type { Knex } from 'knex';

/**
 * What operators do about one user: rows first, and a kick, so that nothing is lost without Temporal or without a run. Each says
 * whether there was anything to do, and is in the audit log with its reason.
 */
async function up(knex: Knex): Promise<void> {
  await knex.raw(NOTE_ACTION);
  await knex.raw(RETRY);
  await knex.raw(TAKE_DEFAULT_MANAGER);
  await knex.raw(GIVE_UP);
  await knex.raw(ABANDON);
  await knex.raw(CANCEL);
}

async function down(knex: Knex): Promise<void> {
  await knex.raw(
    'drop function show_untold, cancel_provisioning, abandon_account, give_up_creation, take_default_manager, retry_users, note_action',
  );
}

export const createOperatorActions: Knex.Migration = { up, down };

/** Brings forward what a user's run does next by itself, and kicks it; the application is told at once, whatever it asked. */
const NOTE_ACTION = `
create function note_action(p_instance text, p_user uuid, p_action text, p_actor text, p_request text, p_note text)
returns void language sql as $$
  insert into audit_log (instance_id, actor, action, user_id, outcome, request_id, note)
  values (p_instance, p_actor, p_action, p_user, 'accepted', p_request, p_note);

  -- First the account and then the kick, as everybody locks them.
  update accounts a set announcing_until = null
  where a.instance_id = p_instance and a.id = p_user and a.announcing_token is null and a.announcing_until is not null;

  select kick_users(p_instance, array[a.id], case a.wanted when 'active' then 1 else 0 end, 'admin')
  from accounts a where a.instance_id = p_instance and a.id = p_user;

  update progress p set due = now() where p.instance_id = p_instance and p.user_id = p_user and p.due > now();
$$`;

/**
 * Tries a page of those who are stuck again at once, whatever the application asked, or of those of one reason. Returns how many, and the
 * last of a full page.
 */
const RETRY = `
create function retry_users(p_instance text, p_reason text, p_after uuid, p_limit integer, out count integer, out last uuid)
language plpgsql as $$
declare
  v_ids uuid[];
begin
  v_ids := array(
    select p.user_id from progress p
    where p.instance_id = p_instance and p.stage = 'stuck' and (p_reason is null or p.reason = p_reason) and p.user_id > p_after
    order by p.user_id limit p_limit);

  with asked as materialized (
    select a.id from accounts a
    where a.instance_id = p_instance and a.id = any (v_ids) and a.announcing_token is null and a.announcing_until is not null
    order by a.id for no key update
  )
  update accounts a set announcing_until = null from asked
  where a.instance_id = p_instance and a.id = asked.id and a.announcing_token is null;

  perform kick_users(p_instance, v_ids, 1, 'admin');

  update progress p set due = now() where p.instance_id = p_instance and p.user_id = any (v_ids) and p.stage = 'stuck';
  count := cardinality(v_ids);
  last := v_ids[p_limit];
end
$$`;

/** Ends a user's wait for the manager: the default manager takes the place (guard 4). False where nobody waits. */
const TAKE_DEFAULT_MANAGER = `
create function take_default_manager(p_instance text, p_user uuid, p_actor text, p_request text, p_note text)
returns boolean language plpgsql as $$
begin
  perform lock_instance(p_instance);
  if not exists (
    select from accounts a
    where a.instance_id = p_instance and a.id = p_user and a.status = 'active' and a.wait_until is not null)
  then
    return false;
  end if;
  perform evaluate_managers(p_instance, array[p_user], array[p_user], array[p_user]);
  perform note_action(p_instance, p_user, 'user.takeDefaultManager', p_actor, p_request, p_note);
  return true;
end
$$`;

/** Undoes the creation of an active account for good: no access, no manager, no team. The caller holds the instance's lock. */
const GIVE_UP = `
create function give_up_creation(p_instance text, p_user uuid) returns void language plpgsql as $$
begin
  perform kick_if_default(p_instance, p_user);
  update accounts a set status = 'refused', wait_until = null, revision = a.revision + 1
  where a.instance_id = p_instance and a.id = p_user;
  perform record_accounts(p_instance, array[p_user], array['account.updated']);
  perform evaluate_managers(p_instance, array[p_user], '{}', array[p_user]);
end
$$`;

/**
 * Gives up what a user is stuck with at the application. Of an account that it never took the creation is undone for good: refused
 * until Okta changes the user. Of any other what was to be told counts as told. False where the user is not stuck there, or is to be
 * suspended: that is given up by asserting the user active.
 */
const ABANDON = `
create function abandon_account(p_instance text, p_user uuid, p_actor text, p_request text, p_note text)
returns boolean language plpgsql as $$
declare
  v_account accounts;
  v_reason text;
begin
  perform lock_instance(p_instance);
  select p.reason into v_reason from progress p where p.instance_id = p_instance and p.user_id = p_user;
  select a.* into v_account from accounts a
  join progress p on p.instance_id = a.instance_id and p.user_id = a.id
  where a.instance_id = p_instance and a.id = p_user and a.wanted = 'active' and p.stage = 'stuck'
    and p.reason in ('application_unreachable', 'application_refused')
  for no key update of a;
  if not found then
    return false;
  end if;

  if not v_account.told_created and v_account.status = 'active' then
    perform give_up_creation(p_instance, p_user);
  end if;
  -- Where it refused, it has nothing to be told; where it did not answer, it may have taken the creation.
  update accounts a set refused_revision = null,
    announced = case when a.status = 'refused' and v_reason = 'application_unreachable' then a.announced else a.revision end
  where a.instance_id = p_instance and a.id = p_user;
  update events e set moved = false where e.instance_id = p_instance and e.user_id = p_user and e.moved;
  perform note_action(p_instance, p_user, 'user.abandon', p_actor, p_request, p_note);
  update progress p set stage = case when v_account.told_created then 'provisioned' else 'abandoned' end,
    since = now(), reason = null, message = null,
    due = (select p.due from accounts a where a.instance_id = p_instance and a.id = p_user and a.applied_version < a.asserted_version)
  where p.instance_id = p_instance and p.user_id = p_user;
  return true;
end
$$`;

/**
 * What is left to do once a run was cancelled in the Temporal UI. A first provisioning of this version is undone, as abandoning does
 * it; true where it was. An application that is still to be told makes the user stuck, with a date: the sweeper sees to it.
 */
const CANCEL = `
create function cancel_provisioning(p_instance text, p_user uuid, p_version bigint) returns boolean language plpgsql as $$
declare
  v_account accounts;
begin
  perform lock_instance(p_instance);
  select a.* into v_account from accounts a
  where a.instance_id = p_instance and a.id = p_user and a.asserted_version = p_version
    and a.wanted = 'active' and a.status in ('pending', 'active') and a.applied_version = 0
  for no key update;
  if not found then
    return false;
  end if;

  if v_account.status = 'active' then
    perform give_up_creation(p_instance, p_user);
  end if;
  update accounts a set status = 'refused', refused_revision = null, applied_version = p_version
  where a.instance_id = p_instance and a.id = p_user;
  insert into audit_log (instance_id, actor, action, user_id, version, outcome)
  values (p_instance, 'temporal', 'user.cancel', p_user, p_version, 'accepted');
  -- The application may have been told of the account already. Not at once: the run that is cancelled would hear of it, and end.
  if v_account.told_anything then
    perform kick_users(p_instance, array[p_user], 1, 'sweep', now() + interval '2 seconds');
  end if;
  insert into progress (instance_id, user_id, stage) values (p_instance, p_user, 'abandoned')
  on conflict (instance_id, user_id) do update
    set stage = excluded.stage, since = now(), reason = null, message = null, due = null;
  return true;
end
$$;

create function show_untold(p_instance text, p_user uuid) returns void language sql as $$
  update progress p set stage = 'stuck', since = now(), due = now() + interval '1 minute',
    reason = case when a.refused_revision is null then 'application_unreachable' else 'application_refused' end
  from accounts a join instances i on i.id = a.instance_id
  where p.instance_id = p_instance and p.user_id = p_user and a.instance_id = p_instance and a.id = p_user
    and i.application_url is not null and is_to_be_told(a)
$$`;
