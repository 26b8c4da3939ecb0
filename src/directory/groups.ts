import type pg from 'pg';
import { type Query, type Statement, transaction, within } from '../database/pool.js';
import { type GroupId, type InstanceId, isUserId, type UserId } from '../ids.js';
import type { Actor } from './users.js';

/** A member: a user, or a reference that nobody fits yet. */
interface Member {
  /** The user's id, or the folded reference: what it is known by in its group. */
  readonly key: string;
  readonly userId: UserId | null;
  /** As the client sent it. */
  readonly reference: string;
  readonly display: string | null;
}

/** A stored group. Times as RFC 3339 has them, in UTC with milliseconds. */
export interface StoredGroup {
  readonly id: GroupId;
  readonly version: number;
  readonly displayName: string;
  readonly externalId: string | null;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly members: readonly Member[];
}

/** What is asserted of a group. */
export interface AssertedGroup {
  readonly displayName: string;
  readonly displayNameKey: string;
  readonly externalId: string | null;
  readonly members: readonly Omit<Member, 'userId'>[];
}

export interface GroupKey {
  readonly instance: InstanceId;
  readonly id: GroupId;
}

const instant = (column: string): string => `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

/** A group without its members, of `groups g`. */
const GROUP = `g.id, g.version::integer, g.display_name as "displayName", g.external_id as "externalId",
  ${instant('g.created_at')} as "createdAt", ${instant('g.updated_at')} as "updatedAt"`;

/** The members of a group `g` who have not been deleted, as a JSON list. */
const MEMBERS = `coalesce((
    select json_agg(json_build_object('key', m.member_key, 'userId', m.user_id, 'reference', m.reference, 'display', m.display)
      order by m.member_key)
    from group_members m left join users u on u.instance_id = m.instance_id and u.id = m.user_id
    where m.instance_id = g.instance_id and m.group_id = g.id and u.deleted_at is null), '[]')`;

/** The same as SCIM shows them, for filters. */
export const GROUP_MEMBERS = `(
    select jsonb_agg(jsonb_strip_nulls(jsonb_build_object('value', coalesce(m.user_id::text, m.reference), 'display', m.display,
      'type', case when m.user_id is not null then 'User' end, '$ref', '../Users/' || m.user_id)))
    from group_members m left join users u on u.instance_id = m.instance_id and u.id = m.user_id
    where m.instance_id = g.instance_id and m.group_id = g.id and u.deleted_at is null)`;

const find = (name: string, members: string): Statement => ({
  name,
  text: `
    select ${GROUP}, ${members} as members
    from unnest($2::uuid[]) with ordinality as wanted (id, place)
    join groups g on g.instance_id = $1 and g.id = wanted.id
    order by wanted.place`,
});
const FIND = find('find_groups', MEMBERS);
const FIND_BARE = find('find_bare_groups', `'[]'::json`);

/**
 * Groups by id, in the order asked for, without those who are not there; without their members where nobody asks for them.
 * @throws UnavailableError
 */
export const findGroups = (
  query: Query,
  instance: InstanceId,
  ids: readonly GroupId[],
  withMembers = true,
): Promise<StoredGroup[]> => query<StoredGroup>(withMembers ? FIND : FIND_BARE, [instance, ids]);

/** Members as rows; a user's id is known at once, any other reference waits for `resolve_members`. */
const ADD_MEMBERS = (keys: string, references: string, displays: string): string => `
    insert into group_members (instance_id, group_id, member_key, user_id, reference, display)
    select $1, $2, added.key, u.id, added.reference, added.display
    from unnest(${keys}::text[], ${references}::text[], ${displays}::text[]) as added (key, reference, display)
    left join users u on u.instance_id = $1 and u.deleted_at is null
      and u.id = case when added.key ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then added.key::uuid end
    on conflict (instance_id, group_id, member_key) do update set user_id = excluded.user_id, display = excluded.display`;

const AUDIT = (action: string, actor: string, request: string, from: string): string => `
    insert into audit_log (instance_id, actor, action, group_id, version, outcome, request_id)
    select $1, ${actor}, '${action}', ${from}.id, ${from}.version, 'accepted', ${request} from ${from}`;

const INSERT: Statement = {
  name: 'insert_group',
  text: `
    with written as (
      insert into groups (instance_id, id, display_name, display_name_key, external_id, created_at, updated_at)
      values ($1, $2, $3, $4, $5, $11, $11) returning id, version
    ),
    added as (${ADD_MEMBERS('$6', '$7', '$8')}),
    audited as (${AUDIT('group.create', '$9', '$10', 'written')})
    select 1 from written`,
};

const UPDATE: Statement = {
  name: 'update_group',
  text: `
    with written as (
      update groups g set display_name = $3, display_name_key = $4, external_id = $5, version = g.version + 1,
        updated_at = greatest(now(), g.updated_at + interval '1 millisecond')
      where g.instance_id = $1 and g.id = $2
      returning g.id, g.version
    ),
    removed as (
      delete from group_members m where m.instance_id = $1 and m.group_id = $2 and m.member_key = any ($11::text[])
    ),
    added as (${ADD_MEMBERS('$6', '$7', '$8')}),
    audited as (${AUDIT('group.update', '$9', '$10', 'written')})
    select 1 from written`,
};

const DELETE: Statement = {
  name: 'delete_group',
  text: `
    with written as (
      delete from groups g where g.instance_id = $1 and g.id = $2 returning g.id, g.version
    ),
    removed as (
      delete from group_members m where m.instance_id = $1 and m.group_id = $2
    ),
    audited as (${AUDIT('group.delete', '$3', '$4', 'written')})
    select 1 from written`,
};

const RESOLVE: Statement = { name: 'resolve_members', text: 'select resolve_members($1, $2, null)' };
const LOCK: Statement = {
  name: 'lock_group',
  text: 'select 1 from groups where instance_id = $1 and id = $2 for update',
};

const columns = (key: GroupKey, group: AssertedGroup, added: AssertedGroup['members'], by: Actor): unknown[] => [
  key.instance,
  key.id,
  group.displayName,
  group.displayNameKey,
  group.externalId,
  added.map((member) => member.key),
  added.map(({ reference }) => reference),
  added.map(({ display }) => display),
  by.actor,
  by.requestId,
];

/** A group by id; undefined where there is none. @throws UnavailableError */
export async function findGroup(pool: pg.Pool, { instance, id }: GroupKey): Promise<StoredGroup | undefined> {
  return (await patiently(pool, (query) => findGroups(query, instance, [id])))[0];
}

/**
 * Stores a new group with its members, in one statement, and then looks its unknown members up. Once it is stored that is
 * the answer, whatever fails after: a client who is told to try again would make a second one.
 * @throws UnavailableError where it can't be told that it is stored
 */
export async function createGroup(pool: pg.Pool, key: GroupKey, group: AssertedGroup, by: Actor): Promise<StoredGroup> {
  const createdAt = new Date().toISOString();
  const stored: StoredGroup = {
    id: key.id,
    version: 1,
    displayName: group.displayName,
    externalId: group.externalId,
    createdAt,
    updatedAt: createdAt,
    members: group.members.map((member) => ({ ...member, userId: null })),
  };
  const insert = [...columns(key, group, group.members, by), createdAt];
  await patiently(pool, (query) => query(INSERT, insert)).catch(async (error: unknown) => {
    // A COMMIT whose answer was lost is resolved by reading back (guard 10).
    if ((await findGroup(pool, key).catch(() => undefined)) === undefined) throw error;
  });
  return (await resolved(pool, key, group.members).catch(() => stored)) ?? stored;
}

/**
 * Changes a group under its lock, so that parallel changes of members lose nothing; only members who come or go are written.
 * @param compute is pure
 * @returns the group as it now is, or undefined where there is none.
 * @throws UnavailableError, and what `compute` throws
 */
export async function changeGroup(
  pool: pg.Pool,
  key: GroupKey,
  compute: (stored: StoredGroup) => AssertedGroup,
  by: Actor,
): Promise<StoredGroup | undefined> {
  const stored = await patiently(pool, async (query) => {
    // The lock first, and in a statement of its own: what is read after it is what stands.
    await query(LOCK, [key.instance, key.id]);
    const [before] = await findGroups(query, key.instance, [key.id]);
    if (before === undefined) return undefined;
    const group = compute(before);
    const known = new Map(before.members.map((member) => [member.key, member.display]));
    const wanted = new Set(group.members.map((member) => member.key));
    const added = group.members.filter((member) => known.get(member.key) !== member.display);
    const removed = before.members.map((member) => member.key).filter((member) => !wanted.has(member));
    const isRenamed = group.displayName !== before.displayName || group.externalId !== before.externalId;
    const isChanged = isRenamed || added.length > 0 || removed.length > 0;
    if (isChanged) await query(UPDATE, [...columns(key, group, added, by), removed]);
    const users = new Map(before.members.map((member) => [member.key, member.userId]));
    return {
      ...before,
      ...group,
      version: before.version + (isChanged ? 1 : 0),
      updatedAt: isChanged ? new Date().toISOString() : before.updatedAt,
      members: group.members.map((member) => ({ ...member, userId: users.get(member.key) ?? null })),
    };
  });
  // Written it is, whatever fails after.
  return stored && ((await resolved(pool, key, stored.members).catch(() => stored)) ?? stored);
}

/** Takes a group away; its members stay users. @returns false where there was none. @throws UnavailableError */
export async function deleteGroup(
  pool: pg.Pool,
  { instance, id }: GroupKey,
  assertDeletable: (stored: StoredGroup) => void,
  by: Actor,
): Promise<boolean> {
  return patiently(pool, async (query) => {
    await query(LOCK, [instance, id]);
    const [stored] = await findGroups(query, instance, [id]);
    if (stored === undefined) return false;
    assertDeletable(stored);
    await query(DELETE, [instance, id, by.actor, by.requestId]);
    return true;
  });
}

/** The group as it stands, after those of its members were looked up who are no ids. */
async function resolved(
  pool: pg.Pool,
  key: GroupKey,
  members: AssertedGroup['members'],
): Promise<StoredGroup | undefined> {
  if (members.some((member) => !isUserId(member.key))) {
    await patiently(pool, (query) => query(RESOLVE, [key.instance, key.id]));
  }
  return findGroup(pool, key);
}

/** A group can have a hundred thousand members: its statements may take longer than others of the front door. */
const PATIENCE_MS = 10_000;

/** Runs `work` in a transaction whose statements may take their time. @throws UnavailableError */
export const patiently = <Result>(pool: pg.Pool, work: (query: Query) => Promise<Result>): Promise<Result> =>
  transaction(pool, async (client) => {
    await client.query(`set local statement_timeout = ${PATIENCE_MS}`);
    return work(within(client, PATIENCE_MS + 200));
  });
