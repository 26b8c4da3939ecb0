import type { Knex } from 'knex';

/**
 * SCIM Groups as pushed. Members are rows, so that parallel changes lose nothing: a member is a user, or, until somebody
 * fits, the reference as it was sent. `member_key` is the user's id or the reference's key, so nobody is a member twice.
 */
async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table groups (
      instance_id text not null,
      id uuid not null,
      display_name text not null,
      display_name_key text not null,
      external_id text,
      version bigint not null default 1,
      created_at timestamptz(3) not null default now(),
      updated_at timestamptz(3) not null default now(),
      primary key (instance_id, id)
    );
    -- Okta looks each group up by its name before it pushes it.
    -- An entry of an index holds some 2,700 bytes, a name may have more.
    create index groups_display_name on groups (instance_id, left(display_name_key, 600));

    create table group_members (
      instance_id text not null,
      group_id uuid not null,
      member_key text not null,
      user_id uuid,
      reference text not null,
      display text,
      primary key (instance_id, group_id, member_key)
    );
    create index group_members_user on group_members (instance_id, user_id) where user_id is not null;
    create index group_members_unknown on group_members (instance_id, member_key) where user_id is null;
  `);
  await knex.raw(RESOLVE_MEMBERS);
}

async function down(knex: Knex): Promise<void> {
  await knex.raw('drop function resolve_members');
  await knex.raw('drop table group_members, groups');
}

export const createGroups: Knex.Migration = { up, down };

/**
 * Makes users of the unknown members of one group, or of those whom these accounts' keys now mean: as a manager reference is
 * resolved (rule 3), but an account need not be active; an id is known when the member is stored. A group is committed before its members are looked up, and
 * an account before it looks for groups, so whichever comes later finds the other (guard 4). Whoever was deleted goes.
 */
const RESOLVE_MEMBERS = `
create function resolve_members(p_instance text, p_group uuid, p_accounts uuid[]) returns void language plpgsql as $$
declare
  v_keys text[];
  v_groups uuid[];
begin
  select array_agg(distinct k.key) into v_keys
  from accounts a, unnest(array[a.external_id_key, a.user_name_key, a.email_key]) as k (key)
  where a.instance_id = p_instance and a.id = any (p_accounts);

  select array_agg(concerned.group_id) into v_groups
  from (
    select m.group_id from group_members m where m.instance_id = p_instance and m.group_id = p_group and m.user_id is null
    union
    select m.group_id from group_members m where m.instance_id = p_instance and m.member_key = any (v_keys) and m.user_id is null
    union
    select m.group_id from users u join group_members m on m.instance_id = p_instance and m.user_id = u.id
    where u.instance_id = p_instance and u.id = any (p_accounts) and u.deleted_at is not null
  ) concerned;
  if v_groups is null then
    return;
  end if;
  perform from groups g where g.instance_id = p_instance and g.id = any (v_groups) order by g.id for update;

  with unknown as materialized (
    select distinct m.member_key from group_members m
    where m.instance_id = p_instance and m.group_id = any (v_groups) and m.user_id is null
      and (m.group_id = p_group or m.member_key = any (v_keys))
  ),
  meant as materialized (
    select unknown.member_key, found.id
    from unknown
    cross join lateral account_meant(p_instance, unknown.member_key, true) found
  ),
  gone as (
    delete from group_members m using meant
    where m.instance_id = p_instance and m.group_id = any (v_groups) and m.user_id is null and m.member_key = meant.member_key
    returning m.group_id, meant.id, m.reference, m.display
  ),
  joined as (
    insert into group_members (instance_id, group_id, member_key, user_id, reference, display)
    select distinct on (gone.group_id, gone.id) p_instance, gone.group_id, gone.id::text, gone.id, gone.reference, gone.display
    from gone
    on conflict (instance_id, group_id, member_key) do nothing
  ),
  deleted as (
    delete from group_members m using users u
    where m.instance_id = p_instance and u.instance_id = p_instance and u.id = any (p_accounts) and u.deleted_at is not null
      and m.user_id = u.id
    returning m.group_id
  )
  update groups g set version = g.version + 1, updated_at = greatest(now(), g.updated_at + interval '1 millisecond')
  where g.instance_id = p_instance and g.id in (select gone.group_id from gone union select deleted.group_id from deleted);
end
$$`;
