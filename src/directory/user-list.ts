import { createHash } from 'node:crypto';
import type pg from 'pg';
import { run } from '../database/pool.js';
import type { InstanceId } from '../ids.js';
import { type StoredUser, toStoredUser, USER_COLUMNS, type UserRow } from './users.js';

/** A condition on `users u`, with the values of its parameters, the first of which is `$2`. */
export interface UserCondition {
  readonly sql: string;
  readonly values: readonly unknown[];
}

/** How long the number of an instance's users may be remembered (design section 5: `totalResults` may be a second old). */
const COUNT_MS = 1_000;
const counts = new WeakMap<pg.Pool, Map<InstanceId, { total: Promise<number>; until: number }>>();

/**
 * One page of an instance's users in the order of their ids, which is that of their creation.
 * @param startIndex counts from 1. @throws UnavailableError
 */
export async function listUsers(
  pool: pg.Pool,
  instance: InstanceId,
  where: UserCondition | undefined,
  startIndex: number,
  count: number,
): Promise<StoredUser[]> {
  const values = [instance, ...(where?.values ?? [])];
  const page = `from users u
      where u.instance_id = $1 and u.deleted_at is null${where === undefined ? '' : ` and (${where.sql})`}
      order by u.id limit $${values.length + 1} offset $${values.length + 2}`;
  // A page further on is chosen by ids alone: whoever is passed over on the way to it is not written out for nothing.
  const text =
    startIndex === 1
      ? `select ${USER_COLUMNS} ${page}`
      : `select ${USER_COLUMNS} from (select u.id ${page}) page
         join users u on u.instance_id = $1 and u.id = page.id
         order by u.id`;
  const rows = await run<UserRow>(pool, named('list_users', text, where), [...values, count, startIndex - 1]);
  return rows.map(toStoredUser);
}

/** How many of an instance's users meet a condition. Without one the number may be a second old. @throws UnavailableError */
export async function countUsers(
  pool: pg.Pool,
  instance: InstanceId,
  where: UserCondition | undefined,
): Promise<number> {
  if (where !== undefined) return count(pool, instance, where);
  const known = counts.get(pool) ?? new Map();
  counts.set(pool, known);
  const remembered = known.get(instance);
  if (remembered !== undefined && remembered.until > Date.now()) return remembered.total;
  const total = count(pool, instance, undefined);
  known.set(instance, { total, until: Date.now() + COUNT_MS });
  total.catch(() => known.delete(instance));
  return total;
}

async function count(pool: pg.Pool, instance: InstanceId, where: UserCondition | undefined): Promise<number> {
  const text = `select count(*) as total from users u
    where u.instance_id = $1 and u.deleted_at is null${where === undefined ? '' : ` and (${where.sql})`}`;
  const [row] = await run<{ total: string }>(pool, named('count_users', text, where), [
    instance,
    ...(where?.values ?? []),
  ]);
  return Number(row?.total ?? 0);
}

/** Longer than the conditions that clients look people up by: userName and externalId. */
const PREPARED_LENGTH = 64;

/**
 * A statement as short as those of Okta is prepared, under a name that its text decides; of the endless variety of longer
 * filters none is, or each would stay in every connection's memory.
 */
const named = (prefix: string, text: string, where: UserCondition | undefined) => ({
  name:
    where === undefined || where.sql.length <= PREPARED_LENGTH
      ? `${prefix}_${createHash('sha256').update(text).digest('base64url').slice(0, 16)}`
      : '',
  text,
});
