import type pg from 'pg';
import { type Query, run, type Statement, transaction, within } from '../database/pool.js';
import { seal, sealBy } from '../directory/seals.js';
import { type Actor, findUsers, lockUser, type StoredUser } from '../directory/users.js';
import { updateUsers } from '../directory/write-users.js';
import { RefusedError } from '../errors.js';
import type { InstanceId, UserId } from '../ids.js';
import { changedUser } from '../scim/asserted-user.js';
import { parseUser, renderUser } from '../scim/present-user.js';
import { ENTERPRISE_USER_SCHEMA } from '../scim/protocol/schema.js';
import { isScimObject, type ScimObject } from '../scim/protocol/scim-object.js';

const REFUSALS = {
  user_not_off: 'Only who is off can be erased: unassign or delete the user in Okta first.',
  user_not_settled: 'The user is not settled yet: wait until the deactivation is done, release a hold, and try again.',
} as const;

/**
 * Erases who a user was, from every table: the id stays, deleted, and the audit chain stays whole. Others who name this user as their
 * manager do so no longer. The application is told of the account once more, without names and as deleted.
 * @throws RefusedError `not_found`, `user_not_off`, `user_not_settled`; UnavailableError
 */
export async function eraseUser(
  pool: pg.Pool,
  instance: InstanceId,
  id: UserId,
  note: string,
  by: Actor,
): Promise<void> {
  // Most of it before others wait for it.
  await seal(pool, instance);
  const { seen, naming } = await eventsNaming(pool, instance, id);
  await transaction(pool, async (client) => {
    await client.query('select lock_instance($1)', [instance]);
    const query = within(client);
    // First, as who seals locks, so that nobody seals meanwhile.
    await sealBy(query, instance);
    await lockUser(client, { instance, id });
    const stored = await storedOf(query, instance, [id]);
    const [user] = stored;
    if (user === undefined) throw new RefusedError('not_found', `There is no user ${id} in this instance.`);
    await forgetReferences(query, instance, id, by);
    const { state, resource } = parseUser(user);
    const { words, names } = knownBy(resource);
    const version = user.version + 1;
    const tombstone = renderUser({ ...state, version }, { userName: `erased:${id}`, active: false });
    const { rows } = await client.query<{ refusal: keyof typeof REFUSALS | null }>(
      'select erase_user($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) as refusal',
      [instance, id, version, tombstone, words, names, seen, naming, by.actor, by.requestId, note],
    );
    const refusal = rows[0]?.refusal ?? null;
    if (refusal !== null) throw new RefusedError(refusal, REFUSALS[refusal]);
    // Whoever walks the chain and misses a note finds why: both are there at once.
    await sealBy(query, instance);
  });
}

const NAMING: Statement = {
  name: 'events_naming',
  text: `select e.entry from events e
    where e.instance_id = $1 and e.entry <= $2 and e.body -> 'manager' ->> 'id' = $3::uuid::text`,
};

/**
 * The events that name a user as a manager, of all that are older than a minute: whoever wrote one of them has committed by now. That
 * reads them all, so it is done before anybody waits for the instance's lock; the few that are newer are looked at under it.
 */
async function eventsNaming(
  pool: pg.Pool,
  instance: InstanceId,
  id: UserId,
): Promise<{ readonly seen: string; readonly naming: readonly string[] }> {
  const seen = await transaction(pool, async (client) => {
    await client.query('select lock_instance($1)', [instance]);
    const { rows } = await client.query<{ seen: string }>(
      `select coalesce(max(entry), 0) as seen from events where instance_id = $1 and at < now() - interval '1 minute'`,
      [instance],
    );
    return rows[0]?.seen ?? '0';
  });
  const rows = await run<{ entry: string }>(pool, NAMING, [instance, seen, id]);
  return { seen, naming: rows.map(({ entry }) => entry) };
}

/** What a user is known by: words that are nobody else's, and names that others have too. */
function knownBy(resource: ScimObject): { readonly words: readonly string[]; readonly names: readonly string[] } {
  const name = isScimObject(resource['name']) ? resource['name'] : {};
  const { givenName, middleName, familyName, formatted } = name;
  const texts = (values: readonly unknown[]): string[] =>
    values.flatMap((value) => (typeof value === 'string' && value !== '' ? [value] : []));
  const valuesOf = (attribute: string): unknown[] => {
    const entries = resource[attribute];
    return Array.isArray(entries) ? entries.map((entry) => (isScimObject(entry) ? entry['value'] : undefined)) : [];
  };
  const whole = texts([givenName, familyName]);
  return {
    words: texts([
      formatted,
      ...(whole.length === 2 ? [whole.join(' ')] : []),
      ...valuesOf('emails'),
      ...valuesOf('phoneNumbers'),
    ]),
    names: texts([givenName, middleName, familyName, resource['nickName']]),
  };
}

/** Deleted users too. */
const storedOf = (query: Query, instance: InstanceId, ids: readonly UserId[]): Promise<StoredUser[]> =>
  query<StoredUser>(
    {
      name: 'stored_users',
      text: 'select id, version::integer, resource, null::text as groups from users where instance_id = $1 and id = any ($2)',
    },
    [instance, ids],
  );

const REFERRING = {
  name: 'users_who_name',
  text: `
    select u.id from users u, accounts m
    where m.instance_id = $1 and m.id = $2 and u.instance_id = $1 and u.id <> $2
      and u.manager_reference_key in (m.id::text, m.external_id_key, m.user_name_key, m.email_key)
    order by u.id`,
};

/** Whoever names this user as a manager does so no longer, or by the id alone; of a deleted one the rows are only rewritten. */
async function forgetReferences(query: Query, instance: InstanceId, id: UserId, by: Actor): Promise<void> {
  const ids = (await query<{ id: UserId }>(REFERRING, [instance, id])).map((row) => row.id);
  const present = (
    await findUsers(
      query,
      ids.map((other) => ({ instance, id: other })),
    )
  ).filter((user) => user !== undefined);
  const assertions = present.flatMap((stored) => {
    const user = changedUser(stored, (resource) => withoutManager(resource, id));
    return user === undefined ? [] : [{ instance, user, by }];
  });
  await updateUsers(query, assertions);
  const deleted = ids.filter((other) => !present.some((user) => user.id === other));
  for (const stored of await storedOf(query, instance, deleted)) {
    const { state, resource } = parseUser(stored);
    const rewritten = renderUser(state, withoutManager(resource, undefined));
    await query(
      {
        name: 'rewrite_deleted_user',
        text: `
          with account as (
            update accounts set manager_reference_key = null where instance_id = $1 and id = $2)
          update users set resource = $3, manager_reference = null, manager_reference_key = null where instance_id = $1 and id = $2`,
      },
      [instance, stored.id, rewritten],
    );
  }
}

/** @param id who may still be meant by the id, which says nothing of who it is */
function withoutManager(resource: ScimObject, id: UserId | undefined): ScimObject {
  const extension = resource[ENTERPRISE_USER_SCHEMA];
  if (!isScimObject(extension)) return resource;
  const { manager, ...others } = extension;
  const isById = id !== undefined && isScimObject(manager) && manager['value'] === id;
  return { ...resource, [ENTERPRISE_USER_SCHEMA]: { ...others, ...(isById ? { manager: { value: id } } : {}) } };
}
