import type pg from 'pg';
import { auditRefusal } from '../../directory/audit.js';
import { isGroupId, isUserId } from '../../ids.js';
import type { Log } from '../../telemetry/log.js';
import type { ScimError } from '../protocol/errors.js';
import type { ScimCall } from './scim-call.js';

/** Keeps a refused change in the audit log; what is no change of a user or group is none. It never throws. */
export type AuditRefusal = (
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
/** Not refused but put off, not asked in a way that says what was wanted, or wanted of nobody. */
const NO_REFUSALS: readonly number[] = [401, 404, 405, 408, 429, 431];

/** Each refused change of a user or a group, by whichever way it was asked for. */
export const refusalAuditor =
  (pool: pg.Pool, log: Log): AuditRefusal =>
  async ({ identity, by }, method, path, { status, code }) => {
    const [, noun, id = ''] = /^\/(User|Group)s(?:\/([^/]+))?$/.exec(path) ?? [];
    const verb = VERBS.get(method);
    if (noun === undefined || verb === undefined || status >= 500 || NO_REFUSALS.includes(status)) return;
    await auditRefusal(pool, {
      instance: identity.instance,
      by,
      action: `${noun.toLowerCase()}.${verb}`,
      userId: noun === 'User' && isUserId(id) ? id : undefined,
      groupId: noun === 'Group' && isGroupId(id) ? id : undefined,
      reason: code,
    }).catch((error: unknown) => log.warn({ err: error, requestId: by.requestId }, 'a refusal was not audited'));
  };
