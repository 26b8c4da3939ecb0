import type pg from 'pg';
import { run, type Statement } from '../database/pool.js';

const AT_ONCE = 2_000;

const REMOVE: Statement = { name: 'remove_events', text: 'select remove_events($1, $2) as removed' };
const KEPT_DAYS = 30;

const REMOVE_ANSWERS: Statement = {
  name: 'remove_answers',
  text: `
    with old as (select w.ctid from answers w where w.last_at < now() - make_interval(days => $1) limit $2)
    delete from answers w using old where w.ctid = old.ctid returning 1`,
};

/** Takes away sealed events, and what applications answered, older than 30 days. @throws UnavailableError */
export async function removeOldEvents(pool: pg.Pool): Promise<void> {
  let removed: number | undefined;
  do {
    [{ removed } = { removed: 0 }] = await run<{ removed: number }>(pool, REMOVE, [KEPT_DAYS, AT_ONCE]);
  } while (removed === AT_ONCE);
  while ((await run(pool, REMOVE_ANSWERS, [KEPT_DAYS, AT_ONCE])).length === AT_ONCE);
}
