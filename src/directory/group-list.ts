import type pg from 'pg';
import { run } from '../database/pool.js';
import type { GroupId, InstanceId } from '../ids.js';
import { findGroups, patiently, type StoredGroup } from './groups.js';
import { type ListOrder, type ListPlace, laterThan, type RowCondition } from './user-list.js';

/** Which page of an instance's groups, and in what order: as of users. */
export interface GroupPageQuery {
  /** A condition on `groups g`. */
  readonly where: RowCondition | undefined;
  readonly order: ListOrder | undefined;
  readonly after: ListPlace | { readonly offset: number };
  readonly count: number;
  readonly withMembers: boolean;
}

export interface GroupPage {
  readonly groups: readonly StoredGroup[];
  /** The last group of a page after which more come. */
  readonly last: ListPlace | undefined;
}

/** One page of an instance's groups with their members. @throws UnavailableError */
export async function pageOfGroups(pool: pg.Pool, instance: InstanceId, page: GroupPageQuery): Promise<GroupPage> {
  const { where, order, after, count } = page;
  const values: unknown[] = [instance, ...(where?.values ?? [])];
  const bind = (value: unknown): string => `$${values.push(value)}`;
  const key = order === undefined ? 'null::text' : `${order.key} collate "C"`;
  const conditions = [
    'g.instance_id = $1',
    ...(where === undefined ? [] : [`(${where.sql})`]),
    ...('id' in after ? [laterThan(after, order, 'g.id', bind)] : []),
  ];
  const direction = order?.descending === true ? 'desc nulls first' : 'asc nulls last';
  const text = `select g.id, ${key} as key from groups g where ${conditions.join(' and ')}
    order by ${order === undefined ? '' : `${key} ${direction}, `}g.id
    limit ${bind(count + 1)} offset ${bind('offset' in after ? after.offset : 0)}`;
  const chosen = await run<ListPlace & { id: GroupId }>(pool, { name: '', text }, values);
  const shown = chosen.slice(0, count);
  const ids = shown.map(({ id }) => id);
  const groups = await patiently(pool, (query) => findGroups(query, instance, ids, page.withMembers));
  return { groups, last: chosen.length > count ? shown.at(-1) : undefined };
}

/** How many of an instance's groups meet a condition. @throws UnavailableError */
export async function countGroups(
  pool: pg.Pool,
  instance: InstanceId,
  where: RowCondition | undefined,
): Promise<number> {
  const text = `select count(*)::integer as total from groups g
    where g.instance_id = $1${where === undefined ? '' : ` and (${where.sql})`}`;
  const [row] = await run<{ total: number }>(pool, { name: '', text }, [instance, ...(where?.values ?? [])]);
  return row?.total ?? 0;
}
