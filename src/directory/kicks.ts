import type pg from 'pg';
import { run, type Statement } from '../database/pool.js';
import type { InstanceId, UserId } from '../ids.js';
import { BEFORE_ALL } from './page.js';

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
      order by k.lane, k.nonce
      limit $1
      for no key update skip locked
    ),
    taken as (
      update kicks k set taken_until = now() + interval '15 seconds'
      from due where k.instance_id = due.instance_id and k.nonce = due.nonce
      returning k.instance_id, k.user_id, k.nonce, k.lane, k.source, k.batch
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
    select instance_id, user_id, nonce, lane, source, batch, wanted from wanted order by lane, nonce`,
};

/** Takes up to `limit` kicks for 15 s: deactivations first, then live ones, then bulk. Committed when it returns. */
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

/** Removes kicks that were sent, unless renewed since they were taken: a renewed one is sent again (guard 5). */
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

const SWEEP: Statement = {
  name: 'sweep',
  text: `
    with overdue as (
      select p.instance_id, p.user_id, p.due from progress p where p.due < now() - make_interval(secs => $1)
      union
      select i.id, null, i.due from instances i where i.due < now() - make_interval(secs => $1)
      order by 3 limit $2
    )
    insert into kicks (instance_id, user_id, lane, source)
    select o.instance_id, o.user_id, case when a.wanted = 'suspended' then 0 else 1 end, 'sweep'
    from overdue o left join accounts a on a.instance_id = o.instance_id and a.id = o.user_id
    where not exists (
      select from kicks k where k.instance_id = o.instance_id and k.user_id is not distinct from o.user_id)
    order by 1, 2
    on conflict (instance_id, user_id) do nothing
    returning instance_id as instance, user_id as "userId"`,
};

/** In a statement of its own: an UPDATE that has waited for a row can't look at it again beside an INSERT. */
const POSTPONE: Statement = {
  name: 'postpone_swept',
  text: `
    update progress p set due = now() from unnest($1::text[], $2::uuid[]) as s (instance_id, user_id)
    where p.instance_id = s.instance_id and p.user_id = s.user_id and p.due < now()`,
};

/**
 * Kicks whoever is overdue by `seconds`, the longest first: whose run should have acted. It never restarts a wait or a back-off, which have due
 * dates of their own (guard 6).
 * @returns how many kicks were written, `limit` at most.
 */
export async function sweepKicks(pool: pg.Pool, seconds: number, limit: number): Promise<number> {
  const swept = await run<{ instance: InstanceId; userId: UserId | null }>(pool, SWEEP, [seconds, limit]);
  // Whom no kick helps comes after all others.
  const columns = [swept.map(({ instance }) => instance), swept.map(({ userId }) => userId)];
  if (swept.length > 0) await run(pool, POSTPONE, columns);
  return swept.length;
}

const PATROL: Statement = {
  name: 'patrol',
  text: `
    with walked as (
      select a.instance_id, a.id, a.wanted,
        a.applied_version < a.asserted_version or is_untold(a) as behind
      from accounts a where (a.instance_id, a.id) > ($1, $2::uuid)
      order by a.instance_id, a.id limit $3
    ),
    kicked as (
      insert into kicks (instance_id, user_id, lane, source)
      select w.instance_id, w.id, case when w.wanted = 'suspended' then 0 else 1 end, 'sweep'
      from walked w
      join users u on u.instance_id = w.instance_id and u.id = w.id
      left join progress p on p.instance_id = w.instance_id and p.user_id = w.id
      where w.behind and p.due is null and u.updated_at < now() - make_interval(secs => $4)
        -- Whom a file wrote last its import's run sees to.
        and not exists (
          select from imports i
          join import_rows r on r.instance_id = i.instance_id and r.import_id = i.id and r.user_name_key = u.user_name_key
          where i.instance_id = w.instance_id and i.finished_at is null and not i.dry_run and r.version = u.version)
        and not exists (
          select from events e where e.instance_id = w.instance_id and e.user_id = w.id
            and e.at > now() - make_interval(secs => $4))
      on conflict (instance_id, user_id) do nothing
      returning 1
    )
    select instance_id as instance, id, (select count(*)::integer from kicked) as kicked
    from walked order by 1 desc, 2 desc limit 1`,
};

/** How far a patrol has come: the account looked at last. */
export interface PatrolPlace {
  readonly instance: string;
  readonly id: string;
}
export const PATROL_START: PatrolPlace = { instance: '', id: BEFORE_ALL };

/**
 * Looks at the next `limit` accounts and kicks who has been behind what was asserted for `seconds`, or the application of them,
 * with no due date: nobody, unless rows were lost. No index lists them, since every change of a user would have to keep it.
 * @returns how many were kicked, and the place to go on from; the start where all have been looked at.
 */
export async function patrolAccounts(
  pool: pg.Pool,
  after: PatrolPlace,
  seconds: number,
  limit: number,
): Promise<{ kicked: number; place: PatrolPlace }> {
  const [last] = await run<PatrolPlace & { kicked: number }>(pool, PATROL, [after.instance, after.id, limit, seconds]);
  if (last === undefined) return { kicked: 0, place: PATROL_START };
  const { kicked, ...place } = last;
  return { kicked, place };
}
