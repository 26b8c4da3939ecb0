import type pg from 'pg';
import { run, type Statement } from '../database/pool.js';
import type { InstanceId, UserId } from '../ids.js';
import { columns, type UserAt } from './accounts.js';
import { lowerBound } from './page.js';

/** How many reports one statement evaluates: short enough for a local activity, long enough to be set-based. */
const PAGE = 500;

/** `waitMs` is there while the user waits for a manager: the milliseconds that are left. */
export interface Found {
  readonly waitMs: number | undefined;
}

const FIND_MANAGERS: Statement = {
  name: 'find_managers',
  text: 'select id, wait_ms from find_managers($1, $2, $3)',
};

/**
 * Looks whether these users' managers are there, and shows who waits (rule 4).
 * @returns an entry for each whose version is still the asserted one.
 * @throws UnavailableError
 */
export async function findManagers(
  pool: pg.Pool,
  instance: InstanceId,
  users: readonly UserAt[],
): Promise<Map<UserId, Found>> {
  const rows = await run<{ id: UserId; wait_ms: number | null }>(pool, FIND_MANAGERS, [instance, ...columns(users)]);
  return new Map(rows.map((row) => [row.id, { waitMs: row.wait_ms ?? undefined }]));
}

const EVALUATE_REPORTS: Statement = {
  name: 'evaluate_reports',
  text: 'select evaluate_reports($1, $2, $3, $4) as last',
};
const ADOPT_REFERRERS: Statement = {
  name: 'adopt_referrers',
  text: 'select evaluate_reports($1, $2, $3, $4, true) as last',
};

/**
 * Evaluates one page of those whom a change of these accounts concerns: their reports, and who refers to them (guard 3).
 * @returns the cursor of the next page, undefined after the last.
 * @throws UnavailableError
 */
export const evaluateReports = (
  pool: pg.Pool,
  instance: InstanceId,
  managers: readonly UserId[],
  after: UserId | undefined,
): Promise<UserId | undefined> => evaluatePage(pool, EVALUATE_REPORTS, instance, managers, after);

/** The same for accounts that are new: only who refers to one of them and does not mean it yet. @throws UnavailableError */
export const adoptReferrers = (
  pool: pg.Pool,
  instance: InstanceId,
  managers: readonly UserId[],
  after: UserId | undefined,
): Promise<UserId | undefined> => evaluatePage(pool, ADOPT_REFERRERS, instance, managers, after);

async function evaluatePage(
  pool: pg.Pool,
  statement: Statement,
  instance: InstanceId,
  managers: readonly UserId[],
  after: UserId | undefined,
): Promise<UserId | undefined> {
  const values = [instance, managers, lowerBound({ after, limit: PAGE }), PAGE];
  const [row] = await run<{ last: UserId | null }>(pool, statement, values);
  return row?.last ?? undefined;
}

const EVALUATE_INSTANCE: Statement = {
  name: 'evaluate_instance',
  text: 'select evaluate_instance($1, $2) as evaluated',
};

/** Evaluates one page of those whom a change of the default manager concerns (rule 5). @returns how many; 0 when done. @throws UnavailableError */
export async function evaluateInstance(pool: pg.Pool, instance: InstanceId): Promise<number> {
  const [row] = await run<{ evaluated: number }>(pool, EVALUATE_INSTANCE, [instance, PAGE]);
  return row?.evaluated ?? 0;
}
