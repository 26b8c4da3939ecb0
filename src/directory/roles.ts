import type pg from 'pg';
import { type Query, transaction } from '../database/pool.js';
import { RefusedError } from '../errors.js';
import type { InstanceId, UserId } from '../ids.js';
import { columns, type UserAt } from './accounts.js';
import type { Actor } from './users.js';

/** The roles of an account, lowest first (rule 5). */
export const ROLES = ['individual', 'manager', 'publisher', 'coach'] as const;
export type Role = (typeof ROLES)[number];

/**
 * A coach's seniority begins here, under the lock, so that it follows the order in which the lock was held. Of an account
 * without a revision nothing was told yet, its names neither: its creation tells the role.
 */
const SET_ROLE = `
  with asked as (
    select a.role as former, u.deleted_at is not null as deleted, a.id = i.default_manager_id as chosen,
      stored_role($1, a.id, $3) as role
    from accounts a
    join users u on u.instance_id = a.instance_id and u.id = a.id
    join instances i on i.id = a.instance_id
    where a.instance_id = $1 and a.id = $2
  ),
  written as (
    update accounts a set role = asked.role, revision = a.revision + case when a.revision = 0 then 0 else 1 end,
      coach_since = case when asked.role = 'coach' then clock_timestamp() end
    from asked
    where a.instance_id = $1 and a.id = $2 and not asked.deleted and a.role <> asked.role
    returning a.role, a.asserted_version, a.revision, a.revision > 0 as told, a as account
  ),
  recorded as (
    insert into events (instance_id, type, user_id, revision, body)
    select $1, 'account.updated', $2, written.revision, account_body(written.account) from written where written.told
  ),
  audited as (
    insert into audit_log (instance_id, actor, action, user_id, version, outcome, request_id)
    select $1, $4, 'account.role:' || written.role, $2, written.asserted_version, 'accepted', $5 from written
  )
  select asked.deleted,
    exists (select from written) and ('coach' in (asked.former, asked.role) or coalesce(asked.chosen, false))
      as "defaultConcerned",
    -- The user's own run tells the application.
    (select kick_users($1, array[$2]::uuid[], 1, $6) from written join instances i on i.id = $1
      where written.told and i.application_url is not null)
  from asked`;

/**
 * Sets an account's role. A role below manager for somebody with reports is stored as manager (rule 6). Where the default
 * manager may be another now, the instance's own run is kicked and moves whom that concerns (rule 5, guard 3). Setting the
 * role that is there already writes nothing.
 * @throws RefusedError `not_found`, `user_deleted`; UnavailableError
 */
export async function setRole(pool: pg.Pool, instance: InstanceId, id: UserId, role: Role, by: Actor): Promise<void> {
  await transaction(pool, async (client) => {
    // Guard 2: who has reports and who is the default manager is decided under the lock, on a snapshot taken after it.
    await client.query('select lock_instance($1)', [instance]);
    const result = await client.query<{ deleted: boolean; defaultConcerned: boolean }>(SET_ROLE, [
      instance,
      id,
      role,
      by.actor,
      by.requestId,
      by.source,
    ]);
    const [account] = result.rows;
    if (account === undefined) throw new RefusedError('not_found', `There is no account ${id} in this instance.`);
    if (account.deleted) {
      throw new RefusedError(
        'user_deleted',
        'The user was deleted in Okta; the account is kept as it is, for the record.',
      );
    }
    if (account.defaultConcerned) await client.query('select kick_instance($1, $2)', [instance, by.source]);
  });
}

const SET_IMPORTED = {
  name: 'set_imported_roles',
  text: 'select set_imported_roles as id from set_imported_roles($1, $2, $3, $4, $5, $6)',
};

/**
 * Sets the roles that a page of a file names, within its transaction, which holds the instance's lock.
 * @returns who has this version still; of the others no role was set (guard 9)
 */
export async function setImportedRoles(
  query: Query,
  instance: InstanceId,
  roles: readonly (UserAt & { readonly role: Role })[],
  by: Actor,
): Promise<Set<UserId>> {
  const names = roles.map(({ role }) => role);
  const current = await query<{ id: UserId }>(SET_IMPORTED, [
    instance,
    ...columns(roles),
    names,
    by.actor,
    by.requestId,
  ]);
  return new Set(current.map(({ id }) => id));
}
