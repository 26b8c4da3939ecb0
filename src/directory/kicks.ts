import type pg from 'pg';
import { run, type Statement } from '../database/pool.js';
import type { InstanceId, UserId } from '../ids.js';

/** A user, or an instance (no `userId`), whom Temporal is to be told of. */
export interface Kick {
  readonly instance: InstanceId;
  readonly userId: UserId | undefined;
  /** Grows each time the kick is renewed. */
  readonly nonce: string;
  /** 0 deactivations, 1 live, 2 bulk. */
  readonly lane: number;
  readonly source: 'scim' | 'import' | 'admin' | 'sweep';
  /** The import that left this user to a run of its own. */
  readonly batch: string | undefined;
  readonly wanted: 'active' | 'suspended' | undefined;
}

/** While this many users are provisioning and not overdue, only deactivations are sent (guard 5). */
const OPEN_RUNS = 200;

/** What a statement that writes a kick does where there is one: who waits keeps the place, and what is being sent is asked for anew. */
export const RENEWED = `nonce = nextval('kick_nonce'), taken_until = null,
        created_at = case when kicks.taken_until is null then kicks.created_at else excluded.created_at end`;

const TAKE: Statement = {
  name: 'take_kicks',
  text: `
    with free as materialized (
      -- Whoever sets an instance locks it before its kick, too; until that is done its kick stays.
      select i.id from instances i
      where i.id in (select k.instance_id from kicks k where k.user_id is null)
      for no key update skip locked
    ),
    due as (
      select k.instance_id, k.nonce
      from kicks k
      where (k.taken_until is null or k.taken_until < now())
        and (k.user_id is not null or k.instance_id in (select free.id from free))
        and (k.lane = 0 or (select count(*) from (
          select from progress p where p.stage = 'provisioning' and p.due > now() limit ${OPEN_RUNS}) open) < ${OPEN_RUNS})
      order by k.lane, k.created_at
      limit $1
      for no key update skip locked
    ),
    taken as (
      update kicks k set taken_until = now() + interval '15 seconds'
      from due where k.instance_id = due.instance_id and k.nonce = due.nonce
      returning k.instance_id, k.user_id, k.nonce, k.lane, k.source, k.batch, k.created_at
    ),
    wanted as (
      select taken.*, a.wanted, a.applied_version < a.asserted_version as unsettled
      from taken left join accounts a on a.instance_id = taken.instance_id and a.id = taken.user_id
    ),
    -- Until the run says itself when it acts next it is due in 30 s: else the sweeper sees to it (guard 6). Said before the
    -- run can be told, so that this never overwrites what the run says.
    due_user as (
      insert into progress (instance_id, user_id, stage, due)
      select instance_id, user_id, case wanted when 'active' then 'provisioning' else 'deactivating' end, now() + interval '30 seconds'
      from wanted where unsettled order by instance_id, user_id
      on conflict (instance_id, user_id) do update set
        since = case when progress.stage in ('stuck', excluded.stage) or excluded.stage = 'provisioning' and progress.stage = 'waiting for manager'
          then progress.since else now() end,
        stage = case when progress.stage = 'stuck' or excluded.stage = 'provisioning' and progress.stage = 'waiting for manager'
          then progress.stage else excluded.stage end,
        due = least(progress.due, excluded.due)
    ),
    due_instance as (
      update instances i set due = now() + interval '30 seconds' from wanted where wanted.user_id is null and i.id = wanted.instance_id
    )
    select instance_id, user_id, nonce, lane, source, batch, wanted from wanted order by lane, created_at`,
};

/** Takes up to `limit` kicks for 15 s: deactivations first, then live ones, then bulk. Committed when it returns. @throws UnavailableError */
export async function takeKicks(pool: pg.Pool, limit: number): Promise<Kick[]> {
  type Row = {
    instance_id: InstanceId;
    user_id: UserId | null;
    nonce: string;
    lane: number;
    source: Kick['source'];
    batch: string | null;
    wanted: Kick['wanted'] | null;
  };
  const rows = await run<Row>(pool, TAKE, [limit]);
  return rows.map((row) => ({
    instance: row.instance_id,
    userId: row.user_id ?? undefined,
    nonce: row.nonce,
    lane: row.lane,
    source: row.source,
    batch: row.batch ?? undefined,
    wanted: row.wanted ?? undefined,
  }));
}

/** Kicks as they were taken, locked in the order in which everybody locks several of them. */
const TAKEN = `
    with taken as materialized (
      select k.instance_id, k.nonce
      from unnest($1::text[], $2::bigint[]) as s (instance_id, nonce)
      join kicks k on k.instance_id = s.instance_id and k.nonce = s.nonce
      order by k.instance_id, k.user_id
      for no key update of k
    )`;

const REMOVE: Statement = {
  name: 'remove_kicks',
  text: `${TAKEN}
    delete from kicks k using taken where k.instance_id = taken.instance_id and k.nonce = taken.nonce`,
};

/** Removes kicks that were sent, unless renewed since they were taken: a renewed one is sent again (guard 5). @throws UnavailableError */
export async function removeKicks(pool: pg.Pool, kicks: readonly Kick[]): Promise<void> {
  await run(pool, REMOVE, [kicks.map((kick) => kick.instance), kicks.map((kick) => kick.nonce)]);
}

const RELEASE: Statement = {
  name: 'release_kicks',
  text: `${TAKEN}
    update kicks k set taken_until = now() + make_interval(secs => $3) from taken where k.instance_id = taken.instance_id and k.nonce = taken.nonce`,
};

/** Gives back kicks that could not be sent: they are taken again after so many seconds. @throws UnavailableError */
export async function releaseKicks(pool: pg.Pool, kicks: readonly Kick[], seconds: number): Promise<void> {
  await run(pool, RELEASE, [kicks.map((kick) => kick.instance), kicks.map((kick) => kick.nonce), seconds]);
}
