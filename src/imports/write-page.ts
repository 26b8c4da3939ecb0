import type pg from 'pg';
import { on, type Query, transaction, within } from '../database/pool.js';
import { applyAccountsBy } from '../directory/accounts.js';
import {
  type Decided,
  decideRows,
  lockImport,
  type PendingRow,
  pendingLines,
  readPending,
} from '../directory/import-rows.js';
import type { ImportKey, ImportState } from '../directory/imports.js';
import { setImportedRoles } from '../directory/roles.js';
import type { Actor, AssertedUser } from '../directory/users.js';
import { type Assertion, insertUsers, updateUsers } from '../directory/write-users.js';
import type { InstanceId, UserId } from '../ids.js';
import { CHANGED_MEANWHILE, type Decision, decideRow } from './decide-row.js';

/** Some rows as they were read, each with what is to become of it. */
export interface DecidedPage {
  readonly rows: readonly PendingRow[];
  readonly decisions: readonly Decision[];
  /** The last line of the page; undefined where there was nothing left. */
  readonly last: number | undefined;
}

export const PAGE = 500;

/** The column that says this, as the file calls it. */
export type ColumnOf = (attribute: string) => string;

/**
 * Reads the next pending rows after a line, and decides what is to become of each by whom it means in an instance. It may be read long
 * before it is written: who was changed since is not written then (guard 9).
 */
export async function readPageBy(
  query: Query,
  key: ImportKey,
  after: number,
  instance = key.instance,
): Promise<DecidedPage> {
  const { rows, last } = await readPending(query, key, after, PAGE, instance);
  return { rows, decisions: rows.map(decideRow), last };
}

/** The same, outside any transaction. */
export const readPage = (pool: pg.Pool, key: ImportKey, after: number): Promise<DecidedPage> =>
  readPageBy(on(pool), key, after);

/**
 * Gives a page of rows its outcome: people, accounts, audit, events, roles and the rows themselves in one transaction, so that a page is
 * done once or not at all, whoever does it and however often.
 * @returns the state of the import; only of one that is running something is written.
 */
export const writePage = (pool: pg.Pool, key: ImportKey, columnOf: ColumnOf, page: DecidedPage): Promise<ImportState> =>
  transaction(pool, async (client) => {
    const query = within(client);
    // First, as whoever erases somebody does (guard 2).
    await lockInstance(query, key.instance);
    const began = await lockImport(query, key);
    if (began?.state !== 'running') return began?.state ?? 'cancelled';
    const pending = await pendingLines(
      query,
      key,
      page.rows.map(({ line }) => line),
    );
    const isPending = (_: unknown, at: number): boolean => pending.has(page.rows[at]?.line ?? 0);
    const left = { ...page, rows: page.rows.filter(isPending), decisions: page.decisions.filter(isPending) };
    const by: Actor = { actor: began.actor, source: 'import', requestId: began.requestId };
    if (left.rows.length > 0) await decideRows(query, key, await actOnPage(query, key.instance, by, columnOf, left));
    return began.state;
  });

/** Before any row of an account, as the steps of runs lock them. */
export const lockInstance = async (query: Query, instance: InstanceId): Promise<void> => {
  await query({ name: 'lock_instance', text: 'select lock_instance($1)' }, [instance]);
};

/**
 * Does what was decided to the people of an instance, in the transaction of `query`, which holds the instance's lock.
 * @returns what became of the rows
 */
export async function actOnPage(
  query: Query,
  instance: InstanceId,
  by: Actor,
  columnOf: ColumnOf,
  { rows, decisions }: DecidedPage,
): Promise<Decided[]> {
  const written = await write(query, instance, decisions, by);
  const given = await setRoles(query, instance, rows, decisions, written, by);
  const done = new Set([...written, ...given]);
  return rows.map((row, at) => decided(row, decisions[at] ?? { outcome: 'unchanged' }, done, columnOf));
}

/** Writes who is new and who changes, and their accounts. @returns who was written; the others were changed by others meanwhile */
async function write(
  query: Query,
  instance: InstanceId,
  decisions: readonly Decision[],
  by: Actor,
): Promise<Set<UserId>> {
  const of = (outcome: Decision['outcome']): AssertedUser[] =>
    decisions.flatMap((decision) =>
      decision.outcome === outcome && 'user' in decision && decision.user !== undefined ? [decision.user] : [],
    );
  const assert = (users: readonly AssertedUser[]): Assertion[] => users.map((user) => ({ instance, user, by }));
  const [fresh, changed] = [of('created'), of('updated')];
  const inserted = fresh.length === 0 ? [] : await insertUsers(query, assert(fresh));
  const updated = changed.length === 0 ? [] : await updateUsers(query, assert(changed));
  const written = [...fresh.filter((_, at) => inserted[at]), ...changed.filter((_, at) => updated[at])];
  if (written.length > 0) {
    await applyAccountsBy(
      query,
      instance,
      written.map(({ id, version }) => ({ userId: id, version })),
    );
  }
  return new Set(written.map(({ id }) => id));
}

/** Rule 11: the roles that a file names, of whom it wrote or need not write. @returns who was not changed by others meanwhile */
async function setRoles(
  query: Query,
  instance: InstanceId,
  rows: readonly PendingRow[],
  decisions: readonly Decision[],
  written: ReadonlySet<UserId>,
  by: Actor,
): Promise<Set<UserId>> {
  const roles = rows.flatMap(({ askedRole, role, stored }, at) => {
    const decision = decisions[at];
    if (askedRole === null || askedRole === role || decision === undefined || decision.outcome === 'rejected')
      return [];
    const user = 'user' in decision ? decision.user : undefined;
    if (user !== undefined && !written.has(user.id)) return [];
    const { id, version } = user ?? stored ?? {};
    return id === undefined || version === undefined ? [] : [{ userId: id, version, role: askedRole }];
  });
  return roles.length === 0 ? new Set() : setImportedRoles(query, instance, roles, by);
}

function decided(
  { line, stored }: PendingRow,
  decision: Decision,
  done: ReadonlySet<UserId>,
  columnOf: ColumnOf,
): Decided {
  const { outcome } = decision;
  const row = {
    line,
    userId: stored?.id ?? null,
    version: stored?.version ?? null,
    fault: null,
    reason: null,
    changed: null,
  };
  if (outcome === 'unchanged') return { ...row, outcome };
  if (outcome === 'rejected') return { ...row, outcome, fault: columnOf(decision.attribute), reason: decision.reason };
  const { id: userId, version } = decision.user ?? { id: row.userId, version: row.version };
  if (userId === null || !done.has(userId)) {
    return { ...row, outcome: 'rejected', fault: columnOf('email'), reason: CHANGED_MEANWHILE };
  }
  return {
    ...row,
    outcome,
    userId,
    version,
    changed: outcome === 'updated' ? decision.changed.join(',') : null,
  };
}
