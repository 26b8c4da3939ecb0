import type pg from 'pg';
import { run } from '../database/pool.js';
import type { InstanceId, UserId } from '../ids.js';
import { lowerBound, type Page } from './page.js';

/** Where a user's run stands, in the words that the Temporal UI shows too. */
export const STAGES = [
  'provisioning',
  'waiting for manager',
  'provisioned',
  'deactivating',
  'held',
  'deactivated',
  'stuck',
  'abandoned',
] as const;
export type Stage = (typeof STAGES)[number];

/** Why somebody is where they are: the stable codes of `docs/errors.md`. */
export const REASONS = [
  'manager_unknown',
  'deactivation_kept',
  'update_ignored',
  'brake_held',
  'directory_unavailable',
  'application_unreachable',
  'application_refused',
] as const;
export type Reason = (typeof REASONS)[number];

export interface Progress {
  readonly userId: UserId;
  readonly userName: string;
  readonly stage: Stage;
  readonly reason: Reason | null;
  readonly message: string | null;
  readonly since: Date;
}

/**
 * Who is behind what is asserted now, with a stage that belongs to what was asserted before, or with none yet, is on the way
 * already: the kick is written, and the dispatcher will say so when it takes it (`takeKicks`).
 */
const NOT_YET_TAKEN = `(p.stage is null or a.applied_version < a.asserted_version and p.stage = any (case a.wanted
  when 'active' then array['provisioned', 'deactivated', 'abandoned', 'deactivating', 'held']
  else array['provisioned', 'deactivated', 'abandoned', 'provisioning', 'waiting for manager'] end))`;

const SELECT = `
  select *
  from (
    select u.id as "userId", u.user_name as "userName", u.deleted_at, p.stage as shown,
      case when not ${NOT_YET_TAKEN} then p.stage when a.wanted = 'active' then 'provisioning' else 'deactivating' end as stage,
      case when not ${NOT_YET_TAKEN} then p.reason end as reason,
      -- What the application said before is not why somebody waits for a manager.
      case when not ${NOT_YET_TAKEN} and p.stage <> 'waiting for manager' then p.message end as message,
      case when not ${NOT_YET_TAKEN} then p.since else u.updated_at end as since
    from users u
    join accounts a on a.instance_id = u.instance_id and a.id = u.id
    left join progress p on p.instance_id = u.instance_id and p.user_id = u.id
    where u.instance_id = $1
  ) progress
  where "userId" > $2 and (deleted_at is null or stage <> 'deactivated')`;

/**
 * What narrows each stage down by an index: those who are few are found among a million. Only who is provisioning or
 * deactivating may be so without a row in `progress` that says it; they are behind what is asserted.
 */
const SHOWN = ' and shown = $4';
const SHOWN_OR_BEHIND = ` and "userId" in (
  select p.user_id from progress p where p.instance_id = $1 and p.stage = $4
  union all
  select a.id from accounts a where a.instance_id = $1 and a.applied_version < a.asserted_version
    and a.wanted = case $4 when 'provisioning' then 'active' else 'suspended' end)`;

/**
 * One page of where an instance's users are, settled ones too, of one stage or of all. A deleted user is there until
 * deactivated: somebody may have to look after it. @throws UnavailableError
 */
export async function listProgress(
  pool: pg.Pool,
  instance: InstanceId,
  stage: Stage | undefined,
  page: Page,
): Promise<Progress[]> {
  const values = [instance, lowerBound(page), page.limit, ...(stage === undefined ? [] : [stage])];
  const isDerived = stage === 'provisioning' || stage === 'deactivating';
  const condition = stage === undefined ? '' : ` and stage = $4${isDerived ? SHOWN_OR_BEHIND : SHOWN}`;
  type Row = Progress & { deleted_at: Date | null; shown: string | null };
  const rows = await run<Row>(pool, { name: '', text: `${SELECT}${condition} order by "userId" limit $3` }, values);
  return rows.map(({ userId, userName, stage, reason, message, since }) => ({
    userId,
    userName,
    stage,
    reason,
    message,
    since,
  }));
}
