import type { Knex } from 'knex';

/**
 * Guard 8: one sealer at a time per instance gives what was committed its place, in the order in which it was written, and
 * chains the audit log. Readers see sealed rows only, so nothing ever comes in before what somebody has read. A sequence
 * would lose what commits late, a counter row would make all writers wait for each other.
 */
async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table seals (
      instance_id text primary key,
      -- The place of the last sealed event, and of the last that was taken away because of its age.
      event_position bigint not null default 0,
      events_removed bigint not null default 0,
      -- The end of the audit chain: kept apart from it, so that a chain cut short is seen.
      audit_position bigint not null default 0,
      audit_hash bytea not null default ''
    );
    alter table audit_log add column position bigint, add column hash bytea;
    create unique index audit_log_position on audit_log (instance_id, position) where position is not null;
    create index events_at on events using brin (at);
    create index audit_log_unsealed on audit_log (instance_id, entry) where position is null;
    -- Of sealed rows only, so that it is the sealer who pays for it.
    create index audit_log_user on audit_log (instance_id, user_id, position) where position is not null and user_id is not null;
  `);
  await knex.raw(AUDIT_HASH);
  await knex.raw(APPEND_ONLY);
  await knex.raw(SEAL);
  await knex.raw(VERIFY);
  await knex.raw(REMOVE);
}

async function down(knex: Knex): Promise<void> {
  await knex.raw('drop function remove_events, verify_audit, seal');
  await knex.raw('drop trigger audit_log_append_only on audit_log');
  await knex.raw('drop function assert_append_only, audit_hash');
  await knex.raw('drop index events_at, audit_log_unsealed, audit_log_user, audit_log_position');
  await knex.raw('alter table audit_log drop column position, drop column hash');
  await knex.raw('drop table seals');
}

export const createSeals: Knex.Migration = { up, down };

/** The hash of an audit row, over that of the one before and everything it says. */
const AUDIT_HASH = `
create function audit_hash(p_before bytea, a audit_log) returns bytea language sql stable as $$
  select sha256(p_before || convert_to(json_build_array(a.instance_id, a.entry,
    to_char(a.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), a.actor, a.action, a.user_id, a.group_id, a.version,
    a.outcome, a.reason, a.request_id, extract(epoch from a.received_at), a.changed, encode(a.note_digest, 'hex'))::text, 'UTF8'))
$$`;

/** A row is written once and sealed once; only its note can be taken away, where a person is erased. Who owns the table can take the trigger away; the chain then says so. */
const APPEND_ONLY = `
create function assert_append_only() returns trigger language plpgsql as $$
begin
  if tg_op = 'UPDATE' and old.position is null and new.position is not null then
    return new;
  end if;
  if tg_op = 'UPDATE' and new.note is null and to_jsonb(new) - 'note' = to_jsonb(old) - 'note' then
    return new;
  end if;
  raise exception 'The audit log is only added to.';
end
$$;
create trigger audit_log_append_only before update or delete on audit_log for each row execute function assert_append_only()`;

/** Seals up to so many events and as many audit rows of an instance. Returns whether there may be more. */
const SEAL = `
create function seal(p_instance text, p_limit integer) returns boolean language plpgsql as $$
declare
  v_seal seals;
  v_row audit_log;
  v_entries bigint[] := '{}';
  v_hashes bytea[] := '{}';
  v_events integer;
