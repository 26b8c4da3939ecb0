import type pg from 'pg';
import { run, type Statement } from '../database/pool.js';
import type { InstanceId, UserId } from '../ids.js';
import { runStep, type UserAt } from './accounts.js';
import type { Reason } from './progress-list.js';

const MARK_APPLIED: Statement = {
  name: 'mark_applied',
  text: `
    with locked as materialized (
      select a.id, v.version from unnest($2::uuid[], $3::bigint[]) as v (id, version)
      join accounts a on a.instance_id = $1 and a.id = v.id
      order by a.id for no key update of a
    ),
    applied as (
      update accounts a set applied_version = v.version
      from locked v
      where a.instance_id = $1 and a.id = v.id and a.asserted_version = v.version
      returning a.id, a.kept, settled_stage(a) as stage
    ),
    shown as (
      insert into progress (instance_id, user_id, stage, reason)
      select $1, applied.id, applied.stage,
        case when applied.kept then 'deactivation_kept' when applied.stage = 'held' then 'brake_held' end
      from applied order by applied.id
      on conflict (instance_id, user_id) do update set
        since = case when progress.stage = excluded.stage then progress.since else now() end,
        stage = excluded.stage, due = null,
        -- The application's words stay as long as it has not taken what it said them of.
        message = case when progress.message is not null and exists (
          select from accounts a where a.instance_id = $1 and a.id = progress.user_id and is_to_be_told(a))
          then progress.message end,
        -- What a switch keeps from happening stays to be seen as long as it is off.
        reason = coalesce(excluded.reason, case
          when progress.reason = 'update_ignored' and not (select i.update_attributes from instances i where i.id = $1)
          then progress.reason end)
      -- Who is stuck at the application is until it has taken all (finish_announcement).
      where not (progress.stage = 'stuck' and progress.reason in ('application_unreachable', 'application_refused')
        and exists (select from accounts a where a.instance_id = $1 and a.id = progress.user_id and is_to_be_told(a)))
    )
    select id from applied`,
};

/**
 * Marks these versions applied and the users settled, unless something newer was asserted: the check and the mark are one
 * statement.
 * @returns who is settled.
 * @throws UnavailableError
 */
export const markApplied = (pool: pg.Pool, instance: InstanceId, users: readonly UserAt[]): Promise<Set<UserId>> =>
  runStep(pool, MARK_APPLIED, instance, users);

const SHOW_STUCK: Statement = {
  name: 'show_stuck',
  text: `
    insert into progress (instance_id, user_id, stage, reason, due)
    values ($1, $2, 'stuck', $3, now() + make_interval(secs => $4))
    on conflict (instance_id, user_id) do update set
      since = case when progress.stage = 'stuck' then progress.since else now() end,
      stage = 'stuck', reason = excluded.reason, due = excluded.due`,
};

/** Shows a user as stuck for a reason (a stable code), to be tried again by its own run after so many milliseconds. @throws UnavailableError */
export async function showStuck(
  pool: pg.Pool,
  instance: InstanceId,
  user: UserId,
  reason: Reason,
  nextRoundMs: number,
): Promise<void> {
  await run(pool, SHOW_STUCK, [instance, user, reason, nextRoundMs / 1000]);
}
