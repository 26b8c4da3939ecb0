import type pg from 'pg';
import { type Query, run, type Statement } from '../database/pool.js';
import type { InstanceId, UserId } from '../ids.js';
import type { UserAt } from './accounts.js';
import type { ImportKey, ImportState, RowOutcome } from './imports.js';
import type { Role } from './roles.js';
import { type StoredUser, USER_GROUPS } from './users.js';

/** A file grows its tables from nothing: what was planned for them then is wrong soon, so that these are planned anew for each page. What
 * is looked up for each row is behind an `offset 0`, or without statistics it may be looked for among all people of the instance. */
const REPLANNED = '';

/** A row on its way into staging: texts as JSON. */
export interface NewRow {
  readonly line: number;
  readonly cells: readonly string[];
  /** What it says of somebody; null where nothing can be read of it, which its reason says. */
  readonly attributes: Readonly<Record<string, string>> | null;
  readonly userName: string | null;
  readonly userNameKey: string | null;
  /** The column at fault and why, of a row that is rejected at once. */
  readonly fault?: string | undefined;
  readonly reason?: string | undefined;
}

const STAGE: Statement = {
  name: REPLANNED,
  text: `
    with given as (
      select *, min(line) over (partition by user_name_key) as first_line
      from unnest($3::integer[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[])
        as r (line, cells, attributes, user_name, user_name_key, fault, reason)
    ),
    staged as (
      insert into import_rows (instance_id, import_id, line, cells, attributes, user_name, user_name_key, base_user_id, base_version, outcome, fault, reason)
      select $1, $2, r.line, r.cells::jsonb,
        case when coalesce(before.line, nullif(r.first_line, r.line)) is null then r.attributes::jsonb end, r.user_name, r.user_name_key, u.id, u.version,
        case when r.reason is null and coalesce(before.line, nullif(r.first_line, r.line)) is null then 'pending' else 'rejected' end,
        case when r.reason is not null then r.fault when coalesce(before.line, nullif(r.first_line, r.line)) is not null then $10 end,
        coalesce(r.reason, 'is a duplicate of line ' || coalesce(before.line, nullif(r.first_line, r.line)))
      from given r
      left join lateral (
        select u.id, u.version from users u
        where u.instance_id = $1 and u.user_name_key = r.user_name_key and u.deleted_at is null offset 0
      ) u on true
      left join lateral (
        select b.line from import_rows b
        where b.instance_id = $1 and b.import_id = $2 and b.user_name_key = r.user_name_key order by b.line limit 1
      ) before on r.user_name_key is not null
      returning outcome
    )
    update imports i set total = i.total + counted.rows, rejected = i.rejected + counted.rejected
    from (select count(*)::integer as rows, count(*) filter (where outcome = 'rejected')::integer as rejected from staged) counted
    where i.instance_id = $1 and i.id = $2`,
};

/**
 * Stages rows, each with whom it means and the version that user has at this moment (guard 9); of several with one e-mail the first counts, the others
 * are rejected as duplicates of its line. `nameColumn` is the column of the e-mail, as the file writes it.
 * @throws UnavailableError
 */
export async function stageRows(
  pool: pg.Pool,
  { instance, id }: ImportKey,
  rows: readonly NewRow[],
  nameColumn: string,
): Promise<void> {
  await run(pool, STAGE, [
    instance,
    id,
    rows.map(({ line }) => line),
    rows.map(({ cells }) => JSON.stringify(cells)),
    rows.map(({ attributes }) => attributes && JSON.stringify(attributes)),
    rows.map(({ userName }) => userName),
    rows.map(({ userNameKey }) => userNameKey),
    rows.map(({ fault }) => fault ?? null),
    rows.map(({ reason }) => reason ?? null),
    nameColumn,
  ]);
}

/** A staged row and whom it means. */
export interface PendingRow {
  readonly line: number;
  readonly outcome: RowOutcome;
  readonly attributes: Readonly<Record<string, string>>;
  /** Whom it meant as it was staged; null where there was nobody. */
  readonly baseUserId: UserId | null;
  readonly baseVersion: number | null;
  /** Whether somebody of its name was deleted since the file was sent. */
  readonly deletedSince: boolean;
  /** Null where there is no such user. */
  readonly stored: StoredUser | null;
  /** The account's role, and what the asked one would be stored as. */
  readonly role: Role | null;
  readonly askedRole: Role | null;
}

