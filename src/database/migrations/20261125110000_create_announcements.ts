import type { Knex } from 'knex';

/**
 * Telling an instance's application of each account, in order and one at a time (guard 7): right before each attempt the row is
 * claimed, and only the newest revision is sent. What is told is the event that was written with the revision, to the letter.
 */
async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table instances
      -- What was so before nobody is told of, unless asked.
      add column application_since timestamptz,
      -- Who tells of all whom others' runs moved, one at a time.
      add column telling_moved text,
      add column telling_moved_until timestamptz;
    alter table accounts
      add column announced bigint not null default 0,
      -- Without a token nobody tells it: before then the application does not want to be told (Retry-After).
      add column announcing_until timestamptz,
      add column announcing_token uuid,
      -- Whether the application has taken the account, was ever told of it, and of its suspension since it was active.
      add column told_created boolean not null default false,
      add column told_anything boolean not null default false,
      add column told_suspension boolean not null default false,
      -- The revision whose creation the application refused for good: it is sent again as it was.
      add column refused_revision bigint;
    alter table events
      -- What the application is told it is, fixed when it is first told.
      add column told_as text,
      -- Moved by somebody else's run, which tells the application too.
      add column moved boolean not null default false;
    create index accounts_refused on accounts (instance_id, id) where refused_revision is not null;
    create index progress_unreachable on progress (instance_id, due) where stage = 'stuck' and reason = 'application_unreachable';
    create index events_moved on events (instance_id, user_id) where moved;

    -- What the application answered, for people: for each revision and status once, however often.
    create table answers (
      instance_id text not null,
      user_id uuid not null,
      revision bigint not null,
      -- 0 where there was no answer.
      status smallint not null,
      type text not null,
      outcome text not null check (outcome in ('done', 'refused', 'retry')),
      attempts integer not null default 1,
      first_at timestamptz not null default clock_timestamp(),
      last_at timestamptz not null default clock_timestamp(),
      words text not null,
      primary key (instance_id, user_id, revision, status)
    );
    create index answers_at on answers using brin (last_at);
  `);
  await knex.raw(CLAIM);
  await knex.raw(FINISH);
  await knex.raw(REFUSE);
  await knex.raw(RESEND);
  await knex.raw(LEAVE);
}

async function down(knex: Knex): Promise<void> {
  await knex.raw(
    'drop function leave_application, resend_accounts, announced_revision, refuse_account, bring_forward, finish_announcement, settle_progress, stuck_for_outage, claim_announcement, is_untold, is_to_be_told',
  );
  await knex.raw('drop index events_moved, progress_unreachable');
  await knex.raw('drop table answers');
  await knex.raw('alter table events drop column told_as, drop column moved');
  await knex.raw(`alter table accounts drop column announced, drop column announcing_until, drop column announcing_token,
    drop column told_created, drop column told_anything, drop column told_suspension, drop column refused_revision`);
  await knex.raw(
    'alter table instances drop column application_since, drop column telling_moved, drop column telling_moved_until',
  );
}

export const createAnnouncements: Knex.Migration = { up, down };

/**
 * Claims an account for 30 s under a token. \`told\`: there is nothing to tell. \`busy\`: somebody else tells it, or the
 * application asked for a later time, for so many milliseconds yet. \`send\`: this is to be sent. Until a creation is acknowledged an active account is sent as created, and a
 * suspended one as suspended if anything was tried before, else not at all; after that a suspended one as suspended, an active one
 * after a tried suspension as reactivated, anything else as updated.
 */
const CLAIM = `
-- A refused creation is sent again as it was, while the user is wanted. Who was refused and is taken after all is active first, and
-- told of then; of who was given up the application is told only if it may have the account.
create function is_to_be_told(a accounts) returns boolean language sql immutable as $$
  select case
    when a.refused_revision is not null then a.wanted = 'active'
    when a.announced = a.revision then false
    when a.status = 'refused' then a.told_anything and a.applied_version = a.asserted_version
    else true end
$$;

-- And there is an application that it is to be told to: what was so before the endpoint was set nobody need be told.
create function is_untold(a accounts) returns boolean language sql stable as $$
  select is_to_be_told(a) and exists (
    select from instances i
    where i.id = a.instance_id and i.application_url is not null
      and (a.refused_revision is not null or exists (
        select from events e
        where e.instance_id = a.instance_id and e.user_id = a.id and e.revision = a.revision and e.at >= i.application_since)))
$$;

