import type { Knex } from 'knex';

/**
 * Erases who a user was, for good: names, addresses and keys, wherever they stand. The id stays as a tombstone, and the audit chain,
 * which has ids, names of attributes and digests only. The caller has sealed the audit log, has cleared others' references, and has
 * looked up the events that name the user as somebody's manager.
 */
async function up(knex: Knex): Promise<void> {
  // Few rows have notes, and few are erasures.
  await knex.raw(`
    create index audit_log_notes on audit_log (instance_id, position) where note is not null;
    create index audit_log_erasures on audit_log (instance_id, position) where action = 'user.erase';
  `);
  await knex.raw(NAMES);
  await knex.raw(ERASE);
}

async function down(knex: Knex): Promise<void> {
  await knex.raw('drop function erase_user, names_somebody, as_words');
  await knex.raw('drop index audit_log_notes, audit_log_erasures');
}

export const createErasure: Knex.Migration = { up, down };

/** Whether a text has one of these words anywhere, or one of these names as words of its own. */
const NAMES = `
create function as_words(p_text text) returns text language sql immutable as $$
  select ' ' || trim(regexp_replace(lower(p_text), '[[:space:][:punct:]]+', ' ', 'g')) || ' '
$$;

create function names_somebody(p_text text, p_words text[], p_names text[]) returns boolean language sql immutable as $$
  select exists (select from unnest(p_words) as word where strpos(lower(p_text), word) > 0)
    or exists (select from unnest(p_names) as name where strpos(as_words(p_text), as_words(name)) > 0)
$$`;

/**
 * Returns null where it is done, or why not: a code. `p_resource` is what stands in place of the user, of the next version; `p_words`
 * is what else the user is known by, `p_names` what others are called too. Of the events up to `p_seen` those of `p_events` name
 * the user as a manager. What is sealed of others' notes that name the user is taken away, and the row of the erasure says which.
 */
const ERASE = `
create function erase_user(p_instance text, p_user uuid, p_version bigint, p_resource text, p_words text[], p_names text[],
  p_seen bigint, p_events bigint[], p_actor text, p_request text, p_note text)
returns text language plpgsql as $$
declare
  v_user users;
  v_account accounts;
  v_name text := 'erased:' || p_user;
  v_groups uuid[];
  v_words text[];
  v_names text[];
  v_notes text;
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
  from unnest(array[v_user.user_name, v_user.email, v_user.external_id, v_user.display_name, v_account.user_name, v_account.email]
    || p_words) as word
  where length(word) > 3;
  select array_agg(distinct name) into v_names from unnest(p_names) as name where length(trim(as_words(name))) > 2;

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
  -- Who manages nobody any more gets into no event that is not there yet.
  with named as (
    select entry from unnest(p_events) as entry
    union
    select e.entry from events e
    where e.instance_id = p_instance and e.entry > p_seen and e.body -> 'manager' ->> 'id' = p_user::text
  )
  update events e set body = (case
      when e.team_id is not null then jsonb_set(jsonb_set(e.body::jsonb, '{name}', '""'), '{manager,userName}', '""')
      when json_typeof(e.body -> 'team') = 'object' then jsonb_set(jsonb_set(e.body::jsonb, '{team,name}', '""'), '{manager,userName}', '""')
      else jsonb_set(e.body::jsonb, '{manager,userName}', '""') end)::json
  from named where e.instance_id = p_instance and e.entry = named.entry;
  insert into events (instance_id, type, user_id, revision, body)
  select p_instance, 'account.suspended', a.id, a.revision, (account_body(a)::jsonb || '{"deleted": true}')::json
  from accounts a where a.instance_id = p_instance and a.id = p_user;

  -- The groups first, as whoever changes one does.
  v_groups := array(
    select g.id from groups g
    where g.instance_id = p_instance and g.id in (
      select m.group_id from group_members m
      where m.instance_id = p_instance and (m.user_id = p_user or lower(m.reference) = any (v_words) or lower(m.display) = any (v_words)))
    order by g.id for update);
  delete from group_members m
  where m.instance_id = p_instance and m.group_id = any (v_groups)
    and (m.user_id = p_user or lower(m.reference) = any (v_words) or lower(m.display) = any (v_words));
  update groups g set version = g.version + 1, updated_at = now() where g.instance_id = p_instance and g.id = any (v_groups);

  -- Files: the rows of the person, and those that name the person as somebody's manager. One that is not decided yet is rejected.
  with named as (
    select r.import_id, r.line, r.outcome = 'pending' as pending from import_rows r
    where r.instance_id = p_instance
      and (r.user_id = p_user or exists (select from unnest(v_words) as word where strpos(lower(r.cells::text), word) > 0))
  ),
  blanked as (
    update import_rows r set cells = '[]', attributes = null, user_name = null, user_name_key = null, manager = null,
      outcome = case when named.pending then 'rejected' else r.outcome end, reason = case when named.pending then 'was erased' end
    from named where r.instance_id = p_instance and r.import_id = named.import_id and r.line = named.line
  )
  update imports i set rejected = i.rejected + counted.pending
  from (select named.import_id, count(*)::integer as pending from named where named.pending group by named.import_id) counted
  where i.instance_id = p_instance and i.id = counted.import_id;

  delete from requests r
  where r.instance_id = p_instance and (r.user_id = p_user or exists (
    select from unnest(v_words) as word where strpos(lower(r.path), word) > 0 or strpos(lower(r.detail), word) > 0));
  delete from answers w
  where w.instance_id = p_instance and (w.user_id = p_user or names_somebody(w.words, v_words, v_names));
  perform kick_users(p_instance, array[p_user], 0, 'admin');
  update progress p set message = null
  where p.instance_id = p_instance and p.message is not null
    and (p.user_id = p_user or names_somebody(p.message, v_words, v_names));
  delete from unassignments un where un.instance_id = p_instance and un.user_id = p_user;
  with gone as (
    update audit_log a set note = null
    where a.instance_id = p_instance and a.note is not null
      and (a.user_id = p_user or names_somebody(a.note, v_words, v_names))
    returning a.position, a.user_id
  )
  select string_agg('note:' || gone.position, ',' order by gone.position) into v_notes
  from gone where gone.user_id is distinct from p_user;

  insert into audit_log (instance_id, actor, action, user_id, version, changed, outcome, request_id, note)
  values (p_instance, p_actor, 'user.erase', p_user, p_version, v_notes, 'accepted', p_request, p_note);
  return null;
end
$$`;
