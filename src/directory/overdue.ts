import type pg from 'pg';
import { run, type Statement } from '../database/pool.js';
import type { InstanceId, UserId } from '../ids.js';
import { BEFORE_ALL } from './page.js';

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
 * @throws UnavailableError
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
 * @throws UnavailableError
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
