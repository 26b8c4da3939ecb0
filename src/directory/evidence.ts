import type pg from 'pg';
import { run, type Statement } from '../database/pool.js';
import type { InstanceId, UserId } from '../ids.js';
import { seal } from './seals.js';

/** The evidence of one deactivation, made of the audit log. Our clock begins when the request comes in. */
export interface Deactivation {
  /** Its place in the instance's chain, and the hash there. */
  readonly position: number;
  readonly hash: string;
  readonly userId: UserId;
  readonly userName: string;
  readonly action: string;
  readonly actor: string;
  readonly requestId: string | null;
  readonly receivedAt: Date | null;
  /** Access ends in the transaction that stores the deactivation: there is no moment between the two. */
  readonly committedAt: Date;
  readonly accessOffAt: Date;
  /** When the application took the suspension; null where it has not, or there is none. */
  readonly toldAt: Date | null;
  readonly secondsUntilOff: number | null;
  readonly secondsUntilTold: number | null;
  readonly assignedAgainAt: Date | null;
  /** What is still to be done; empty where all is. */
  readonly open: string;
}

/** What was received is timed by the server's clock, the rest by PostgreSQL's: no time between the two is less than 0. */
const LIST: Statement = {
  name: 'list_deactivations',
  text: `
    with gone as (
      select * from audit_log a
      where a.instance_id = $1 and a.position > $2 and a.at >= $3 and a.at < $4 and a.outcome = 'accepted'
        and (a.action in ('user.deactivate', 'user.deactivate_kept')
          or a.action = 'user.delete' and 'active' = any (string_to_array(a.changed, ',')))
      order by a.position limit $5
    )
    select gone.position::double precision, encode(gone.hash, 'hex') as hash, gone.user_id as "userId", u.user_name as "userName",
      gone.action, gone.actor, gone.request_id as "requestId", gone.received_at as "receivedAt", gone.at as "committedAt",
      gone.at as "accessOffAt", told.at as "toldAt", back.at as "assignedAgainAt",
      case when gone.received_at is not null then greatest(0, extract(epoch from gone.at - gone.received_at)::double precision) end as "secondsUntilOff",
      case when told.at is not null then greatest(0, extract(epoch from told.at - coalesce(gone.received_at, gone.at))::double precision) end as "secondsUntilTold",
      case when back.at is null then concat_ws('; ',
        case when told.at is null and i.application_url is not null and announced_revision(a) < a.revision then 'the application is not told' end,
        case when is_held(a) then 'held by the brake' when a.applied_version < a.asserted_version then 'reports and team' end,
        case when p.stage = 'stuck' then 'stuck: ' || p.reason end) else '' end as open
    from gone
    join instances i on i.id = gone.instance_id
    join users u on u.instance_id = gone.instance_id and u.id = gone.user_id
    join accounts a on a.instance_id = gone.instance_id and a.id = gone.user_id
    left join progress p on p.instance_id = gone.instance_id and p.user_id = gone.user_id
    left join lateral (
      select b.at, b.position from audit_log b
      where b.instance_id = gone.instance_id and b.user_id = gone.user_id and b.position > gone.position and b.action = 'user.activate'
      order by b.position limit 1) back on true
    left join lateral (
      select t.at from audit_log t
      where t.instance_id = gone.instance_id and t.user_id = gone.user_id and t.position > gone.position
        and (back.position is null or t.position < back.position) and t.action = 'user.suspension_told'
      order by t.position limit 1) told on true
    order by gone.position`,
};

/** One page of the deactivations of a period, in their order, from after a position on. @throws UnavailableError */
export async function listDeactivations(
  pool: pg.Pool,
  instance: InstanceId,
  { from, to }: { readonly from: Date; readonly to: Date },
  { after, limit }: { readonly after: number; readonly limit: number },
): Promise<Deactivation[]> {
  await seal(pool, instance);
  return run<Deactivation>(pool, LIST, [instance, after, from, to, limit]);
}
