import type pg from 'pg';
import type { InstanceId } from '../../ids.js';
import type { Limited } from '../../limit-each.js';
import type { ScimAnswer, ScimCall, ScimRoute } from '../http/scim-call.js';
import { type ListPage, listAnswer } from '../list-answer.js';
import { listGroups } from '../list-groups.js';
import type { ListUsers } from '../list-users.js';
import { invalidCursor, ScimError } from '../protocol/errors.js';
import { type ListQuery, parseSearchRequest } from '../protocol/list-query.js';
import { findAttribute, type ResourceType, resourceTypes } from '../protocol/schema.js';

const NOBODY: Pick<ListPage, 'totalResults' | 'itemsPerPage' | 'resources'> = {
  totalResults: 0,
  itemsPerPage: 0,
  resources: '',
};

interface RootSearchOptions {
  readonly pool: pg.Pool;
  readonly listUsers: ListUsers;
  /** Takes turns among the slow requests of an instance, as `listUsers` does by itself. */
  readonly limited: Limited<InstanceId>;
}

/** `/.search` at the root: users and then groups, as one list (RFC 7644 section 3.4.3). */
export function rootSearchRoute({ pool, listUsers, limited }: RootSearchOptions): ScimRoute {
  const search = async (call: ScimCall): Promise<ScimAnswer> => {
    const body = await call.readBody();
    const [forUsers, forGroups] = queries(body);
    const { startIndex, count } = forUsers ?? forGroups;
    const users = forUsers === undefined ? NOBODY : await listUsers(forUsers, call);
    const groups =
      forGroups === undefined
        ? NOBODY
        : await limited(call.identity.instance, () =>
            listGroups(
              pool,
              {
                ...forGroups,
                startIndex: Math.max(1, startIndex - users.totalResults),
                count: count - users.itemsPerPage,
              },
              call,
            ),
          );
    return listAnswer({
      totalResults: users.totalResults + groups.totalResults,
      startIndex,
      itemsPerPage: users.itemsPerPage + groups.itemsPerPage,
      resources: [users.resources, groups.resources].filter((text) => text !== '').join(','),
    });
  };
  return { path: '/.search', handlers: { POST: search } };
}

/** The search as users and groups understand it: at least one of them does. */
type Queries = [ListQuery, ListQuery | undefined] | [undefined, ListQuery];

/**
 * A type that has not got an attribute of the filter has nobody to show; one that has not got what is sorted by is unsorted.
 * @throws ScimError where neither has, and for a cursor
 */
function queries(body: Readonly<Record<string, unknown>>): Queries {
  const sortBy = Object.keys(body).find((key) => key.toLowerCase() === 'sortby') ?? 'sortBy';
  const isSorted = [resourceTypes.User, resourceTypes.Group].map(
    (type) => typeof body[sortBy] !== 'string' || findAttribute(type, body[sortBy]) !== null,
  );
  // What neither has is refused in the words of either.
  const ofType = (type: ResourceType, at: number): ListQuery | ScimError =>
    understood(isSorted[at] === false && isSorted.includes(true) ? { ...body, [sortBy]: undefined } : body, type);
  const [users, groups] = [ofType(resourceTypes.User, 0), ofType(resourceTypes.Group, 1)];
  if (!(users instanceof ScimError)) return [users, groups instanceof ScimError ? undefined : groups];
  if (groups instanceof ScimError) throw users;
  return [undefined, groups];
}

/** @returns the refusal, where the filter names what this type has not got; @throws ScimError for anything else */
function understood(body: Readonly<Record<string, unknown>>, type: ResourceType): ListQuery | ScimError {
  try {
    const query = parseSearchRequest(body, type);
    if (query.cursor !== null) throw invalidCursor('Pages by cursor are there below /Users and /Groups only');
    return query;
  } catch (error) {
    if (error instanceof ScimError && error.scimType === 'invalidFilter') return error;
    throw error;
  }
}
