import type pg from 'pg';
import { countGroups, pageOfGroups } from '../directory/group-list.js';
import { fromCursor, toCursor } from './cursor.js';
import { filterToSql, groupSource, sortKey } from './filter-to-sql.js';
import type { ScimCall } from './http/scim-call.js';
import { type ListPage, refusingTooCostly, startIndexOf } from './list-answer.js';
import { presentGroup } from './present-group.js';
import type { ListQuery } from './protocol/list-query.js';
import { shows } from './protocol/projection.js';

/** Finds a list of groups (RFC 7644 section 3.4.2, RFC 9865). @throws ScimError 400, UnavailableError */
export async function listGroups(pool: pg.Pool, query: ListQuery, call: ScimCall): Promise<ListPage> {
  const { filter, sort, startIndex, count, cursor, projection } = query;
  const { instance } = call.identity;
  const where = filter === null ? undefined : filterToSql(filter, groupSource, 2, `${call.baseUrl}/Groups`);
  const order = sort === null ? undefined : { key: sortKey(sort.path, groupSource), descending: sort.descending };
  const after = cursor === null ? { offset: startIndex - 1 } : fromCursor(cursor, query.identity);
  // One after the other: a request takes one of the few connections for lists.
  const withMembers = shows(projection, 'members');
  const [totalResults, page] = await refusingTooCostly(query, async () => [
    await countGroups(pool, instance, where),
    await pageOfGroups(pool, instance, { where, order, after, count, withMembers }),
  ]);
  return {
    totalResults,
    ...startIndexOf(query),
    itemsPerPage: page.groups.length,
    nextCursor: cursor !== null && page.last !== undefined ? toCursor(page.last, query.identity) : undefined,
    resources: page.groups.map((group) => presentGroup(group, call.baseUrl, projection)).join(','),
  };
}