begin
  insert into seals (instance_id) values (p_instance) on conflict do nothing;
  -- Whoever waits here goes on from what the one before has sealed.
  select * into v_seal from seals s where s.instance_id = p_instance for update;

  with fresh as (
    select e.entry, row_number() over (order by e.entry) as place
    from events e where e.instance_id = p_instance and e.position is null
    order by e.entry limit p_limit
  )
  update events e set position = v_seal.event_position + fresh.place
  from fresh where e.instance_id = p_instance and e.entry = fresh.entry;
  get diagnostics v_events = row_count;

  for v_row in
    select * from audit_log a where a.instance_id = p_instance and a.position is null order by a.entry limit p_limit
  loop
    v_row.note_digest := sha256(convert_to(v_row.note, 'UTF8'));
    v_seal.audit_hash := audit_hash(v_seal.audit_hash, v_row);
    v_entries := v_entries || v_row.entry;
    v_hashes := v_hashes || v_seal.audit_hash;
  end loop;
  update audit_log a set position = v_seal.audit_position + sealed.place, hash = sealed.hash,
    note_digest = sha256(convert_to(a.note, 'UTF8'))
  from unnest(v_entries, v_hashes) with ordinality as sealed (entry, hash, place)
  where a.instance_id = p_instance and a.entry = sealed.entry;

  update seals s set event_position = s.event_position + v_events,
    audit_position = s.audit_position + cardinality(v_entries), audit_hash = v_seal.audit_hash
  where s.instance_id = p_instance;
  return greatest(v_events, cardinality(v_entries)) = p_limit;
end
$$`;

/**
 * Walks so many rows of an instance's audit chain, from the one after a position and its hash on. Says the first fault, or none, how
 * far it has come, and whether there is more. A note is as it was written, or gone with a person who was erased, be it
 * theirs or one that the erasure names.
 */
const VERIFY = `
create function verify_audit(p_instance text, p_after bigint, p_hash bytea, p_limit integer,
  out sealed bigint, out hash bytea, out fault text, out more boolean)
language plpgsql stable as $$
declare
  v_seal seals;
  v_row audit_log;
begin
  sealed := p_after;
  hash := p_hash;
  more := false;
  select * into v_seal from seals s where s.instance_id = p_instance;
  for v_row in
    select * from audit_log a where a.instance_id = p_instance and a.position > p_after order by a.position limit p_limit
  loop
    if v_row.position <> sealed + 1 then
      fault := format('row %s is missing', sealed + 1);
      return;
    end if;
    if audit_hash(hash, v_row) is distinct from v_row.hash
      or v_row.note is not null and sha256(convert_to(v_row.note, 'UTF8')) is distinct from v_row.note_digest
      or v_row.note is null and v_row.note_digest is not null and not exists (
        select from audit_log e
        where e.instance_id = p_instance and e.action = 'user.erase' and e.position > v_row.position
          and (e.user_id = v_row.user_id or 'note:' || v_row.position = any (string_to_array(e.changed, ','))))
    then
      fault := format('row %s is not what was sealed', v_row.position);
      return;
    end if;
    sealed := v_row.position;
    hash := v_row.hash;
  end loop;
  if sealed = p_after + p_limit then
    more := true;
  elsif sealed < coalesce(v_seal.audit_position, 0) then
    fault := format('the chain ends with row %s, and ended with row %s', sealed, v_seal.audit_position);
  elsif hash is distinct from coalesce(v_seal.audit_hash, '') then
    fault := format('the chain does not end as it was sealed, with row %s', sealed);
  end if;
end
$$`;

/** Takes away so many sealed events that are older, and notes how far each feed begins later. Returns how many. */
const REMOVE = `
create function remove_events(p_days integer, p_limit integer) returns integer language plpgsql as $$
declare
  v_gone record;
  v_count integer := 0;
begin
  for v_gone in
    with old as (
      select e.instance_id, e.entry from events e
      where e.position is not null and e.at < now() - make_interval(days => p_days)
        -- But what an application is still to be told stays, however long that takes.
        and not exists (
          select from accounts a join instances i on i.id = a.instance_id and i.application_url is not null
          where a.instance_id = e.instance_id and a.id = e.user_id
            and e.revision in (a.revision, a.refused_revision) and is_to_be_told(a))
      limit p_limit
    ),
    gone as (
      delete from events e using old where e.instance_id = old.instance_id and e.entry = old.entry
      returning e.instance_id, e.position
    )
    select gone.instance_id, max(gone.position) as position, count(*)::integer as count from gone group by gone.instance_id
  loop
    update seals s set events_removed = greatest(s.events_removed, v_gone.position) where s.instance_id = v_gone.instance_id;
    v_count := v_count + v_gone.count;
  end loop;
  return v_count;
end
$$`;
