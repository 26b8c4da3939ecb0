import type pg from 'pg';
import { type Query, type Statement, within } from '../database/pool.js';
import type { ExternalId, InstanceId, UserId } from '../ids.js';

/** A stored user. */
export interface StoredUser {
  readonly id: UserId;
  readonly version: number;
  /** What SCIM shows, as JSON text up to where the location's URL begins: `presentUser` completes it. */
  readonly resource: string;
  /** The groups the user is a member of, as JSON text; null for none. */
  readonly groups: string | null;
}

/** The groups of a row of `users u`, as text of the JSON that SCIM shows; a reference is relative to the user's own URL. */
export const USER_GROUPS = `(
    select json_agg(json_build_object('value', g.id, '$ref', '../Groups/' || g.id, 'display', g.display_name, 'type', 'direct') order by g.id)::text
    from group_members m join groups g on g.instance_id = m.instance_id and g.id = m.group_id
    where m.instance_id = u.instance_id and m.user_id = u.id)`;

/** What stands after the version in the text of a stored user; before it goes the digest of the groups, where there are any. */
export const AFTER_VERSION = '\\"","location":"';
export const GROUPS_DIGEST_LENGTH = 8;

/** SQL of that digest, null without groups. */
export const groupsDigest = (groups: string): string => `left(md5(${groups}), ${GROUPS_DIGEST_LENGTH})`;

/** What is asserted of a user, ready to be stored; the keys are folded (`src/scim/protocol/text.ts`). */
export interface AssertedUser extends StoredUser {
  readonly userName: string;
  readonly userNameKey: string;
  readonly externalId: ExternalId | null;
  readonly externalIdKey: string | null;
  readonly email: string;
  readonly emailKey: string;
  /** What the account is called. */
  readonly displayName: string;
  readonly active: boolean;
  /** The names of the attributes that this version changes, with commas between them. */
  readonly changed: string;
  readonly managerReference: string | null;
  readonly managerReferenceKey: string | null;
  /** As RFC 3339 has it, in UTC with milliseconds. */
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** Who asked for a change, for the audit log. */
export interface Actor {
  readonly actor: string;
  readonly source: 'scim' | 'import' | 'admin';
  readonly requestId: string | null;
  /** When the request came in. */
  readonly receivedAt?: Date;
}

/** Which user. */
export interface UserKey {
  readonly instance: InstanceId;
  readonly id: UserId;
}

/** A userName of one instance, folded. */
export interface UserNameKey {
  readonly instance: InstanceId;
  readonly userNameKey: string;
}

const findBy = (name: string, column: string, type: string): Statement => ({
  name,
  text: `
    select wanted.place::integer, u.id, u.version::integer, u.resource, ${USER_GROUPS} as groups
    from unnest($1::text[], $2::${type}[]) with ordinality as wanted (instance_id, sought, place)
    join users u on u.instance_id = wanted.instance_id and u.${column} = wanted.sought
    where u.deleted_at is null`,
});
const FIND = findBy('find_users', 'id', 'uuid');
const FIND_BY_NAME = findBy('find_users_by_name', 'user_name_key', 'text');

/** Users by id, in the order asked for; undefined for each who is not there or was deleted. @throws UnavailableError */
export const findUsers = (query: Query, keys: readonly UserKey[]): Promise<(StoredUser | undefined)[]> =>
  findEach(query, FIND, keys, ({ id }) => id);

/** Users by userName, in the order asked for; undefined for each whom nobody is called. @throws UnavailableError */
export const findUsersByName = (query: Query, keys: readonly UserNameKey[]): Promise<(StoredUser | undefined)[]> =>
  findEach(query, FIND_BY_NAME, keys, ({ userNameKey }) => userNameKey);

async function findEach<Key extends { readonly instance: InstanceId }>(
  query: Query,
  statement: Statement,
  keys: readonly Key[],
  soughtOf: (key: Key) => string,
): Promise<(StoredUser | undefined)[]> {
  const instances = keys.map(({ instance }) => instance);
  const rows = await query<StoredUser & { place: number }>(statement, [instances, keys.map(soughtOf)]);
  const found: (StoredUser | undefined)[] = keys.map(() => undefined);
  for (const { place, ...user } of rows) found[place - 1] = user;
  return found;
}

const IS_STORED: Statement = {
  name: 'is_stored',
  text: `
    select 1 from users u
    where u.instance_id = $1 and u.id = $2 and u.version = $3 and u.resource = $4 and (u.deleted_at is not null) = $5`,
};

/** Whether exactly this state of a user is the stored one. @throws UnavailableError */
export async function isStored(
  query: Query,
  instance: InstanceId,
  { id, version, resource }: StoredUser,
  removed = false,
): Promise<boolean> {
  return (await query(IS_STORED, [instance, id, version, resource, removed])).length > 0;
}

const LOCK = 'select from accounts where instance_id = $1 and id = $2 for no key update';

/** A user whom nobody else can change until the transaction ends: who changes a user holds the account's row. */
export async function lockUser(client: pg.PoolClient, key: UserKey): Promise<StoredUser | undefined> {
  await client.query(LOCK, [key.instance, key.id]);
  return (await findUsers(within(client), [key]))[0];
}