create function claim_announcement(p_instance text, p_user uuid, p_token uuid,
  out state text, out revision bigint, out type text, out body text, out at timestamptz, out url text, out secrets text[],
  out proven boolean, out busy_ms double precision, out is_claimed boolean)
language plpgsql as $$
#variable_conflict use_variable
declare
  v_instance instances;
  v_account accounts;
  v_event events;
begin
  state := 'told';
  select * into v_instance from instances i where i.id = p_instance;
  if v_instance.application_url is null then
    update events e set moved = false where e.instance_id = p_instance and e.user_id = p_user and e.moved;
    return;
  end if;

  update accounts a set announcing_until = clock_timestamp() + interval '30 seconds', announcing_token = p_token
  where a.instance_id = p_instance and a.id = p_user
    and is_to_be_told(a)
    and (a.announcing_until is null or a.announcing_until < clock_timestamp())
  returning * into v_account;
  if not found then
    select 'busy', greatest(0, extract(epoch from a.announcing_until - clock_timestamp()) * 1000), a.announcing_token is not null
      into state, busy_ms, is_claimed
      from accounts a
      where a.instance_id = p_instance and a.id = p_user and is_to_be_told(a);
    state := coalesce(state, 'told');
    if state = 'told' then
      -- In one snapshot: who has been moved since is to be told of.
      update events e set moved = false
      where e.instance_id = p_instance and e.user_id = p_user and e.moved
        and not coalesce((select is_to_be_told(a) from accounts a where a.instance_id = p_instance and a.id = p_user), false);
    end if;
    return;
  end if;

  revision := coalesce(v_account.refused_revision, v_account.revision);
  select * into v_event from events e
  where e.instance_id = p_instance and e.user_id = p_user and e.revision = claim_announcement.revision;
  type := coalesce(v_event.told_as, case
    when not v_account.told_created and v_event.body ->> 'status' = 'active' then 'account.created'
    when v_event.body ->> 'status' <> 'active' then
      case when v_account.told_created or v_account.told_anything then 'account.suspended' end
    when v_account.told_suspension then 'account.reactivated'
    else 'account.updated' end);
  if v_event.entry is null or type is null
    or v_account.refused_revision is null and v_event.at < v_instance.application_since
  then
    -- What need not be told counts as told.
    update accounts a set announced = a.revision, refused_revision = null, announcing_until = null, announcing_token = null
    where a.instance_id = p_instance and a.id = p_user;
    update events e set moved = false where e.instance_id = p_instance and e.user_id = p_user and e.moved;
    return;
  end if;

  update events e set told_as = type where e.instance_id = p_instance and e.entry = v_event.entry and e.told_as is null;
  update accounts a set told_anything = true, told_suspension = a.told_suspension or type = 'account.suspended'
  where a.instance_id = p_instance and a.id = p_user;
  -- Whoever tells it goes on by itself for so long: the sweeper need not see to it (guard 6).
  update progress p set due = greatest(p.due, now() + interval '90 seconds')
  where p.instance_id = p_instance and p.user_id = p_user and p.stage in ('provisioned', 'deactivated', 'held', 'stuck');
  state := 'send';
  body := v_event.body::text;
  at := v_event.at;
  url := v_instance.application_url;
  secrets := array(
    select s.secret from application_secrets s where s.instance_id = p_instance order by s.created_at, s.id);
  proven := v_instance.application_proven_at is not null;
end
$$`;

/**
 * Ends a claim. What the application has taken only grows, and only who holds the claim frees it. Its words are kept for people. Where it
 * asked for a later time nobody tells it of this account before \`p_later\` has passed. Returns whether all is told, and whether others are
 * stuck for an outage that is over: they are brought forward.
 */
const FINISH = `
-- Of whom the application asked for a later time stays with its rounds: each 2xx would wake it in vain.
create function stuck_for_outage(p_instance text) returns table (id uuid) language sql stable as $$
  select p.user_id from progress p
  join accounts a on a.instance_id = p.instance_id and a.id = p.user_id
  where p.instance_id = p_instance and p.stage = 'stuck' and p.reason = 'application_unreachable' and p.due > now()
    and not (a.announcing_token is null and coalesce(a.announcing_until > now(), false))
$$;

-- Shows users as what they are when nothing is to be done about them.
create function settle_progress(p_instance text, p_ids uuid[]) returns void language sql as $$
  update progress p set stage = settled_stage(a),
    since = now(), reason = case when is_held(a) then 'brake_held' end, message = null, due = null
  from accounts a
  where p.instance_id = p_instance and p.user_id = any (p_ids) and a.instance_id = p_instance and a.id = p.user_id
$$;

