import type { Knex } from 'knex';

/** Who is to be looked at (kicks), and where each user's run stands (progress). */
async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create sequence kick_nonce;

    create table kicks (
      instance_id text not null,
      -- Null for the instance itself.
      user_id uuid,
      nonce bigint not null default nextval('kick_nonce'),
      lane smallint not null check (lane in (0, 1, 2)),
      source text not null check (source in ('scim', 'import', 'admin', 'sweep')),
      -- The import that left the user to a run of its own.
      batch uuid,
      taken_until timestamptz,
      created_at timestamptz not null default now(),
      unique nulls not distinct (instance_id, user_id)
    );
    create index kicks_in_order on kicks (lane, created_at);
    create index kicks_of_instances on kicks (instance_id) where user_id is null;
    comment on column kicks.lane is '0 deactivations, 1 live, 2 bulk';

    create table progress (
      instance_id text not null,
      user_id uuid not null,
      stage text not null check (stage in ('provisioning', 'waiting for manager', 'provisioned', 'deactivating', 'held', 'deactivated', 'stuck', 'abandoned')),
      reason text,
      message text,
      since timestamptz not null default now(),
      due timestamptz,
      primary key (instance_id, user_id),
      foreign key (instance_id, user_id) references users (instance_id, id)
    );
    create index progress_due on progress (due) where due is not null;
    create index progress_provisioning on progress (due) where stage = 'provisioning';
    create index progress_stage on progress (instance_id, stage, user_id) where stage not in ('provisioned', 'deactivated');
  `);
  await knex.raw(KICK_USERS);
}

async function down(knex: Knex): Promise<void> {
  await knex.raw('drop function kick_users');
  await knex.raw('drop table progress, kicks');
  await knex.raw('drop sequence kick_nonce');
}

export const createKicksAndProgress: Knex.Migration = { up, down };

/**
 * Has Temporal told of these users; null is the instance itself. One who is to be told of anyway is told of anew, in the earlier of the two
 * lanes. In the order in which everybody locks kicks.
 */
const KICK_USERS = `
create function kick_users(p_instance text, p_users uuid[], p_lane integer, p_source text, p_not_before timestamptz default null)
returns void language plpgsql as $$
begin
  insert into kicks (instance_id, user_id, lane, source, taken_until)
  select p_instance, kicked.id, p_lane, p_source, p_not_before from unnest(p_users) as kicked (id) order by kicked.id
  on conflict (instance_id, user_id) do update set
    nonce = nextval('kick_nonce'), lane = least(kicks.lane, excluded.lane), source = excluded.source, taken_until = excluded.taken_until,
    -- Who waits keeps the place, however often it is renewed; what is being sent is asked for anew.
    created_at = case when kicks.taken_until is null then kicks.created_at else excluded.created_at end;
end
$$`;
