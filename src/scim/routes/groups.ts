import type pg from 'pg';
import {
  changeGroup,
  createGroup,
  deleteGroup,
  findGroup,
  type GroupKey,
  type StoredGroup,
} from '../../directory/groups.js';
import { type InstanceId, isGroupId, newGroupId } from '../../ids.js';
import type { Limited } from '../../limit-each.js';
import type { ScimAnswer, ScimCall, ScimHandler, ScimRoute } from '../http/scim-call.js';
import { listAnswer } from '../list-answer.js';
import { listGroups } from '../list-groups.js';
import { groupLocation, groupTag, presentGroup, toAssertedGroup, toResource } from '../present-group.js';
import { notFound } from '../protocol/errors.js';
import { parseListQuery, parseProjectionQuery, parseSearchRequest } from '../protocol/list-query.js';
import { applyPatch } from '../protocol/patch.js';
import { assertUnchanged, isKnown } from '../protocol/preconditions.js';
import type { Projection } from '../protocol/projection.js';
import { readResource, replaceResource } from '../protocol/resource.js';
import { resourceTypes } from '../protocol/schema.js';
import type { ScimObject } from '../protocol/scim-object.js';

const type = resourceTypes.Group;
const replace = (stored: ScimObject, body: Record<string, unknown>) => replaceResource(type, stored, body);
const patch = (stored: ScimObject, body: Record<string, unknown>) => applyPatch(type, stored, body);

/** One client family of Okta PUTs whole groups. */
const MAX_BODY_BYTES = 16 * 1024 * 1024;

/** `/Groups` and `/Groups/{id}` (RFC 7644 section 3), as Okta pushes them. */
export function groupRoutes({ pool, limited }: { pool: pg.Pool; limited: Limited<InstanceId> }): ScimRoute[] {
  const answer = (status: number, group: StoredGroup, call: ScimCall, projection: Projection): ScimAnswer => ({
    status,
    body: presentGroup(group, call.baseUrl, projection),
    headers: {
      ETag: groupTag(group),
      ...(status === 201 ? { Location: groupLocation(group, call.baseUrl) } : {}),
    },
  });

  /** A few of an instance's at a time: whoever waits for a group's lock, or for a large body, waits here and holds nothing. */
  const inTurn =
    (handler: ScimHandler): ScimHandler =>
    (call) =>
      limited(call.identity.instance, async () => handler(call));

  const create = async (call: ScimCall): Promise<ScimAnswer> => {
    const projection = projectionOf(call);
    const asserted = toAssertedGroup(readResource(type, await call.readBody(MAX_BODY_BYTES)));
    const key = { instance: call.identity.instance, id: newGroupId() };
    const group = await createGroup(pool, key, asserted, call.by);
    return answer(201, group, call, projection);
  };

  const get = async (call: ScimCall): Promise<ScimAnswer> => {
    const projection = projectionOf(call);
    const group = await findGroup(pool, keyOf(call));
    if (group === undefined) throw notFound(call.id);
    const tag = groupTag(group);
    return isKnown(call.preconditions, tag)
      ? { status: 304, headers: { ETag: tag } }
      : answer(200, group, call, projection);
  };

  /** PUT and PATCH: a pure computation on what is stored, under the group's lock. */
  const change = async (call: ScimCall, compute: (stored: ScimObject) => ScimObject): Promise<StoredGroup> => {
    const group = await changeGroup(
      pool,
      keyOf(call),
      (stored) => {
        assertUnchanged(call.preconditions, groupTag(stored));
        return toAssertedGroup(compute(toResource(stored)));
      },
      call.by,
    );
    if (group === undefined) throw notFound(call.id);
    return group;
  };

  const update =
    (compute: (stored: ScimObject, body: Record<string, unknown>) => ScimObject): ScimHandler =>
    async (call) => {
      const projection = projectionOf(call);
      // An id that no group can have is refused before 16 MiB are read.
      keyOf(call);
      const body = await call.readBody(MAX_BODY_BYTES);
      return answer(200, await change(call, (stored) => compute(stored, body)), call, projection);
    };

  const remove = async (call: ScimCall): Promise<ScimAnswer> => {
    const assertDeletable = (stored: StoredGroup): void => assertUnchanged(call.preconditions, groupTag(stored));
    if (!(await deleteGroup(pool, keyOf(call), assertDeletable, call.by))) throw notFound(call.id);
    return { status: 204 };
  };

  const list = async (call: ScimCall): Promise<ScimAnswer> =>
    listAnswer(await listGroups(pool, parseListQuery(call.query, type), call));

  const search = async (call: ScimCall): Promise<ScimAnswer> =>
    listAnswer(await listGroups(pool, parseSearchRequest(await call.readBody(), type), call));

  return [
    { path: '/Groups', handlers: { GET: inTurn(list), POST: inTurn(create) } },
    { path: '/Groups/.search', handlers: { POST: inTurn(search) } },
    {
      path: '/Groups/:id',
      handlers: {
        GET: inTurn(get),
        PUT: inTurn(update(replace)),
        PATCH: inTurn(update(patch)),
        DELETE: inTurn(remove),
      },
    },
  ];
}

/** @throws ScimError 404 for an id that no group can have */
function keyOf({ identity, id }: ScimCall): GroupKey {
  if (!isGroupId(id)) throw notFound(id);
  return { instance: identity.instance, id };
}

/** Read before anything is written: a request that is refused has changed nothing. */
const projectionOf = (call: ScimCall): Projection => parseProjectionQuery(call.query, type);
