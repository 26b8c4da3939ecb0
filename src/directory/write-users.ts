import type { Query, Statement } from '../database/pool.js';
import type { InstanceId } from '../ids.js';
import { refusalOf } from './constraints.js';
import { RENEWED } from './kicks.js';
import type { Actor, AssertedUser } from './users.js';

/** One user as asserted anew, by whom. */
export interface Assertion {
  readonly instance: InstanceId;
  readonly user: AssertedUser;
  readonly by: Actor;
  /** True where the user is gone for SCIM from now on, and its userName free. */
  readonly removed?: boolean;
  /** True where the switch deactivateUsers is off: who is said to be inactive keeps the access there is (rule 9). */
  readonly keepsAccess?: boolean;
}

/** How an assertion comes into SQL: a set of them is a table of these columns. */
const COLUMNS: readonly (readonly [name: string, type: string, value: (assertion: Assertion) => unknown])[] = [
  ['instance_id', 'text', ({ instance }) => instance],
  ['id', 'uuid', ({ user }) => user.id],
  ['version', 'bigint', ({ user }) => user.version],
  ['user_name', 'text', ({ user }) => user.userName],
  ['user_name_key', 'text', ({ user }) => user.userNameKey],
  ['external_id', 'text', ({ user }) => user.externalId],
  ['external_id_key', 'text', ({ user }) => user.externalIdKey],
  ['email', 'text', ({ user }) => user.email],
  ['email_key', 'text', ({ user }) => user.emailKey],
  ['display_name', 'text', ({ user }) => user.displayName],
  ['active', 'boolean', ({ user }) => user.active],
  ['resource', 'text', ({ user }) => user.resource],
  ['manager_reference', 'text', ({ user }) => user.managerReference],
  ['manager_reference_key', 'text', ({ user }) => user.managerReferenceKey],
  ['created_at', 'timestamptz', ({ user }) => user.createdAt],
  ['updated_at', 'timestamptz', ({ user }) => user.updatedAt],
  ['source', 'text', ({ by }) => by.source],
  ['actor', 'text', ({ by }) => by.actor],
  ['request_id', 'text', ({ by }) => by.requestId],
  ['received_at', 'timestamptz', ({ by }) => by.receivedAt ?? null],
  ['changed', 'text', ({ user }) => user.changed],
  ['removed', 'boolean', ({ removed }) => removed ?? false],
  ['keeps_access', 'boolean', ({ keepsAccess }) => keepsAccess ?? false],
];

const ASSERTED = `asserted as (
      select * from unnest(${COLUMNS.map(([, type], at) => `$${at + 1}::${type}[]`).join(', ')})
        as a (${COLUMNS.map(([name]) => name).join(', ')})
    )`;

/** The columns of the table of users that an assertion has. */
const USER_COLUMNS = COLUMNS.map(([name]) => name).slice(0, COLUMNS.findIndex(([name]) => name === 'source') + 1);

const INSERT: Statement = {
  name: 'insert_users',
  text: `
    with ${ASSERTED},
    written as (
      insert into users (${USER_COLUMNS.join(', ')})
      select ${USER_COLUMNS.join(', ')} from asserted order by instance_id, user_name_key, id
      on conflict (instance_id, user_name_key) where deleted_at is null do nothing
      returning instance_id, id, active, source
    ),
    account as (
      insert into accounts (instance_id, id, wanted, asserted_version)
      select instance_id, id, case when active then 'active' else 'suspended' end, 1 from written
    ),
    audited as (
      insert into audit_log (instance_id, actor, action, user_id, version, changed, outcome, request_id, received_at)
      select instance_id, a.actor, 'user.create', id, 1, a.changed, 'accepted', a.request_id, a.received_at
      from written join asserted a using (instance_id, id)
    ),
    kick as (
      -- An import's own run sees to its people.
      insert into kicks (instance_id, user_id, lane, source) select instance_id, id, 1, source from written where source <> 'import'
    )
    select id from written`,
};

/**
 * Stores new users, each with its pending account, audit row and kick, in one statement. Uniqueness is decided by the
 * index: of several who want one userName one is stored.
 * @returns for each whether it was stored; false where the userName is taken.
 * @throws UnavailableError
 */
export async function insertUsers(query: Query, assertions: readonly Assertion[]): Promise<boolean[]> {
  return written(assertions, await query<{ id: string }>(INSERT, values(assertions)));
}

/** The columns of a user that an assertion may change. */
const CHANGED = USER_COLUMNS.filter((name) => !['instance_id', 'id', 'created_at', 'source'].includes(name));

/**
 * A change holds the account's row before it writes the user's, so no two changes wait for each other crosswise. With
 * `onlyFree` nobody waits at all: who is held by another at this moment is left out.
 */
