import type pg from 'pg';
import { PagePlaces } from '../directory/page-places.js';
import type { UserDirectory } from '../directory/user-directory.js';
import { countUsers, listUsers, type RowCondition } from '../directory/user-list.js';
import type { InstanceId } from '../ids.js';
import type { Limited } from '../limit-each.js';
import { fromCursor, toCursor } from './cursor.js';
import { filterToSql, sortKey, userSource } from './filter-to-sql.js';
import type { ScimCall } from './http/scim-call.js';
import { type ListPage, refusingTooCostly, startIndexOf } from './list-answer.js';
import { locationBase, presentUser, presentUsers } from './present-user.js';
import type { ListQuery } from './protocol/list-query.js';
import { foldUserName } from './protocol/resource.js';

/** Finds a list of users (RFC 7644 section 3.4.2, RFC 9865). @throws ScimError 400, UnavailableError */
export type ListUsers = (query: ListQuery, call: ScimCall) => Promise<ListPage>;

/** One for all requests of a process, since it remembers where pages by index ended. */
export function userLister(pool: pg.Pool, directory: UserDirectory, limited: Limited<InstanceId>): ListUsers {
  const places = new PagePlaces();

  /** Okta's own look-up: an index decides that there is one at most. */
  const byUserName = async (userName: string, query: ListQuery, call: ScimCall): Promise<ListPage> => {
    const { instance } = call.identity;
    const user = await directory.findByName({ instance, userNameKey: foldUserName(userName) });
    const resources = user === undefined ? '' : presentUser(user, call.baseUrl, query.projection);
    const found = user === undefined ? 0 : 1;
    return { totalResults: found, ...startIndexOf(query), itemsPerPage: found, resources };
  };

  const listed: ListUsers = async (query, call) => {
    const { filter, sort, startIndex, count, cursor, projection } = query;
    const { instance } = call.identity;
    const where = filter === null ? undefined : filterToSql(filter, userSource, 2, `${call.baseUrl}/Users`);
    if (count === 0) {
      const totalResults = await countUsers(pool, instance, where);
      return { totalResults, ...startIndexOf(query), itemsPerPage: 0, resources: '' };
    }
    const list = sort === null ? listKey(instance, where) : undefined;
    const known = list === undefined ? undefined : places.find(list, startIndex);
    const page = await listUsers(pool, instance, {
      where,
      order: sort === null ? undefined : { key: sortKey(sort.path, userSource), descending: sort.descending },
      after:
        cursor === null
          ? known === undefined
            ? { offset: startIndex - 1 }
            : { id: known, key: null }
          : fromCursor(cursor, query.identity),
      count,
      tellsMore: cursor !== null,
      locationBase: locationBase(call.baseUrl),
    });
    if (cursor === null && list !== undefined && page.last !== undefined) {
      places.remember(list, startIndex + page.count, page.last.id);
    }
    const nextCursor =
      cursor !== null && page.more && page.last !== undefined ? toCursor(page.last, query.identity) : undefined;
    // A page counted from the beginning that is not full, unless it begins beyond the end, says itself how many there are.
    const first = cursor === '' ? 1 : cursor === null ? startIndex : undefined;
    const shown = first === undefined || page.count === 0 ? 0 : first - 1 + page.count;
    const isWhole = first !== undefined && known === undefined && page.count < count && (page.count > 0 || first === 1);
    // The number may be a second old (countUsers), but never less than what the page itself shows.
    const totalResults = isWhole ? shown : Math.max(shown, await countUsers(pool, instance, where));
    return {
      totalResults,
      ...startIndexOf(query),
      itemsPerPage: page.count,
      nextCursor,
      resources: presentUsers(page.resources, projection),
    };
  };

  return async (query, call) => {
    const userName = userNameSought(query);
    if (userName !== undefined) return byUserName(userName, query, call);
    return limited(call.identity.instance, () => refusingTooCostly(query, () => listed(query, call)));
  };
}

/** The userName of a filter that asks for nothing else, from its first hit on. */
function userNameSought({ filter, startIndex, count, cursor }: ListQuery): string | undefined {
  if (filter?.kind !== 'compare' || filter.operator !== 'eq' || startIndex > 1 || count === 0) return undefined;
  if (cursor !== null && cursor !== '') return undefined;
  const [attribute] = filter.path;
  return attribute?.name === 'userName' && filter.path.length === 1 ? String(filter.value) : undefined;
}

const listKey = (instance: string, where: RowCondition | undefined): string =>
  where === undefined ? instance : JSON.stringify([instance, where.sql, where.values]);