const READ: Statement = {
  name: REPLANNED,
  text: `
    with page as materialized (
      select r.line, r.outcome, r.attributes, r.base_user_id, r.base_version, r.user_name_key from import_rows r
      where r.instance_id = $1 and r.import_id = $2 and r.line > $3
      order by r.line limit $4
    )
    select page.line, page.outcome, page.attributes, page.base_user_id as "baseUserId", page.base_version::integer as "baseVersion", a.role,
      u.id is null and exists (
        select from users gone join imports i on i.instance_id = $1 and i.id = $2
        where gone.instance_id = $1 and gone.user_name_key = page.user_name_key and gone.deleted_at >= i.created_at) as "deletedSince",
      case when page.attributes ? 'role'
        then coalesce(stored_role($5, u.id, page.attributes ->> 'role'), page.attributes ->> 'role') end as "askedRole",
      case when u.id is not null
        then json_build_object('id', u.id, 'version', u.version, 'resource', u.resource, 'groups', ${USER_GROUPS}) end as stored
    from page
    left join lateral (
      select * from users u where u.instance_id = $5 and u.user_name_key = page.user_name_key and u.deleted_at is null offset 0
    ) u on page.outcome = 'pending'
    left join lateral (select a.role from accounts a where a.instance_id = $5 and a.id = u.id offset 0) a on true
    order by page.line`,
};

/** Some of the next rows after a line; `last` is the line up to which they were looked at, undefined where there are no more. */
interface Page<Row> {
  readonly rows: Row[];
  readonly last: number | undefined;
}

/** A page is so many lines, whatever has become of them: the planner can't know how many of them are still of one outcome. */
const pageOf = <Row extends { readonly line: number; readonly outcome: RowOutcome }>(
  rows: readonly Row[],
  ...outcomes: readonly RowOutcome[]
): Page<Row> => ({ rows: rows.filter(({ outcome }) => outcomes.includes(outcome)), last: rows.at(-1)?.line });

/** The next pending rows of an import after a line, and whom they mean in an instance: its own, unless it is rehearsed elsewhere. @throws UnavailableError */
export const readPending = async (
  query: Query,
  { instance, id }: ImportKey,
  after: number,
  limit: number,
  meantIn = instance,
): Promise<Page<PendingRow>> => pageOf(await query<PendingRow>(READ, [instance, id, after, limit, meantIn]), 'pending');

/** What became of a row. */
export interface Decided {
  readonly line: number;
  readonly outcome: Exclude<RowOutcome, 'pending' | 'cancelled'>;
  readonly userId: UserId | null;
  /** The user's version since. */
  readonly version: number | null;
  readonly fault: string | null;
  readonly reason: string | null;
  /** The names of the attributes that changed, with commas between them. */
  readonly changed: string | null;
}

const DECIDE: Statement = {
  name: REPLANNED,
  text: `
    with decided as (
      update import_rows r set outcome = v.outcome, user_id = v.user_id, version = v.version, fault = v.fault, reason = v.reason, changed = v.changed
      from unnest($3::integer[], $4::text[], $5::uuid[], $6::bigint[], $7::text[], $8::text[], $9::text[])
        as v (line, outcome, user_id, version, fault, reason, changed)
      where r.instance_id = $1 and r.import_id = $2 and r.line = v.line and r.outcome = 'pending'
      returning r.outcome
    )
    update imports i set created = i.created + n.created, updated = i.updated + n.updated, unchanged = i.unchanged + n.unchanged,
      rejected = i.rejected + n.rejected
    from (select count(*) filter (where outcome = 'created') as created, count(*) filter (where outcome = 'updated') as updated,
      count(*) filter (where outcome = 'unchanged') as unchanged, count(*) filter (where outcome = 'rejected') as rejected from decided) n
    where i.instance_id = $1 and i.id = $2`,
};