const update = (name: string, onlyFree: boolean): Statement => ({
  name,
  text: `
    with ${ASSERTED},
    locked as (
      select c.instance_id, c.id, c.revision as former, c.status, c.wanted, c.kept from asserted a join accounts c on c.instance_id = a.instance_id and c.id = a.id
      order by c.instance_id, c.id for no key update of c${onlyFree ? ' skip locked' : ''}
    ),
    written as (
      update users u set ${CHANGED.map((column) => `${column} = a.${column}`).join(', ')},
        deleted_at = case when a.removed then now() end
      from asserted a join locked using (instance_id, id)
      where u.instance_id = a.instance_id and u.id = a.id and u.version = a.version - 1 and u.deleted_at is null
      returning u.instance_id, u.id, u.version, u.active, a.source, a.actor, a.request_id, a.received_at, a.changed, a.removed,
        -- Rule 9: what a switch keeps, nobody ends who says nothing of it.
        a.keeps_access or a.source <> 'scim' and locked.kept and not a.removed
          and 'active' <> all (string_to_array(a.changed, ',')) as keeps_access
    ),
    account as (
      -- Off means off: access ends with the very statement that asserts it (guard 1).
      update accounts c set asserted_version = w.version,
        wanted = case when w.active then 'active' when w.keeps_access then c.wanted else 'suspended' end,
        kept = not w.active and w.keeps_access and c.wanted = 'active',
        status = case when not w.active and not w.keeps_access and c.status = 'active' then 'suspended' else c.status end,
        -- Rule 12: the run decides whether it is one of too many; what operators and files say is not braked.
        unassigned_at = case
          when w.active then null when not w.keeps_access and c.status = 'active' and w.source = 'scim' then now() else c.unassigned_at end,
        revision = c.revision + case
          when not w.active and not w.keeps_access and c.status = 'active' or w.removed and c.revision > 0 then 1 else 0 end
      from written w join locked using (instance_id, id)
      where c.instance_id = w.instance_id and c.id = w.id
      returning c.instance_id, c.id, w.active or c.kept as active, w.source, c.revision, c.revision > locked.former as revised, w.removed, c as account
    ),
    recorded as (
      insert into events (instance_id, type, user_id, revision, body)
      select instance_id, 'account.suspended', id, revision,
        case when removed then (account_body(account)::jsonb || '{"deleted": true}')::json else account_body(account) end
      from account where revised order by id
    ),
    audited as (
      insert into audit_log (instance_id, actor, action, user_id, version, changed, outcome, request_id, received_at)
      select instance_id, w.actor, case
          when w.removed then 'user.delete'
          when not w.active and not w.keeps_access and locked.status = 'active' then 'user.deactivate'
          when w.active and locked.wanted = 'suspended' then 'user.activate'
          else 'user.update' end,
        id, w.version, w.changed, 'accepted', w.request_id, w.received_at
      from written w join locked using (instance_id, id)
    ),
    kick as (
      insert into kicks (instance_id, user_id, lane, source)
      select instance_id, id, case when active then 1 else 0 end, source from account where source <> 'import' or revised
      order by instance_id, id -- as everybody locks kicks: or two who hold several would wait for each other
      on conflict (instance_id, user_id) do update
        set ${RENEWED}, lane = least(kicks.lane, excluded.lane), source = excluded.source
    )
    select id from written`,
});
const UPDATE = update('update_users', false);
const UPDATE_FREE = update('update_free_users', true);

/**
 * Writes users, each only if its stored version is the one before the asserted; the account's access ends in the same
 * statement where the user is not active. Waits for whoever holds a row.
 * @returns for each whether it was written; false where another writer was faster or the user is gone.
 * @throws RefusedError `user_name_taken`; UnavailableError
 */
export async function updateUsers(query: Query, assertions: readonly Assertion[]): Promise<boolean[]> {
  return written(assertions, await query<{ id: string }>(UPDATE, values(assertions)).catch(refuse));
}

/** The same, but leaves alone (false) whom another transaction holds. @throws RefusedError `user_name_taken`; UnavailableError */
export async function updateFreeUsers(query: Query, assertions: readonly Assertion[]): Promise<boolean[]> {
  return written(assertions, await query<{ id: string }>(UPDATE_FREE, values(assertions)).catch(refuse));
}

const refuse = (error: unknown): never => {
  throw refusalOf(error);
};

const values = (assertions: readonly Assertion[]): unknown[][] => COLUMNS.map(([, , value]) => assertions.map(value));

function written(assertions: readonly Assertion[], rows: readonly { id: string }[]): boolean[] {
  const ids = new Set(rows.map(({ id }) => id));
  return assertions.map(({ user }) => ids.has(user.id));
}
