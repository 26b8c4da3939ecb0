import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import { UnavailableError } from '../database/errors.js';
import { run, type Statement } from '../database/pool.js';
import type { ExternalId, InstanceId, UserId } from '../ids.js';
import { isSameJson } from '../json.js';
import { refusalOf } from './constraints.js';

/** How long a read-back may take: the whole answer is due within 2 s. */
const READ_BACK_MS = 500;

/** What is asserted of a user, ready to be stored; the keys are folded (`src/scim/protocol/text.ts`). */
export interface AssertedUser {
  readonly userName: string;
  readonly userNameKey: string;
  readonly externalId: ExternalId | null;
  readonly externalIdKey: string | null;
  readonly email: string;
  readonly emailKey: string;
  /** What the account is called. */
  readonly displayName: string;
  readonly active: boolean;
  /** Every other attribute, as JSON text. */
  readonly attributes: string;
  readonly managerReference: string | null;
  readonly managerReferenceKey: string | null;
}

/** A stored user as SCIM shows it. `attributes` is JSON text, so that what need not be parsed is not. */
export interface StoredUser {
  readonly id: UserId;
  readonly userName: string;
  readonly externalId: ExternalId | null;
  readonly active: boolean;
  readonly attributes: string;
  readonly version: number;
  /** As RFC 3339 has it, in UTC with milliseconds. */
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** Who asked for a change, for the audit log. */
export interface Actor {
  readonly actor: string;
  readonly source: 'scim' | 'import' | 'admin';
  readonly requestId: string | null;
}

export type UserRow = {
  id: UserId;
  user_name: string;
  external_id: ExternalId | null;
  active: boolean;
  attributes: string;
  version: string;
  created_at: string;
  updated_at: string;
};
type WrittenRow = Pick<UserRow, 'version' | 'created_at' | 'updated_at'>;

/** A time as SCIM shows it. Written by PostgreSQL: to parse it here and write it again would cost a list a good part. */
const instant = (column: string): string =>
  `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as ${column.replace(/^\w+\./, '')}`;

export const USER_COLUMNS = `u.id, u.user_name, u.external_id, u.active, u.attributes::text as attributes, u.version,
  ${instant('u.created_at')}, ${instant('u.updated_at')}`;
/** What a write gives back of the row it wrote. */
const WRITTEN_COLUMNS = `version, ${instant('created_at')}, ${instant('updated_at')}`;

/** A row of `USER_COLUMNS` as a stored user. */
export const toStoredUser = (row: UserRow): StoredUser => ({
  id: row.id,
  userName: row.user_name,
  externalId: row.external_id,
  active: row.active,
  attributes: row.attributes,
  version: Number(row.version),
  createdAt: row.created_at,
  updatedAt: row.updated_at,
});

const INSERT: Statement = {
  name: 'insert_user',
  text: `
    with written as (
      insert into users (instance_id, id, user_name, user_name_key, external_id, external_id_key, email, email_key, active,
        attributes, manager_reference, manager_reference_key, display_name, source)
      values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
      returning version, created_at, updated_at
    ),
    account as (
      insert into accounts (instance_id, id, wanted, asserted_version)
      values ($1, $2, case when $9 then 'active' else 'suspended' end, 1)
    ),
    audited as (
      insert into audit_log (instance_id, actor, action, user_id, version, outcome, request_id)
      values ($1, $15, 'user.create', $2, 1, 'accepted', $16)
    ),
    kick as (
      insert into kicks (instance_id, user_id, lane, source) values ($1, $2, 1, $14)
    )
    select ${WRITTEN_COLUMNS} from written`,
};

/**
 * Stores a new user with its pending account, audit row and kick, in one statement.
 * @throws RefusedError `user_name_taken`, UnavailableError where it can't be told that the user is stored.
 */
export async function createUser(
  pool: pg.Pool,
  instance: InstanceId,
  id: UserId,
  user: AssertedUser,
  by: Actor,
): Promise<StoredUser> {
  try {
    const [row] = await run<WrittenRow>(pool, INSERT, insertValues(instance, id, user, by));
    return written(id, user, row);
  } catch (error) {
    const stored = await ifWrittenAfterAll(error, () => findUser(pool, instance, id));
    if (stored !== undefined) return stored;
    throw refusalOf(error);
  }
}

/** The same inside a transaction. @throws RefusedError `user_name_taken` */
export async function insertUser(
  client: pg.PoolClient,
  instance: InstanceId,
  id: UserId,
  user: AssertedUser,
  by: Actor,
): Promise<void> {
  try {
    await client.query({ ...INSERT, values: insertValues(instance, id, user, by) });
  } catch (error) {
    throw refusalOf(error);
  }
}

const insertValues = (instance: InstanceId, id: UserId, user: AssertedUser, by: Actor): unknown[] => [
  instance,
  id,
  ...assertedValues(user),
  by.source,
  by.actor,
  by.requestId,
];

const UPDATE: Statement = {
  name: 'update_user',
  text: `
    with written as (
      update users set user_name = $3, user_name_key = $4, external_id = $5, external_id_key = $6, email = $7, email_key = $8,
        active = $9, attributes = $10, manager_reference = $11, manager_reference_key = $12, display_name = $13,
        version = version + 1, updated_at = greatest(now(), updated_at + interval '1 millisecond'),
        deleted_at = case when $18 then now() end
      where instance_id = $1 and id = $2 and version = $17 and deleted_at is null
      returning version, created_at, updated_at
    ),
    account as (
      -- Off means off: access ends with the very statement that asserts it (guard 1).
      update accounts a set asserted_version = written.version, wanted = case when $9 then 'active' else 'suspended' end,
        status = case when not $9 and a.status = 'active' then 'suspended' else a.status end,
        revision = a.revision + case when not $9 and a.status = 'active' then 1 else 0 end
      from written
      where a.instance_id = $1 and a.id = $2
      returning a.id, a.role
    ),
    audited as (
      insert into audit_log (instance_id, actor, action, user_id, version, outcome, request_id)
      select $1, $15, case when $18 then 'user.delete' else 'user.update' end, $2, written.version, 'accepted', $16 from written
    ),
    kick as (
      insert into kicks (instance_id, user_id, lane, source)
      select $1, account.id, case when $9 then 1 else 0 end, $14 from account
      union all
      -- Who may have been the default manager concerns the whole instance (rule 5).
      select $1, null, 1, $14 from account join instances i on i.id = $1
      where not $9 and (account.role = 'coach' or account.id = i.default_manager_id)
      on conflict (instance_id, user_id) do update
        set nonce = nextval('kick_nonce'), lane = least(kicks.lane, excluded.lane), source = excluded.source, taken_until = null
    )
    select ${WRITTEN_COLUMNS} from written`,
};

/**
 * Writes a user only if its version is still `expected`; the account's access ends in the same statement where the user
 * is not active. With `remove` the user is gone for SCIM and its userName is free.
 * @returns undefined where another writer was faster or the user is gone.
 * @throws RefusedError `user_name_taken`, UnavailableError where it can't be told what was stored.
 */
export async function updateUser(
  pool: pg.Pool,
  instance: InstanceId,
  id: UserId,
  expected: number,
  user: AssertedUser,
  by: Actor,
  remove = false,
): Promise<StoredUser | undefined> {
  try {
    const [row] = await run<WrittenRow>(pool, UPDATE, updateValues(instance, id, expected, user, by, remove));
    return row === undefined ? undefined : written(id, user, row);
  } catch (error) {
    const stored = await ifWrittenAfterAll(error, async () => {
      const now = await findUser(pool, instance, id);
      return now !== undefined && now.version === expected + 1 && isAsserted(now, user) ? now : undefined;
    });
    if (stored !== undefined) return stored;
    throw refusalOf(error);
  }
}

/**
 * The same write inside a transaction that holds the row (`lockUser`), and so can't lose.
 * @throws RefusedError `user_name_taken`
 */
export async function updateLockedUser(
  client: pg.PoolClient,
  instance: InstanceId,
  id: UserId,
  expected: number,
  user: AssertedUser,
  by: Actor,
  remove = false,
): Promise<StoredUser> {
  try {
    const values = updateValues(instance, id, expected, user, by, remove);
    const result = await client.query<WrittenRow>({ ...UPDATE, values });
    return written(id, user, result.rows[0]);
  } catch (error) {
    throw refusalOf(error);
  }
}

const FIND: Statement = {
  name: 'find_user',
  text: `select ${USER_COLUMNS} from users u where u.instance_id = $1 and u.id = $2 and u.deleted_at is null`,
};

/** A user by id, unless deleted. @throws UnavailableError */
export async function findUser(pool: pg.Pool, instance: InstanceId, id: UserId): Promise<StoredUser | undefined> {
  const [row] = await run<UserRow>(pool, FIND, [instance, id]);
  return row && toStoredUser(row);
}

/** The same, holding the row until the transaction ends. */
export async function lockUser(
  client: pg.PoolClient,
  instance: InstanceId,
  id: UserId,
): Promise<StoredUser | undefined> {
  const result = await client.query<UserRow>(`${FIND.text} for no key update`, [instance, id]);
  return result.rows[0] && toStoredUser(result.rows[0]);
}

const updateValues = (
  instance: InstanceId,
  id: UserId,
  expected: number,
  user: AssertedUser,
  by: Actor,
  remove: boolean,
): unknown[] => [instance, id, ...assertedValues(user), by.source, by.actor, by.requestId, expected, remove];

const assertedValues = (user: AssertedUser): unknown[] => [
  user.userName,
  user.userNameKey,
  user.externalId,
  user.externalIdKey,
  user.email,
  user.emailKey,
  user.active,
  user.attributes,
  user.managerReference,
  user.managerReferenceKey,
  user.displayName,
];

function written(id: UserId, user: AssertedUser, row: WrittenRow | undefined): StoredUser {
  if (row === undefined) throw new Error('A written user came back without a row.');
  return {
    id,
    userName: user.userName,
    externalId: user.externalId,
    active: user.active,
    attributes: user.attributes,
    version: Number(row.version),
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

const isAsserted = (stored: StoredUser, user: AssertedUser): boolean =>
  stored.userName === user.userName &&
  stored.externalId === user.externalId &&
  stored.active === user.active &&
  isSameJson(JSON.parse(stored.attributes), JSON.parse(user.attributes));

/**
 * A COMMIT whose answer was lost is resolved by reading back (guard 10): what is found is the answer, what is not found
 * or can't be asked leaves the error as it was.
 */
async function ifWrittenAfterAll(
  error: unknown,
  readBack: () => Promise<StoredUser | undefined>,
): Promise<StoredUser | undefined> {
  if (!(error instanceof UnavailableError) || error.outcome !== 'unknown') return undefined;
  const late = new AbortController();
  const answer = await Promise.race([
    readBack().catch(() => undefined),
    delay(READ_BACK_MS, undefined, { signal: late.signal }).catch(() => undefined),
  ]);
  late.abort();
  return answer;
}
