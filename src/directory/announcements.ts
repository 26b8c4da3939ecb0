import type pg from 'pg';
import type { Delivery } from '../application/deliver.js';
import type { Outcome } from '../application/outcome.js';
import { run, type Statement } from '../database/pool.js';
import type { InstanceId, UserId } from '../ids.js';
import { RENEWED } from './kicks.js';

/** What the application is to be told of an account, claimed for 30 s. */
export interface Announcement {
  readonly revision: number;
  readonly type: string;
  /** The account as it was at this revision: JSON, to the letter. */
  readonly body: string;
  readonly at: Date;
  readonly url: string;
  readonly secrets: readonly string[];
  /** Whether the URL ever answered with a 2xx. */
  readonly proven: boolean;
}

export type Claim =
  /** There is nothing to tell. */
  | { readonly state: 'told' }
  /** Somebody else tells it (`isClaimed`), for so many milliseconds at most, or the application asked for a later time. */
  | { readonly state: 'busy'; readonly busyMs: number; readonly isClaimed: boolean }
  | ({ readonly state: 'send' } & Announcement);

const CLAIM: Statement = {
  name: 'claim_announcement',
  text: `select state, revision::double precision, type, body, at, url, secrets, proven, busy_ms as "busyMs",
      is_claimed as "isClaimed"
    from claim_announcement($1, $2, $3)`,
};

/** Claims an account under a token, to tell the application of its newest revision (guard 7). @throws UnavailableError */
export async function claimAnnouncement(
  pool: pg.Pool,
  instance: InstanceId,
  user: UserId,
  token: string,
): Promise<Claim> {
  const [claim = { state: 'told' }] = await run<Claim>(pool, CLAIM, [instance, user, token]);
  return claim;
}

const FINISH: Statement = {
  name: 'finish_announcement',
  text: `select told, others_stuck as "othersStuck"
    from finish_announcement($1, $2, $3, $4, $5, $6, $7, $8, $9, make_interval(secs => $10))`,
};

/** Seconds: as long as the longest round of who is stuck. */
const MOST_LATER = 3_600;

const BRING_FORWARD: Statement = { name: 'bring_forward', text: 'select bring_forward($1, $2) as count' };
/** So many are brought forward by a statement. */
const FORWARD_AT_ONCE = 1_000;

/**
 * Ends a claim, with what came of it; the application's words are kept where it was not done. The first success after an outage
 * brings forward whoever is stuck for it. Nobody tells it of this user for as many seconds as it asked for, an hour at most, unless
 * an operator does.
 * @returns true where all is told. @throws UnavailableError
 */
export async function finishAnnouncement(
  pool: pg.Pool,
  { instance, user, token }: { readonly instance: InstanceId; readonly user: UserId; readonly token: string },
  { url, revision, type }: Announcement,
  outcome: Outcome,
  { status, words, retryAfter }: Pick<Delivery, 'status' | 'words'> & Partial<Delivery>,
): Promise<boolean> {
  const later = retryAfter === undefined ? null : Math.min(retryAfter, MOST_LATER);
  const values = [instance, user, token, url, revision, type, outcome, status ?? 0, words, later];
  const [row] = await run<{ told: boolean | null; othersStuck: boolean }>(pool, FINISH, values);
  for (let isMore = row?.othersStuck === true; isMore; ) {
    const [page] = await run<{ count: number }>(pool, BRING_FORWARD, [instance, FORWARD_AT_ONCE]);
    isMore = page?.count === FORWARD_AT_ONCE;
  }
  return row?.told === true;
}

const FREE: Statement = {
  name: 'free_claim',
  text: `update accounts a set announcing_until = null, announcing_token = null
    where a.instance_id = $1 and a.id = $2 and a.announcing_token = $3`,
};

/** Gives a claim back under which nothing was sent. @throws UnavailableError */
export async function freeClaim(
  pool: pg.Pool,
  { instance, user, token }: { readonly instance: InstanceId; readonly user: UserId; readonly token: string },
): Promise<void> {
  await run(pool, FREE, [instance, user, token]);
}