/** Gives rows their outcome, once. @throws UnavailableError */
export async function decideRows(query: Query, { instance, id }: ImportKey, rows: readonly Decided[]): Promise<void> {
  const column = <Key extends keyof Decided>(key: Key) => rows.map((row) => row[key]);
  const names = ['line', 'outcome', 'userId', 'version', 'fault', 'reason', 'changed'] as const;
  await query(DECIDE, [instance, id, ...names.map(column)]);
}

const LOCK: Statement = {
  name: 'lock_import',
  text: 'select i.state, i.actor, i.request_id as "requestId" from imports i where i.instance_id = $1 and i.id = $2 for no key update',
};

/** The state that an import keeps until the transaction ends, and who began it. Undefined where it is gone. @throws UnavailableError */
export async function lockImport(
  query: Query,
  { instance, id }: ImportKey,
): Promise<{ readonly state: ImportState; readonly actor: string; readonly requestId: string | null } | undefined> {
  const [row] = await query<{ state: ImportState; actor: string; requestId: string | null }>(LOCK, [instance, id]);
  return row;
}

const PENDING: Statement = {
  name: 'pending_lines',
  text: `
    select r.line from import_rows r
    where r.instance_id = $1 and r.import_id = $2 and r.line = any ($3::integer[]) and r.outcome = 'pending'
    order by r.line for no key update`,
};

/** Which of these lines have no outcome yet; nobody gives them one until the transaction ends. @throws UnavailableError */
export const pendingLines = async (
  query: Query,
  { instance, id }: ImportKey,
  lines: readonly number[],
): Promise<Set<number>> =>
  new Set((await query<{ line: number }>(PENDING, [instance, id, lines])).map(({ line }) => line));

const CANCEL: Statement = {
  name: REPLANNED,
  text: `
    with gone as (
      update import_rows r set outcome = 'cancelled'
      where r.instance_id = $1 and r.import_id = $2 and r.outcome = 'pending'
        and r.line in (select p.line from import_rows p where p.instance_id = $1 and p.import_id = $2 and p.outcome = 'pending' order by p.line limit $3)
      returning 1
    ),
    counted as (select count(*)::integer as rows from gone),
    told as (
      update imports i set cancelled = i.cancelled + counted.rows from counted where i.instance_id = $1 and i.id = $2
    )
    select rows from counted`,
};

/** Marks a piece of the rows that are left as cancelled. @returns how many; 0 when there are none left @throws UnavailableError */
export async function cancelRows(pool: pg.Pool, { instance, id }: ImportKey, limit: number): Promise<number> {
  const [row] = await run<{ rows: number }>(pool, CANCEL, [instance, id, limit]);
  return row?.rows ?? 0;
}

/** A row that was written, of which there is something to settle. */
export interface WrittenRow extends UserAt {
  readonly line: number;
  readonly outcome: 'created' | 'updated';
}

const WRITTEN: Statement = {
  name: REPLANNED,
  text: `
    select r.line, r.outcome, r.user_id as "userId", r.version::integer
    from import_rows r
    where r.instance_id = $1 and r.import_id = $2 and r.line > $3
    order by r.line limit $4`,
};

/** The next rows after a line that created or changed somebody. @throws UnavailableError */
export const writtenRows = async (
  pool: pg.Pool,
  { instance, id }: ImportKey,
  after: number,
  limit: number,
): Promise<Page<WrittenRow>> =>
  pageOf(await run<WrittenRow>(pool, WRITTEN, [instance, id, after, limit]), 'created', 'updated');

/** A row as it is shown. */
export interface ShownRow {
  readonly line: number;
  readonly userName: string | null;
  readonly userId: UserId | null;
  readonly outcome: RowOutcome;
  readonly column: string | null;
  readonly reason: string | null;
  readonly changed: string | null;
  readonly manager: { readonly userName: string; readonly origin: 'assigned' | 'default' } | null;
}