create function finish_announcement(p_instance text, p_user uuid, p_token uuid, p_url text, p_revision bigint, p_type text,
  p_outcome text, p_status integer, p_words text, p_later interval, out told boolean, out others_stuck boolean)
language plpgsql as $$
declare
  v_done boolean := p_outcome = 'done';
  v_told boolean;
  v_settled boolean;
  v_given_up boolean := false;
  v_taken_after_all boolean := false;
begin
  -- Whoever sets the endpoint locks the instance before its accounts, too.
  if v_done then
    update instances i set application_proven_at = now()
    where i.id = p_instance and i.application_url = p_url and i.application_proven_at is null;
  end if;
  insert into answers (instance_id, user_id, revision, status, type, outcome, words)
  values (p_instance, p_user, p_revision, p_status, p_type, p_outcome, p_words)
  on conflict (instance_id, user_id, revision, status) do update set
    attempts = answers.attempts + 1, last_at = excluded.last_at, outcome = excluded.outcome, words = excluded.words;
  -- The evidence of a deactivation, which stays when answers go.
  if v_done and p_type = 'account.suspended' then
    insert into audit_log (instance_id, actor, action, user_id, outcome)
    values (p_instance, 'roster', 'user.suspension_told', p_user, 'accepted');
  end if;

  select v_done and p_type = 'account.created' and a.status = 'refused' and a.refused_revision is null
      and a.applied_version = a.asserted_version,
      v_done and coalesce(a.refused_revision <= p_revision, false)
    into v_given_up, v_taken_after_all
    from accounts a where a.instance_id = p_instance and a.id = p_user for no key update;
  update accounts a set
    -- Given up meanwhile, and taken all the same: the application is to be told that it is off.
    announced = case when v_given_up then p_revision when v_done then greatest(a.announced, p_revision) else a.announced end,
    told_created = a.told_created or v_done and p_type <> 'account.suspended',
    told_suspension = a.told_suspension and not (v_done and p_type <> 'account.suspended'),
    refused_revision = case when v_taken_after_all then null else a.refused_revision end,
    -- Its run provisions it anew.
    applied_version = case when v_taken_after_all then a.asserted_version - 1 else a.applied_version end,
    announcing_until = case when a.announcing_token = p_token then clock_timestamp() + p_later else a.announcing_until end,
    announcing_token = nullif(a.announcing_token, p_token)
  where a.instance_id = p_instance and a.id = p_user
  returning not is_to_be_told(a) and not v_taken_after_all, a.applied_version = a.asserted_version into v_told, v_settled;

  -- Who is behind what was asserted keeps the date by which somebody has to see to that (guard 6).
  if v_told and v_settled then
    perform settle_progress(p_instance, array[p.user_id]) from progress p
    where p.instance_id = p_instance and p.user_id = p_user
      and p.stage = 'stuck' and p.reason in ('application_unreachable', 'application_refused');
    update progress p set message = null, due = null
    where p.instance_id = p_instance and p.user_id = p_user and p.stage in ('provisioned', 'deactivated', 'held', 'abandoned')
      and (p.due is not null or p.message is not null);
  end if;
  if v_done then
    update events e set moved = false
    where e.instance_id = p_instance and e.user_id = p_user and e.moved and e.revision <= p_revision;

    -- Whoever tells it may not be the run that knows.
    if v_given_up or v_taken_after_all then
      perform kick_users(p_instance, array[p_user], 0, 'sweep');
    end if;
  elsif p_words <> '' then
    insert into progress (instance_id, user_id, stage, message) values (p_instance, p_user, 'provisioned', p_words)
    on conflict (instance_id, user_id) do update set message = excluded.message;
  end if;
  told := v_told;
  others_stuck := v_done and exists (select from stuck_for_outage(p_instance) f where f.id <> p_user);
end
$$;

-- Page by page, and one at a time: each 2xx of the same moment finds the same. Each page locks as everybody does, the kicks first, in
-- the order of their users. Returns how many.
create function bring_forward(p_instance text, p_limit integer) returns integer language plpgsql as $$
declare
  v_ids uuid[];
begin
  if not pg_try_advisory_xact_lock(hashtextextended('roster forward ' || p_instance, 0)) then
    return 0;
  end if;
  v_ids := array(select page.id from (select f.id from stuck_for_outage(p_instance) f limit p_limit) page order by page.id);
  perform kick_users(p_instance, v_ids, 1, 'sweep');
  update progress p set due = now() where p.instance_id = p_instance and p.user_id = any (v_ids);
  return cardinality(v_ids);
