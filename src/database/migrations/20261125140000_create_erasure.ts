import type { Knex } from 'knex';

/**
 * Erases who a user was, for good: names, addresses and keys, wherever they stand. The id stays as a tombstone, and the audit chain,
 * which has ids, names of attributes and digests only. The caller has sealed the audit log, and has cleared others' references.
 */
async function up(knex: Knex): Promise<void> {
  await knex.raw(ERASE);
}

async function down(knex: Knex): Promise<void> {
  await knex.raw('drop function erase_user');
}

export const createErasure: Knex.Migration = { up, down };

/** Returns null where it is done, or why not: a code. `p_resource` is what stands in place of the user, of the next version. */
const ERASE = `
create function erase_user(p_instance text, p_user uuid, p_version bigint, p_resource text, p_actor text, p_request text, p_note text)
returns text language plpgsql as $$
declare
  v_user users;
  v_account accounts;
  v_name text := 'erased:' || p_user;
  v_words text[];
begin
  perform lock_instance(p_instance);
  select * into v_account from accounts a where a.instance_id = p_instance and a.id = p_user for no key update;
  select * into v_user from users u where u.instance_id = p_instance and u.id = p_user;
  if v_account.wanted = 'active' or v_account.status in ('active', 'pending') then
    return 'user_not_off';
  end if;
  if v_user.version <> p_version - 1 or v_account.applied_version < v_account.asserted_version or is_held(v_account) then
    return 'user_not_settled';
  end if;
  -- Whoever is called something as short as this is named by too much else.
  select array_agg(distinct lower(word)) into v_words
  from unnest(array[v_user.user_name, v_user.email, v_user.external_id, v_user.display_name, v_account.user_name, v_account.email]) as word
  where length(word) > 3;

  update users u set user_name = v_name, user_name_key = v_name, email = v_name, email_key = v_name, external_id = null,
    external_id_key = null, display_name = '', manager_reference = null, manager_reference_key = null, resource = p_resource,
    version = p_version, active = false, deleted_at = coalesce(u.deleted_at, now())
  where u.instance_id = p_instance and u.id = p_user;
  update accounts a set user_name = v_name, display_name = '', email = v_name, title = '', external_id_key = null,
    user_name_key = null, email_key = null, manager_reference_key = null, resolved_to = null, circle = null,
    asserted_version = p_version, applied_version = p_version, revision = a.revision + 1
  where a.instance_id = p_instance and a.id = p_user;

  update events e set body = (e.body::jsonb || '{"userName": "", "displayName": "", "title": ""}')::json
  where e.instance_id = p_instance and e.user_id = p_user;
  update events e set body = (case
      when e.team_id is not null then jsonb_set(jsonb_set(e.body::jsonb, '{name}', '""'), '{manager,userName}', '""')
      when json_typeof(e.body -> 'team') = 'object' then jsonb_set(jsonb_set(e.body::jsonb, '{team,name}', '""'), '{manager,userName}', '""')
      else jsonb_set(e.body::jsonb, '{manager,userName}', '""') end)::json
  where e.instance_id = p_instance and e.body -> 'manager' ->> 'id' = p_user::text;
  insert into events (instance_id, type, user_id, revision, body)
  select p_instance, 'account.suspended', a.id, a.revision, (account_body(a)::jsonb || '{"deleted": true}')::json
  from accounts a where a.instance_id = p_instance and a.id = p_user;

  with gone as (
    delete from group_members m
    where m.instance_id = p_instance and (m.user_id = p_user or lower(m.reference) = any (v_words) or lower(m.display) = any (v_words))
    returning m.group_id
  )
  update groups g set version = g.version + 1, updated_at = now()
  where g.instance_id = p_instance and g.id in (select gone.group_id from gone);

  delete from requests r
  where r.instance_id = p_instance and (r.user_id = p_user or exists (
    select from unnest(v_words) as word where strpos(lower(r.path), word) > 0 or strpos(lower(r.detail), word) > 0));
  delete from answers w
  where w.instance_id = p_instance and (w.user_id = p_user or exists (
    select from unnest(v_words) as word where strpos(lower(w.words), word) > 0));
  update progress p set message = null
  where p.instance_id = p_instance and (p.user_id = p_user or exists (
    select from unnest(v_words) as word where strpos(lower(p.message), word) > 0));
  delete from unassignments un where un.instance_id = p_instance and un.user_id = p_user;
  update audit_log a set note = null where a.instance_id = p_instance and a.user_id = p_user and a.note is not null;

  insert into audit_log (instance_id, actor, action, user_id, version, outcome, request_id, note)
  values (p_instance, p_actor, 'user.erase', p_user, p_version, 'accepted', p_request, p_note);
  insert into kicks (instance_id, user_id, lane, source) values (p_instance, p_user, 0, 'admin')
  on conflict (instance_id, user_id) do update set nonce = nextval('kick_nonce'), lane = 0, taken_until = null;
  return null;
end
$$`;
