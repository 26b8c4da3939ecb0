import type { UserDirectory } from '../../directory/user-directory.js';
import type { AssertedUser, StoredUser, UserKey } from '../../directory/users.js';
import { isUserId, newUserId } from '../../ids.js';
import { changedUser, newUser, removedUser } from '../asserted-user.js';
import type { ScimAnswer, ScimCall, ScimRoute } from '../http/scim-call.js';
import { listAnswer } from '../list-answer.js';
import type { ListUsers } from '../list-users.js';
import { locationOf, presentUser, versionTag } from '../present-user.js';
import { withDerivedNames } from '../protocol/derived-names.js';
import { notFound } from '../protocol/errors.js';
import { parseListQuery, parseProjectionQuery, parseSearchRequest } from '../protocol/list-query.js';
import { applyPatch } from '../protocol/patch.js';
import { assertUnchanged, isKnown } from '../protocol/preconditions.js';
import type { Projection } from '../protocol/projection.js';
import { readResource, replaceResource } from '../protocol/resource.js';
import { resourceTypes } from '../protocol/schema.js';

export interface UserRoutesOptions {
  readonly directory: UserDirectory;
  readonly listUsers: ListUsers;
  /** Called after each committed write: there is a kick to send. */
  readonly onWritten: () => void;
}

const type = resourceTypes.User;

/** `/Users` and `/Users/{id}` (RFC 7644 section 3). */
export function userRoutes({ directory, listUsers, onWritten }: UserRoutesOptions): ScimRoute[] {
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
    const tag = versionTag(user);
    // Groups come and go without a version of the user's.
    return user.groups === null && isKnown(call.preconditions, tag)
      ? { status: 304, headers: { ETag: tag } }
      : answer(200, user, call, projection);
  };

  const list = async (call: ScimCall): Promise<ScimAnswer> =>
    listAnswer(await listUsers(parseListQuery(call.query, type), call));

  const search = async (call: ScimCall): Promise<ScimAnswer> =>
    listAnswer(await listUsers(parseSearchRequest(await call.readBody(), type), call));

  /** PUT, PATCH and DELETE: a pure computation on what is stored, held against If-Match and written on its version. */
  const change = async (
    call: ScimCall,
    compute: (stored: StoredUser) => AssertedUser | undefined,
    removed = false,
  ): Promise<StoredUser> => {
    const { instance } = call.identity;
    let changed = false;
    const now = await directory.change(keyOf(call), (stored) => {
      assertUnchanged(call.preconditions, versionTag(stored));
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
    { path: '/Users/.search', handlers: { POST: search } },
    { path: '/Users/:id', handlers: { GET: get, PUT: replace, PATCH: patch, DELETE: remove } },
  ];
}

/** Read before anything is written: a request that is refused has changed nothing. */
const projectionOf = (call: ScimCall): Projection => parseProjectionQuery(call.query, type);

/** @throws ScimError 404 for an id that nobody can have */
function keyOf({ identity, id }: ScimCall): UserKey {
  if (!isUserId(id)) throw notFound(id);
  return { instance: identity.instance, id };
}
