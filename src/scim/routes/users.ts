import type { UserDirectory } from '../../directory/user-directory.js';
import type { Actor, AssertedUser, StoredUser, UserKey } from '../../directory/users.js';
import { type InstanceId, isUserId, newUserId, type UserId } from '../../ids.js';
import { isSameJson } from '../../json.js';
import { changedUser, newUser, removedUser } from '../asserted-user.js';
import type { ScimAnswer, ScimCall, ScimRoute } from '../http/scim-call.js';
import { listAnswer } from '../list-answer.js';
import type { ListUsers } from '../list-users.js';
import { locationOf, presentUser, userTag } from '../present-user.js';
import { withDerivedNames } from '../protocol/derived-names.js';
import { createUsersOff, deactivateUsersOff, notFound } from '../protocol/errors.js';
import { parseListQuery, parseProjectionQuery, parseSearchRequest } from '../protocol/list-query.js';
import { overlay } from '../protocol/multi-valued.js';
import { applyPatch } from '../protocol/patch.js';
import { assertUnchanged, isKnown } from '../protocol/preconditions.js';
import type { Projection } from '../protocol/projection.js';
import { readResource, replaceResource } from '../protocol/resource.js';
import { resourceTypes } from '../protocol/schema.js';
import type { ScimObject } from '../protocol/scim-object.js';

export interface UserRoutesOptions {
  /** Notes in the audit log and the user's progress that attributes were not changed. */
  readonly noteIgnoredUpdate: (instance: InstanceId, user: UserId, by: Actor) => Promise<void>;
  readonly directory: UserDirectory;
  readonly listUsers: ListUsers;
  /** Called after each committed write: there is a kick to send. */
  readonly onWritten: () => void;
}

const type = resourceTypes.User;

/** `/Users` and `/Users/{id}` (RFC 7644 section 3). */
export function userRoutes({ directory, listUsers, noteIgnoredUpdate, onWritten }: UserRoutesOptions): ScimRoute[] {
  /** Each answer that shows a user is made here. */
  const answer = (status: number, user: StoredUser, call: ScimCall, projection: Projection): ScimAnswer => ({
    status,
    body: presentUser(user, call.baseUrl, projection),
    headers: {
      ETag: userTag(user),
      ...(status === 201 ? { Location: locationOf(user, call.baseUrl) } : {}),
    },
  });

  const create = async (call: ScimCall): Promise<ScimAnswer> => {
    if (!call.identity.switches.createUsers) throw createUsersOff();
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
    const tag = userTag(user);
    return isKnown(call.preconditions, tag)
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
    const { instance, switches } = call.identity;
    let changed = false;
    const now = await directory.change(keyOf(call), (stored) => {
      assertUnchanged(call.preconditions, userTag(stored));
      const user = compute(stored);
      changed = user !== undefined;
      return user && { instance, user, by: call.by, removed, keepsAccess: !switches.deactivateUsers };
    });
    if (now === undefined) throw notFound(call.id);
    if (changed) onWritten();
    return now;
  };

  /** PUT and PATCH; where the switch updateAttributes is off `active` alone is changed (rule 9). */
  const update =
    (compute: (before: ScimObject, body: unknown) => ScimObject) =>
    async (call: ScimCall): Promise<ScimAnswer> => {
      const projection = projectionOf(call);
      const body = await call.readBody();
      const { instance, switches } = call.identity;
      let ignored = false;
      const user = await change(call, (stored) =>
        changedUser(stored, (before) => {
          const after = compute(before, body);
          if (switches.updateAttributes) return after;
          const allowed = overlay(before, { active: after['active'] ?? null });
          ignored = !isSameJson(allowed, after);
          return allowed;
        }),
      );
      if (ignored) await noteIgnoredUpdate(instance, user.id, call.by);
      return answer(200, user, call, projection);
    };

  const remove = async (call: ScimCall): Promise<ScimAnswer> => {
    if (!call.identity.switches.deactivateUsers) throw deactivateUsersOff();
    await change(call, removedUser, true);
    return { status: 204 };
  };

  return [
    { path: '/Users', handlers: { GET: list, POST: create } },
    { path: '/Users/.search', handlers: { POST: search } },
    { path: '/Users/:id', handlers: { GET: get, PUT: update(replaceWith), PATCH: update(patchWith), DELETE: remove } },
  ];
}

const replaceWith = (before: ScimObject, body: unknown): ScimObject => replaceResource(type, before, body);
const patchWith = (before: ScimObject, body: unknown): ScimObject => applyPatch(type, before, body);

/** Read before anything is written: a request that is refused has changed nothing. */
const projectionOf = (call: ScimCall): Projection => parseProjectionQuery(call.query, type);

/** @throws ScimError 404 for an id that nobody can have */
function keyOf({ identity, id }: ScimCall): UserKey {
  if (!isUserId(id)) throw notFound(id);
  return { instance: identity.instance, id };
}