const LIST: Statement = {
  name: REPLANNED,
  text: `
    select r.line, r.user_name as "userName", r.user_id as "userId", r.outcome, r.fault as column, r.reason, r.changed,
      case
        when r.manager is not null then r.manager::json
        when m.id is not null then json_build_object('userName', m.user_name, 'origin', a.origin) end as manager
    from import_rows r
    left join accounts a on a.instance_id = r.instance_id and a.id = r.user_id
    left join accounts m on m.instance_id = r.instance_id and m.id = a.manager_id
    where r.instance_id = $1 and r.import_id = $2 and r.line > $3 and ($5::text is null or r.outcome = $5)
    order by r.line limit $4`,
};

/** Rows of an import in the order of the file, from after a line on; of one outcome where that is named. @throws UnavailableError */
export const listRows = (
  pool: pg.Pool,
  { instance, id }: ImportKey,
  {
    after,
    limit,
    outcome,
  }: { readonly after: number; readonly limit: number; readonly outcome?: RowOutcome | undefined },
): Promise<ShownRow[]> => run<ShownRow>(pool, LIST, [instance, id, after, limit, outcome ?? null]);

/** A rejected row with what it was. */
export interface RejectedRow {
  readonly line: number;
  readonly cells: readonly string[];
  readonly fault: string | null;
  readonly reason: string | null;
}

const REJECTED: Statement = {
  name: REPLANNED,
  text: `
    select r.line, r.cells, r.fault, r.reason from import_rows r
    where r.instance_id = $1 and r.import_id = $2 and r.line > $3 and r.outcome = 'rejected' order by r.line limit $4`,
};

/** The rejected rows in the order of the file, from after a line on. @throws UnavailableError */
export const rejectedRows = (
  pool: pg.Pool,
  { instance, id }: ImportKey,
  after: number,
  limit: number,
): Promise<RejectedRow[]> => run<RejectedRow>(pool, REJECTED, [instance, id, after, limit]);

const UNDECIDE: Statement = {
  name: REPLANNED,
  text: `
    with begun as (
      update import_rows r set outcome = 'pending', user_id = null, version = null, fault = null, reason = null, changed = null, manager = null
      where r.instance_id = $1 and r.import_id = $2 and r.attributes is not null and r.outcome <> 'pending'
      returning 1
    )
    update imports i set created = 0, updated = 0, unchanged = 0,
      rejected = (select count(*)::integer from import_rows r where r.instance_id = $1 and r.import_id = $2 and r.attributes is null)
    where i.instance_id = $1 and i.id = $2 and exists (select from begun)`,
};

/** Makes all rows pending again but those that were rejected as they were staged: a rehearsal begins anew. @throws UnavailableError */
export async function undecideRows(pool: pg.Pool, { instance, id }: ImportKey): Promise<void> {
  await run(pool, UNDECIDE, [instance, id]);
}

const MANAGERS: Statement = {
  name: REPLANNED,
  text: `
    select a.id, json_build_object('userName', m.user_name, 'origin', a.origin)::text as manager
    from accounts a join accounts m on m.instance_id = a.instance_id and m.id = a.manager_id
    where a.instance_id = $1 and a.id = any ($2)
      -- Whoever the file switches off has one only until their own run has been.
      and a.status <> 'suspended'`,
};
const TELL: Statement = {
  name: REPLANNED,
  text: `
    update import_rows r set manager = v.manager, user_id = case when r.outcome = 'created' then null else r.user_id end
    from unnest($3::integer[], $4::text[]) as v (line, manager)
    where r.instance_id = $1 and r.import_id = $2 and r.line = v.line`,
};

/** Writes down who would manage whom, as a rehearsal has found it in its copy of the instance. Who would be created has no id. @throws UnavailableError */
export async function tellManagers(
  query: Query,
  pool: pg.Pool,
  { instance, id }: ImportKey,
  copy: InstanceId,
  rows: readonly WrittenRow[],
): Promise<void> {
  const found = await query<{ id: UserId; manager: string }>(MANAGERS, [copy, rows.map(({ userId }) => userId)]);
  const managers = new Map(found.map((one) => [one.id, one.manager]));
  await run(pool, TELL, [
    instance,
    id,
    rows.map(({ line }) => line),
    // Who would have none has none in the report either, whoever manages them now.
    rows.map(({ userId }) => managers.get(userId) ?? 'null'),
  ]);
}
