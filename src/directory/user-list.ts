import { createHash } from 'node:crypto';
import type pg from 'pg';
import { run, type Statement } from '../database/pool.js';
import type { InstanceId } from '../ids.js';

/** A condition on `users u`, with the values of its parameters, the first of which is `$2`. */
export interface UserCondition {
  readonly sql: string;
  readonly values: readonly unknown[];
}

/** How long the number of an instance's users may be remembered (design section 5: `totalResults` may be a second old). */
const COUNT_MS = 1_000;
const counts = new WeakMap<pg.Pool, Map<InstanceId, { total: Promise<number>; until: number }>>();

/** A page of users as SCIM shows them. */
export interface UserPage {
  readonly count: number;
  /** The resources as JSON text, with commas between them. */
  readonly resources: string;
}

/**
 * One page of an instance's users in the order of their ids, which is that of their creation. What is shown of them is put
 * together by PostgreSQL: `before` and `after` stand around the id at the end of each stored text (`renderUser`).
 * @param startIndex counts from 1. @throws UnavailableError
 */
export async function listUsers(
  pool: pg.Pool,
  instance: InstanceId,
  where: UserCondition | undefined,
  { startIndex, count, before, after }: { startIndex: number; count: number; before: string; after: string },
): Promise<UserPage> {
  const values = [instance, ...(where?.values ?? [])];
  const parameter = (at: number): string => `$${values.length + at}`;
  const page = `from users u
      where u.instance_id = $1 and u.deleted_at is null${where === undefined ? '' : ` and (${where.sql})`}
      order by u.id limit ${parameter(1)} offset ${parameter(2)}`;
  // A page further on is chosen by ids alone: whoever is passed over on the way to it is not read for nothing.
  const shown =
    startIndex === 1
      ? `select u.id, u.resource ${page}`
      : `select u.id, u.resource from (select u.id ${page}) chosen
         join users u on u.instance_id = $1 and u.id = chosen.id order by u.id`;
  const text = `select count(*)::integer as count,
      coalesce(string_agg(shown.resource || ${parameter(3)}::text || shown.id || ${parameter(4)}::text, ','), '') as resources
    from (${shown}) shown`;
  const [row] = await run<UserPage>(pool, named('list_users', text, where), [
    ...values,
    count,
    startIndex - 1,
    before,
    after,
  ]);
  return row ?? { count: 0, resources: '' };
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

/** The names of the statements that are prepared, by their texts: there are as many as there are short conditions. */
const names = new Map<string, string>();

/**
 * A statement as short as those of Okta is prepared, under a name that its text decides; of the endless variety of longer
 * filters none is, or each would stay in every connection's memory.
 */
function named(prefix: string, text: string, where: UserCondition | undefined): Statement {
  if (where !== undefined && where.sql.length > PREPARED_LENGTH) return { name: '', text };
  let name = names.get(text);
  if (name === undefined) {
    name = `${prefix}_${createHash('sha256').update(text).digest('base64url').slice(0, 16)}`;
    names.set(text, name);
  }
  return { name, text };
}
