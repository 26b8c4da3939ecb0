import type { KeepRefusal } from '../../http/keep-refusal.js';
import { isGroupId, isUserId } from '../../ids.js';
import type { ScimError } from '../protocol/errors.js';
import type { ScimCall } from './scim-call.js';

/** Keeps a refused change in the audit log; what is no change of a user or group is none. It never throws. */
export type KeepRefusedChange = (
  asked: Pick<ScimCall, 'identity' | 'by'>,
  method: string,
  path: string,
  error: ScimError,
) => Promise<void>;

const VERBS: ReadonlyMap<string, string> = new Map([
  ['POST', 'create'],
  ['PUT', 'update'],
  ['PATCH', 'update'],
  ['DELETE', 'delete'],
]);

/** Each refused change of a user or a group, by whichever way it was asked for. */
export const refusedChangeKeeper =
  (keepRefusal: KeepRefusal): KeepRefusedChange =>
  async ({ identity, by }, method, path, { status, code }) => {
    const [, noun, id = ''] = /^\/(User|Group)s(?:\/([^/]+))?$/.exec(path) ?? [];
    const verb = VERBS.get(method);
    if (noun === undefined || verb === undefined) return;
    const action = `${noun.toLowerCase()}.${verb}`;
    const userId = noun === 'User' && isUserId(id) ? id : undefined;
    const groupId = noun === 'Group' && isGroupId(id) ? id : undefined;
    await keepRefusal({ instance: identity.instance, by, action, userId, groupId, reason: code }, status);
  };