end
$$`;

/**
 * A creation that the application refused for good is undone: no access, no manager, no team; its reports are handed over by the
 * run. Only where nothing newer was asserted. Returns whether it was.
 */
const REFUSE = `
-- Who is or may be the default manager concerns the whole instance (rule 5).
create function kick_if_default(p_instance text, p_user uuid) returns void language plpgsql as $$
begin
  if exists (
    select from accounts a join instances i on i.id = a.instance_id
    where a.instance_id = p_instance and a.id = p_user and (a.role = 'coach' or a.id = i.default_manager_id))
  then
    perform kick_instance(p_instance, 'admin');
  end if;
end
$$;

create function refuse_account(p_instance text, p_user uuid, p_version bigint, p_revision bigint)
returns boolean language plpgsql as $$
begin
  perform lock_instance(p_instance);
  update accounts a set status = 'refused', refused_revision = p_revision, wait_until = null, revision = a.revision + 1
  where a.instance_id = p_instance and a.id = p_user and a.asserted_version = p_version
    and a.status = 'active' and not a.told_created
    -- Who was here before the endpoint is no new account, and one that has taken nothing yet refuses nobody: it may be another by now.
    and exists (
      select from instances i
      where i.id = p_instance and i.application_proven_at is not null and a.created_at >= i.application_since);
  if found then
    perform record_accounts(p_instance, array[p_user], array['account.updated']);
    perform kick_if_default(p_instance, p_user);
  end if;
  return exists (
    select from accounts a where a.instance_id = p_instance and a.id = p_user and a.asserted_version = p_version
      and a.status = 'refused');
end
$$`;

/** What is told of an account; what need not be told counts as told. Null without an endpoint. */
const RESEND = `
create function announced_revision(a accounts) returns bigint language sql stable as $$
  select case when is_untold(a) then a.announced else a.revision end
  from instances i where i.id = a.instance_id and i.application_url is not null
$$;

-- A new revision of one account, or of a page of all that are or were active, says the same again: the instance's run tells of them.
-- Returns how many, and the last of a full page.
create function resend_accounts(p_instance text, p_user uuid, p_after uuid, p_limit integer, out count integer, out last uuid)
language plpgsql as $$
declare
  v_ids uuid[];
begin
  perform lock_instance(p_instance);
  with page as materialized (
    select a.id from accounts a
    where a.instance_id = p_instance and (p_user is null or a.id = p_user) and a.id > p_after and a.status in ('active', 'suspended')
      and a.revision > 0
    order by a.id limit p_limit
    for no key update
  ),
  revised as (
    update accounts a set revision = a.revision + 1 from page where a.instance_id = p_instance and a.id = page.id
    returning a.id
  )
  select coalesce(array_agg(revised.id order by revised.id), '{}') into v_ids from revised;
  perform record_accounts(p_instance, v_ids, array_fill('account.updated'::text, array[cardinality(v_ids)]), '{}');
  perform kick_instance(p_instance, 'admin');
  count := cardinality(v_ids);
  last := v_ids[p_limit];
end
$$`;

/**
 * Another endpoint, or none: nobody is stuck at the former one any more, and whom it refused is provisioned anew; so many at once.
 * Returns how many.
 */
const LEAVE = `
create function leave_application(p_instance text, p_limit integer) returns integer language plpgsql as $$
declare
  v_ids uuid[];
begin
  -- Whom it refused may be stuck for something else since, or not be shown as stuck yet; so may whom it wanted to be told of later.
  with concerned as (
    select p.user_id as id from progress p
    where p.instance_id = p_instance and p.stage = 'stuck' and p.reason in ('application_unreachable', 'application_refused')
    union
    select a.id from accounts a where a.instance_id = p_instance
      and (a.refused_revision is not null or a.announcing_token is null and a.announcing_until is not null)
  )
  select coalesce(array_agg(page.id order by page.id), '{}') into v_ids
  from (select concerned.id from concerned order by concerned.id limit p_limit) page;
  update accounts a set refused_revision = null,
    applied_version = case when a.refused_revision is not null then a.asserted_version - 1 else a.applied_version end,
    announcing_until = case when a.announcing_token is not null then a.announcing_until end
  where a.instance_id = p_instance and a.id = any (v_ids);
  perform kick_users(p_instance, v_ids, 1, 'admin');
  perform settle_progress(p_instance, array(
    select p.user_id from progress p where p.instance_id = p_instance and p.user_id = any (v_ids) and p.stage = 'stuck'));
  return cardinality(v_ids);
end
$$`;