const REFUSE: Statement = { name: 'refuse_account', text: 'select refuse_account($1, $2, $3, $4) as refused' };

/**
 * Undoes the creation of an account that the application refused for good, unless something newer was asserted.
 * @returns whether the account is refused now. @throws UnavailableError
 */
export async function refuseAccount(
  pool: pg.Pool,
  instance: InstanceId,
  user: UserId,
  version: number,
  revision: number,
): Promise<boolean> {
  const [row] = await run<{ refused: boolean }>(pool, REFUSE, [instance, user, version, revision]);
  return row?.refused === true;
}

const MOVED: Statement = {
  name: 'list_moved',
  text: `select distinct user_id as id from events
    where instance_id = $1 and moved and user_id > $2 order by user_id limit $3`,
};

/** Who was moved by another's run and is still to be told of, from after an id on. @throws UnavailableError */
export const listMoved = async (pool: pg.Pool, instance: InstanceId, after: string, limit: number): Promise<UserId[]> =>
  (await run<{ id: UserId }>(pool, MOVED, [instance, after, limit])).map(({ id }) => id);

const MOVED_LEFT: Statement = {
  name: 'moved_left',
  text: `select exists (select from events where instance_id = $1 and moved)
      and not exists (select from instances i where i.id = $1 and i.telling_moved_until > now()) as left`,
};

/** Whether there are moved ones of whom nobody tells: who does looks again after it has said that it does no more. @throws UnavailableError */
export async function isMovedLeft(pool: pg.Pool, instance: InstanceId): Promise<boolean> {
  const [row] = await run<{ left: boolean }>(pool, MOVED_LEFT, [instance]);
  return row?.left === true;
}

const BEGIN_TELLING: Statement = {
  name: 'begin_telling_moved',
  text: `update instances i set telling_moved = $2, telling_moved_until = now() + interval '30 seconds'
    where i.id = $1 and (i.telling_moved is null or i.telling_moved = $2 or i.telling_moved_until < now())
    returning 1`,
};

/** Says for 30 s who tells of all the moved ones of an instance. @returns false where another does. @throws UnavailableError */
export const beginTellingMoved = async (pool: pg.Pool, instance: InstanceId, teller: string): Promise<boolean> =>
  (await run(pool, BEGIN_TELLING, [instance, teller])).length > 0;

const END_TELLING: Statement = {
  name: 'end_telling_moved',
  text: `update instances i set telling_moved = null, telling_moved_until = null where i.id = $1 and i.telling_moved = $2`,
};

/** Says that this one tells of them no more. @throws UnavailableError */
export async function endTellingMoved(pool: pg.Pool, instance: InstanceId, teller: string): Promise<void> {
  await run(pool, END_TELLING, [instance, teller]);
}

const LEAVE_TO_OWN_RUN: Statement = {
  name: 'leave_to_own_run',
  text: `
    with kicked as (
      insert into kicks (instance_id, user_id, lane, source, batch)
      values ($1, $2, case when $3::uuid is null then 1 else 2 end, case when $3::uuid is null then 'sweep' else 'import' end, $3)
      on conflict (instance_id, user_id) do update set ${RENEWED}, batch = coalesce(excluded.batch, kicks.batch)
    )
    update events e set moved = false where e.instance_id = $1 and e.user_id = $2 and e.moved`,
};

/** Leaves it to a user's own run to tell the application; `batch` is the import that could not. @throws UnavailableError */
export async function leaveToOwnRun(
  pool: pg.Pool,
  instance: InstanceId,
  user: UserId,
  batch: string | null = null,
): Promise<void> {
  await run(pool, LEAVE_TO_OWN_RUN, [instance, user, batch]);
}

const SHOW_UNTOLD: Statement = { name: 'show_untold', text: 'select show_untold($1, $2)' };

/** Shows a user of whom the application is still to be told as stuck, to be seen to within a minute. @throws UnavailableError */
export async function showUntold(pool: pg.Pool, instance: InstanceId, user: UserId): Promise<void> {
  await run(pool, SHOW_UNTOLD, [instance, user]);
}
