import type pg from 'pg';
import { v7 as uuid } from 'uuid';
import { type Change, changeUser } from '../../directory/change-user.js';
import { countUsers, listUsers } from '../../directory/user-list.js';
import { createUser, findUser, type StoredUser } from '../../directory/users.js';
import { isUserId, type UserId } from '../../ids.js';
import { isSameJson } from '../../json.js';
import { toAssertedUser, toResource } from '../asserted-user.js';
import { userFilterToSql } from '../filter-to-sql.js';
import type { ScimAnswer, ScimCall, ScimRoute } from '../http/scim-call.js';
import { locationOf, presentUser, versionTag } from '../present-user.js';
import { withDerivedNames } from '../protocol/derived-names.js';
import { notFound } from '../protocol/errors.js';
import { LIST_RESPONSE_SCHEMA, parseListQuery, parseProjectionQuery } from '../protocol/list-query.js';
import { applyPatch } from '../protocol/patch.js';
import type { Projection } from '../protocol/projection.js';
import { readResource, replaceResource } from '../protocol/resource.js';
import { resourceTypes } from '../protocol/schema.js';
import type { ScimObject } from '../protocol/scim-object.js';

export interface UserRoutesOptions {
  readonly pool: pg.Pool;
  /** Called after each committed write: there is a kick to send. */
  readonly onWritten: () => void;
}

const type = resourceTypes.User;

/** `/Users` and `/Users/{id}` (RFC 7644 section 3). */
export function userRoutes({ pool, onWritten }: UserRoutesOptions): ScimRoute[] {
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
    const user = await createUser(pool, call.identity.instance, newUserId(), toAssertedUser(resource), call.by);
    onWritten();
    return answer(201, user, call, projection);
  };

  const get = async (call: ScimCall): Promise<ScimAnswer> => {
    const projection = projectionOf(call);
    const user = isUserId(call.id) ? await findUser(pool, call.identity.instance, call.id) : undefined;
    if (user === undefined) throw notFound(call.id);
    return answer(200, user, call, projection);
  };

  const list = async (call: ScimCall): Promise<ScimAnswer> => {
    const { filter, startIndex, count, projection } = parseListQuery(call.query, type);
    const where = filter === null ? undefined : userFilterToSql(filter, 2, `${call.baseUrl}/Users`);
    const { instance } = call.identity;
    const users = count === 0 ? [] : await listUsers(pool, instance, where, startIndex, count);
    // A page that is not full, unless it begins beyond the end, says itself how many there are.
    const knownTotal = users.length < count && (users.length > 0 || startIndex === 1);
    const shown = users.length === 0 ? 0 : startIndex - 1 + users.length;
    // The number may be a second old (countUsers), but never less than what the page itself shows.
    const totalResults = knownTotal ? shown : Math.max(shown, await countUsers(pool, instance, where));
    const resources = users.map((user) => presentUser(user, call.baseUrl, projection)).join(',');
    return {
      status: 200,
      body: `{"schemas":["${LIST_RESPONSE_SCHEMA}"],"totalResults":${totalResults},"startIndex":${startIndex},"itemsPerPage":${users.length},"Resources":[${resources}]}`,
    };
  };

  /** PUT, PATCH and DELETE: a pure computation on what is stored, written on its version. */
  const change = async (
    call: ScimCall,
    compute: (stored: ScimObject) => ScimObject,
    remove = false,
  ): Promise<StoredUser> => {
    if (!isUserId(call.id)) throw notFound(call.id);
    let changed = false;
    const user = await changeUser(
      pool,
      call.identity.instance,
      call.id,
      (stored): Change | undefined => {
        const before = toResource(stored);
        const after = compute(before);
        // A write that says what is stored already would only make work.
        changed = remove || !isSameJson(before, after);
        return changed ? { user: toAssertedUser(after), remove } : undefined;
      },
      call.by,
    );
    if (user === undefined) throw notFound(call.id);
    if (changed) onWritten();
    return user;
  };

  const replace = async (call: ScimCall): Promise<ScimAnswer> => {
    const projection = projectionOf(call);
    const body = await call.readBody();
    return answer(200, await change(call, (stored) => replaceResource(type, stored, body)), call, projection);
  };

  const patch = async (call: ScimCall): Promise<ScimAnswer> => {
    const projection = projectionOf(call);
    const body = await call.readBody();
    return answer(200, await change(call, (stored) => applyPatch(type, stored, body)), call, projection);
  };

  const remove = async (call: ScimCall): Promise<ScimAnswer> => {
    await change(call, (stored) => ({ ...stored, active: false }), true);
    return { status: 204 };
  };

  return [
    { path: '/Users', handlers: { GET: list, POST: create } },
    { path: '/Users/:id', handlers: { GET: get, PUT: replace, PATCH: patch, DELETE: remove } },
  ];
}

/** Read before anything is written: a request that is refused has changed nothing. */
const projectionOf = (call: ScimCall): Projection => parseProjectionQuery(call.query, type);

/** Ids are UUIDs version 7: in the order of creation, so that lists are stable and new rows lie together. */
const newUserId = (): UserId => {
  const id = uuid();
  if (!isUserId(id)) throw new TypeError('A new id is not a UUID.');
  return id;
};
