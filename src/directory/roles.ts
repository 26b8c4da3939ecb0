import type pg from 'pg';
import { type Query, type Statement, transaction, within } from '../database/pool.js';
import { RefusedError } from '../errors.js';
import type { InstanceId, UserId } from '../ids.js';
import { columns, type UserAt } from './accounts.js';
import type { Actor } from './users.js';

/** The roles of an account, lowest first (rule 5). */
export const ROLES = ['individual', 'manager', 'publisher', 'coach'] as const;
export type Role = (typeof ROLES)[number];

const IS_DELETED: Statement = {
  name: 'is_deleted',
  text: 'select u.deleted_at is not null as deleted from users u where u.instance_id = $1 and u.id = $2',
};

const SET_ROLES: Statement = { name: 'set_roles', text: 'select set_roles($1, $2, $3, $4, $5, $6)' };

/**
 * Sets an account's role. A role below manager for somebody with reports is stored as manager (rule 6). Where the default
 * manager may be another now, the instance's own run is kicked and moves whom that concerns (rule 5, guard 3). Setting the
 * role that is there already writes nothing.
 * @throws RefusedError `not_found`, `user_deleted`; UnavailableError
 */
export async function setRole(pool: pg.Pool, instance: InstanceId, id: UserId, role: Role, by: Actor): Promise<void> {
  await transaction(pool, async (client) => {
    const query = within(client);
    // Guard 2: who has reports and who is the default manager is decided under the lock, on a snapshot taken after it.
    await client.query('select lock_instance($1)', [instance]);
    const [user] = await query<{ deleted: boolean }>(IS_DELETED, [instance, id]);
    if (user === undefined) throw new RefusedError('not_found', `There is no account ${id} in this instance.`);
    if (user.deleted) {
      throw new RefusedError(
        'user_deleted',
        'The user was deleted in Okta; the account is kept as it is, for the record.',
      );
    }
    await query(SET_ROLES, [instance, [id], [role], by.actor, by.source, by.requestId]);
  });
}

/** Whoever waits for a row here sees it as it is then. */
const LOCK_CURRENT: Statement = {
  name: 'lock_current',
  text: `
    select a.id from unnest($2::uuid[], $3::bigint[]) as asked (id, version)
    join accounts a on a.instance_id = $1 and a.id = asked.id and a.asserted_version = asked.version
    order by a.id for no key update of a`,
};

/**
 * Sets the roles that a page of a file names, within its transaction, which holds the instance's lock.
 * @returns who has this version still; of the others no role was set (guard 9)
 * @throws UnavailableError
 */
export async function setImportedRoles(
  query: Query,
  instance: InstanceId,
  asked: readonly (UserAt & { readonly role: Role })[],
  by: Actor,
): Promise<Set<UserId>> {
  const current = new Set(
    (await query<{ id: UserId }>(LOCK_CURRENT, [instance, ...columns(asked)])).map(({ id }) => id),
  );
  const toSet = asked.filter(({ userId }) => current.has(userId));
  const [ids] = columns(toSet);
  await query(SET_ROLES, [instance, ids, toSet.map(({ role }) => role), by.actor, by.source, by.requestId]);
  return current;
}
