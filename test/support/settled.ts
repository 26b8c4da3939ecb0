import { setTimeout as delay } from 'node:timers/promises';
import type { TestRoster } from './roster.js';

/** One row per user, and for the instance itself, that has not come to rest. */
const UNSETTLED = `
  select u.user_name as who, coalesce(p.stage, 'no run yet') as stage, p.reason,
    a.applied_version || '/' || a.asserted_version as versions
  from accounts a
  join users u on u.instance_id = a.instance_id and u.id = a.id
  left join progress p on p.instance_id = a.instance_id and p.user_id = a.id
  where a.instance_id = $1
    and (a.applied_version < a.asserted_version or p.stage = 'waiting for manager' or a.wait_until is not null
      or exists (select from kicks k where k.instance_id = $1 and k.user_id = a.id))
  union all
  select 'the instance', 'its own run', null, null from instances i
  where i.id = $1 and (i.due is not null or exists (select from kicks k where k.instance_id = $1 and k.user_id is null))`;

/**
 * Waits until nothing is left to do for a Roster's instance: no kick, everything asserted applied, nobody waiting.
 * @throws Error that names some of who has not settled, after `seconds`.
 */
export async function settled({ pool, instance }: TestRoster, seconds = 90): Promise<void> {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const { rows } = await pool.query<Record<string, string | null>>(UNSETTLED, [instance]);
    if (rows.length === 0) return;
    if (Date.now() > end) {
      const some = rows.slice(0, 10).map((row) => Object.values(row).join(' · '));
      throw new Error(`${rows.length} have not settled in ${seconds} s, such as:\n  ${some.join('\n  ')}`);
    }
    await delay(50);
  }
}
