import type pg from 'pg';
import { run, type Statement } from '../database/pool.js';
import { type GroupId, INSTALLATION, type InstanceId, type UserId } from '../ids.js';
import type { Actor } from './users.js';

/** A change that somebody asked for and did not get. */
export interface Refusal {
  /** The chain of the installation takes what was asked of an instance that is not there. */
  readonly instance: InstanceId;
  readonly by: Actor;
  /** What was asked for, such as `user.create`. */
  readonly action: string;
  readonly userId?: UserId | undefined;
  readonly groupId?: GroupId | undefined;
  /** The stable code of `docs/errors.md`. */
  readonly reason: string;
}

const REFUSE: Statement = {
  name: 'audit_refusal',
  text: `
    insert into audit_log (instance_id, actor, action, user_id, group_id, outcome, reason, request_id, received_at)
    values (coalesce((select i.id from instances i where i.id = $1), '${INSTALLATION}'), $2, $3, $4, $5, 'refused', $6, $7, $8)`,
};

/** Keeps a refusal in the audit log; what is accepted is kept by the statement that does it. @throws UnavailableError */
export async function insertRefusal(pool: pg.Pool, refusal: Refusal): Promise<void> {
  const { instance, by, action, userId = null, groupId = null, reason } = refusal;
  const values = [instance, by.actor, action, userId, groupId, reason, by.requestId, by.receivedAt ?? null];
  await run(pool, REFUSE, values);
}

const IGNORE: Statement = {
  name: 'note_ignored_update',
  text: `
    with audited as (
      insert into audit_log (instance_id, actor, action, user_id, outcome, reason, request_id)
      values ($1, $3, 'user.update', $2, 'ignored', 'update_attributes_off', $4)
    )
    update progress p set reason = 'update_ignored'
    where p.instance_id = $1 and p.user_id = $2 and p.stage in ('provisioned', 'deactivated') and p.reason is null`,
};

/**
 * Notes, in the audit log and the user's progress, that the switch updateAttributes kept attributes from changing (rule 9).
 * @throws UnavailableError
 */
export async function noteIgnoredUpdate(pool: pg.Pool, instance: InstanceId, user: UserId, by: Actor): Promise<void> {
  await run(pool, IGNORE, [instance, user, by.actor, by.requestId]);
}
