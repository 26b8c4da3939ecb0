import type pg from 'pg';
import type { UserDirectory } from '../../directory/user-directory.js';
import { countUsers, listUsers } from '../../directory/user-list.js';
import type { AssertedUser, StoredUser, UserKey } from '../../directory/users.js';
import { isUserId, newUserId } from '../../ids.js';
import { changedUser, newUser, removedUser } from '../asserted-user.js';
import { userFilterToSql } from '../filter-to-sql.js';
import type { ScimAnswer, ScimCall, ScimRoute } from '../http/scim-call.js';
import { completion, locationOf, presentUser, presentUsers, versionTag } from '../present-user.js';
import { withDerivedNames } from '../protocol/derived-names.js';
import { notFound } from '../protocol/errors.js';
import { LIST_RESPONSE_SCHEMA, type ListQuery, parseListQuery, parseProjectionQuery } from '../protocol/list-query.js';
import { applyPatch } from '../protocol/patch.js';
import type { Projection } from '../protocol/projection.js';
import { foldUserName, readResource, replaceResource } from '../protocol/resource.js';
import { resourceTypes } from '../protocol/schema.js';

export interface UserRoutesOptions {
  readonly pool: pg.Pool;
  readonly directory: UserDirectory;
  /** Called after each committed write: there is a kick to send. */
  readonly onWritten: () => void;
}

const type = resourceTypes.User;

/** `/Users` and `/Users/{id}` (RFC 7644 section 3). */
export function userRoutes({ pool, directory, onWritten }: UserRoutesOptions): ScimRoute[] {
  /** Each answer that shows a user is made here. */
  const answer = (status: number, user: StoredUser, call: ScimCall, projection: Projection): ScimAnswer => ({
    status,
    body: presentUser(user, call.baseUrl, projection),
    headers: {
      ETag: versionTag(user),
      ...(status === 201 ? { Location: locationOf(user, call.baseUrl) } : {}),
    },
  });

  const create = async (call: ScimCall): Promise<ScimAnswer> => {
    const projection = projectionOf(call);
    const resource = withDerivedNames(readResource(type, await call.readBody()));
    const user = newUser(newUserId(), resource);
    await directory.create({ instance: call.identity.instance, user, by: call.by });
    onWritten();
    return answer(201, user, call, projection);
  };

  const get = async (call: ScimCall): Promise<ScimAnswer> => {
    const projection = projectionOf(call);
    const user = await directory.find(keyOf(call));
    if (user === undefined) throw notFound(call.id);
    return answer(200, user, call, projection);
  };

  const list = async (call: ScimCall): Promise<ScimAnswer> => {
    const query = parseListQuery(call.query, type);
    const { startIndex, count, projection } = query;
    const { instance } = call.identity;
    const userName = userNameSought(query);
    if (userName !== undefined) {
      const user = await directory.findByName({ instance, userNameKey: foldUserName(userName) });
      const resources = user === undefined ? '' : presentUser(user, call.baseUrl, projection);
      const found = user === undefined ? 0 : 1;
      return listAnswer({ totalResults: found, startIndex, itemsPerPage: found, resources });
    }
    const where = query.filter === null ? undefined : userFilterToSql(query.filter, 2, `${call.baseUrl}/Users`);
    const page =
      count === 0
        ? { count: 0, resources: '' }
        : await listUsers(pool, instance, where, { startIndex, count, ...completion(call.baseUrl) });
    // A page that is not full, unless it begins beyond the end, says itself how many there are.
    const knownTotal = page.count < count && (page.count > 0 || startIndex === 1);
    const shown = page.count === 0 ? 0 : startIndex - 1 + page.count;
    // The number may be a second old (countUsers), but never less than what the page itself shows.
    const totalResults = knownTotal ? shown : Math.max(shown, await countUsers(pool, instance, where));
    const resources = presentUsers(page.resources, projection);
    return listAnswer({ totalResults, startIndex, itemsPerPage: page.count, resources });
  };

  /** PUT, PATCH and DELETE: a pure computation on what is stored, written on its version. */
  const change = async (
    call: ScimCall,
    compute: (stored: StoredUser) => AssertedUser | undefined,
    removed = false,
  ): Promise<StoredUser> => {
    const { instance } = call.identity;
    let changed = false;
    const now = await directory.change(keyOf(call), (stored) => {
      const user = compute(stored);
      changed = user !== undefined;
      return user && { instance, user, by: call.by, removed };
    });
    if (now === undefined) throw notFound(call.id);
    if (changed) onWritten();
    return now;
  };

  const replace = async (call: ScimCall): Promise<ScimAnswer> => {
    const projection = projectionOf(call);
    const body = await call.readBody();
    const user = await change(call, (stored) => changedUser(stored, (before) => replaceResource(type, before, body)));
    return answer(200, user, call, projection);
  };

  const patch = async (call: ScimCall): Promise<ScimAnswer> => {
    const projection = projectionOf(call);
    const body = await call.readBody();
    const user = await change(call, (stored) => changedUser(stored, (before) => applyPatch(type, before, body)));
    return answer(200, user, call, projection);
  };

  const remove = async (call: ScimCall): Promise<ScimAnswer> => {
    await change(call, removedUser, true);
    return { status: 204 };
  };

  return [
    { path: '/Users', handlers: { GET: list, POST: create } },
    { path: '/Users/:id', handlers: { GET: get, PUT: replace, PATCH: patch, DELETE: remove } },
  ];
}

/** The userName of a filter that asks for nothing else, from its first hit on: an index decides that there is one at most. */
function userNameSought({ filter, startIndex, count }: ListQuery): string | undefined {
  if (filter?.kind !== 'compare' || filter.operator !== 'eq' || startIndex > 1 || count === 0) return undefined;
  const [attribute] = filter.path;
  return attribute?.name === 'userName' && filter.path.length === 1 ? String(filter.value) : undefined;
}

/** The ListResponse of a page whose resources are JSON text already. */
const listAnswer = (page: {
  totalResults: number;
  startIndex: number;
  itemsPerPage: number;
  resources: string;
}): ScimAnswer => ({
  status: 200,
  body: `{"schemas":["${LIST_RESPONSE_SCHEMA}"],"totalResults":${page.totalResults},"startIndex":${page.startIndex},"itemsPerPage":${page.itemsPerPage},"Resources":[${page.resources}]}`,
});

/** Read before anything is written: a request that is refused has changed nothing. */
const projectionOf = (call: ScimCall): Projection => parseProjectionQuery(call.query, type);

/** @throws ScimError 404 for an id that nobody can have */
function keyOf({ identity, id }: ScimCall): UserKey {
  if (!isUserId(id)) throw notFound(id);
  return { instance: identity.instance, id };
}
