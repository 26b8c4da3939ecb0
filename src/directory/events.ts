import type pg from 'pg';
import { run, type Statement } from '../database/pool.js';
import { RefusedError } from '../errors.js';
import type { InstanceId } from '../ids.js';
import { seal } from './seals.js';

/** An effective change, as the application is told. */
export interface FeedEvent {
  /** The place in the instance's feed, from 1 on, without gaps. */
  readonly cursor: number;
  readonly type: string;
  readonly at: Date;
  /** Of an account or a team, as it was then. */
  readonly account?: unknown;
  readonly team?: unknown;
}

const LIST: Statement = {
  name: 'list_events',
  // With how far the feed has been taken away, in one snapshot.
  text: `
    select s.events_removed::double precision as removed, e.position::double precision as cursor, e.type, e.at, e.body,
      e.team_id is not null as "isTeam"
    from seals s
    left join lateral (
      select * from events e where e.instance_id = $1 and e.position > $2 order by e.position limit $3) e on true
    where s.instance_id = $1 order by e.position`,
};
const ENDS: Statement = {
  name: 'feed_ends',
  text: `select event_position::double precision as last, events_removed::double precision as removed from seals where instance_id = $1`,
};

/**
 * The events after a place in the feed, in their order. Whatever is told has its place for good: nothing ever comes in before it.
 * @throws RefusedError `cursor_too_old` where events after that place have been taken away; UnavailableError
 */
export async function listEvents(
  pool: pg.Pool,
  instance: InstanceId,
  after: number,
  limit: number,
): Promise<FeedEvent[]> {
  await seal(pool, instance);
  type Row = { removed: number; cursor: number | null; type: string; at: Date; body: unknown; isTeam: boolean };
  const rows = await run<Row>(pool, LIST, [instance, after, limit]);
  const removed = rows[0]?.removed ?? 0;
  if (after < removed) {
    throw new RefusedError(
      'cursor_too_old',
      `Events are kept for 30 days; the oldest that is there comes after ${removed}. Read the accounts, and follow from their eventsCursor.`,
    );
  }
  return rows.flatMap(({ cursor, type, at, isTeam, body }) =>
    cursor === null ? [] : [{ cursor, type, at, ...(isTeam ? { team: body } : { account: body }) }],
  );
}

/** The feed as it is now, committed changes sealed: its last place, and the last that was taken away. @throws UnavailableError */
export async function feedEnds(pool: pg.Pool, instance: InstanceId): Promise<{ last: number; removed: number }> {
  await seal(pool, instance);
  const [ends = { last: 0, removed: 0 }] = await run<{ last: number; removed: number }>(pool, ENDS, [instance]);
  return ends;
}
