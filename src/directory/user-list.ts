import { createHash } from 'node:crypto';
import type pg from 'pg';
import { run, type Statement } from '../database/pool.js';
import type { InstanceId } from '../ids.js';
import { AFTER_VERSION, groupsDigest, USER_GROUPS } from './users.js';

/** A condition on the rows of a list, with the values of its parameters, the first of which is `$2`. */
export interface RowCondition {
  readonly sql: string;
  readonly values: readonly unknown[];
}

/** How long the number of an instance's users may be remembered (`totalResults` may be a second old). */
const COUNT_MS = 1_000;
const counts = new WeakMap<pg.Pool, Map<InstanceId, { total: Promise<number>; until: number }>>();

/** The groups of each of a page; looked up for nobody where the instance has no members at all. */
const GROUPS = `case when (select exists (select from group_members m where m.instance_id = $1)) then ${USER_GROUPS} end`;

/** The text of a user, with the digest of the groups in its version. */
const RESOURCE = `case when groups is null then resource else left(resource, -${AFTER_VERSION.length})
        || '-' || ${groupsDigest('groups')} || right(resource, ${AFTER_VERSION.length}) end`;

/** SQL of a text to sort by. */
export interface ListOrder {
  readonly key: string;
  readonly descending: boolean;
}

/** A place in a list: the row's id and what it is sorted by. */
export interface ListPlace {
  readonly id: string;
  readonly key: string | null;
}

/** Which page of a list, and in what order. */
export interface UserPageQuery {
  readonly where: RowCondition | undefined;
  /** Where there is none the order is that of the ids, which is that of creation. */
  readonly order: ListOrder | undefined;
  /** Begins after this place, or after so many of the list. */
  readonly after: ListPlace | { readonly offset: number };
  readonly count: number;
  /** Whether `more` of the answer is to be right: it costs a little. */
  readonly tellsMore: boolean;
  /** What stands before the id at the end of each stored text (`renderUser`). */
  readonly locationBase: string;
}

/** A page of users as SCIM shows them. */
export interface UserPage {
  readonly count: number;
  /** The resources as JSON text, with commas between them. */
  readonly resources: string;
  /** Whether more come after it. */
  readonly more: boolean;
  /** The last user of a full page, after whom the next one begins. */
  readonly last: ListPlace | undefined;
}

/** One page of an instance's users; what is shown of them is put together by PostgreSQL. @throws UnavailableError */
export async function listUsers(pool: pg.Pool, instance: InstanceId, query: UserPageQuery): Promise<UserPage> {
  const { where, order, after } = query;
  const values: unknown[] = [instance, ...(where?.values ?? [])];
  const bind = (value: unknown): string => `$${values.push(value)}`;
  const key = order === undefined ? 'null::text' : `${order.key} collate "C"`;
  const inOrder = (of: string, id: string): string =>
    order === undefined ? id : `${of} ${order.descending ? 'desc nulls first' : 'asc nulls last'}, ${id}`;
  const conditions = [
    'u.instance_id = $1 and u.deleted_at is null',
    ...(where === undefined ? [] : [`(${where.sql})`]),
    ...('id' in after ? [laterThan(after, order, 'u.id', bind)] : []),
  ];
  const offset = 'offset' in after && after.offset > 0 ? ` offset ${bind(after.offset)}` : '';
  const count = bind(query.count);
  // One more is chosen than is shown, where somebody wants to know whether there are more.
  const chosen = `from users u where ${conditions.join(' and ')} order by ${inOrder(key, 'u.id')}
    limit ${query.tellsMore ? `${count}::integer + 1` : count}${offset}`;
  // A page further on is chosen by ids alone: whoever is passed over on the way to it is not read for nothing.
  const page =
    offset === ''
      ? `select u.id, u.resource, ${key} as key, ${GROUPS} as groups ${chosen}`
      : `select u.id, u.resource, chosen.key, ${GROUPS} as groups from (select u.id, ${key} as key ${chosen}) chosen
         join users u on u.instance_id = $1 and u.id = chosen.id order by ${inOrder('chosen.key', 'u.id')}`;
  const [shown, from] = query.tellsMore
    ? [
        ` filter (where place <= ${count}::integer)`,
        `(select page.*, row_number() over () as place from (${page}) page) shown`,
      ]
    : ['', `(${page}) shown`];
  const text = `select least(count(*), ${count}::integer)::integer as count, count(*) > ${count}::integer as more,
      coalesce(string_agg(${RESOURCE} || ${bind(query.locationBase)}::text || id ||
        case when groups is null then '"}}' else '"},"groups":' || groups || '}' end, ',')${shown}, '') as resources,
      (array_agg(id)${shown})[${count}::integer] as "lastId",
      ${order === undefined ? 'null' : `(array_agg(key)${shown})[${count}::integer]`} as "lastKey"
    from ${from}`;
  type Row = Omit<UserPage, 'last'> & { lastId: string | null; lastKey: string | null };
  const statement = order === undefined ? named('list_users', text, where) : { name: '', text };
  const [row] = await run<Row>(pool, statement, values);
  if (row === undefined) return { count: 0, resources: '', more: false, last: undefined };
  const { lastId, lastKey, ...rest } = row;
  return { ...rest, last: lastId === null ? undefined : { id: lastId, key: lastKey } };
}

/** True of whoever comes after a place in the order: by the key, those without one last, then by the id. */
export function laterThan(
  after: ListPlace,
  order: ListOrder | undefined,
  id: string,
  bind: (value: unknown) => string,
): string {
  const laterId = `${id} > ${bind(after.id)}`;
  if (order === undefined) return laterId;
  const { key: sql, descending } = order;
  const key = `${sql} collate "C"`;
  if (after.key === null) return descending ? `(${key} is not null or ${laterId})` : `(${key} is null and ${laterId})`;
  const value = `${bind(after.key)}::text`;
  const laterKey = descending ? `${key} < ${value}` : `(${key} > ${value} or ${key} is null)`;
  return `(${laterKey} or (${key} = ${value} and ${laterId}))`;
}

/** How many of an instance's users meet a condition. Without one the number may be a second old. @throws UnavailableError */
export async function countUsers(
  pool: pg.Pool,
  instance: InstanceId,
  where: RowCondition | undefined,
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

async function count(pool: pg.Pool, instance: InstanceId, where: RowCondition | undefined): Promise<number> {
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

/** So many statements are prepared; each takes its place in every connection's memory. */
const MOST_PREPARED = 100;

/** The names of the statements that are prepared, by their texts: those that were asked first. */
const names = new Map<string, string>();

/**
 * A statement as short as those of Okta is prepared, under a name that its text decides; of the endless variety of orders and
 * longer filters none is, or each would stay in every connection's memory.
 */
function named(prefix: string, text: string, where: RowCondition | undefined): Statement {
  if (where !== undefined && where.sql.length > PREPARED_LENGTH) return { name: '', text };
  let name = names.get(text);
  if (name === undefined) {
    if (names.size >= MOST_PREPARED) return { name: '', text };
    name = `${prefix}_${createHash('sha256').update(text).digest('base64url').slice(0, 16)}`;
    names.set(text, name);
  }
  return { name, text };
}
