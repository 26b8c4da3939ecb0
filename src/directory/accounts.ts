import type pg from 'pg';
import { on, type Query, run, type Statement } from '../database/pool.js';
import type { InstanceId, UserId } from '../ids.js';

/** One user at one asserted version: what every fenced step is told. */
export interface UserAt {
  readonly userId: UserId;
  readonly version: number;
}

/** What a run reads before it acts. */
export interface Asserted {
  readonly userId: UserId;
  readonly version: number;
  readonly wanted: 'active' | 'suspended';
  /** True until the account has been provisioned once. */
  readonly isNew: boolean;
  /** True where the application refused to create it, and nothing newer was asserted. Absent in runs of before. */
  readonly isRefused?: boolean;
  /** True where an operator gave the creation up, and nothing newer was asserted. Absent in runs of before. */
  readonly isAbandoned?: boolean;
  /** True where there is an application to be told. Absent in runs of before. */
  readonly hasApplication?: boolean;
  /** True where Okta ended the access, and the brake has not let it through. Absent in runs of before. */
  readonly isUnassigned?: boolean;
  /** How long a step may fail before its user counts as stuck, in milliseconds, where that is not a minute. */
  readonly patienceMs?: number;
  /** True where the brake holds the deactivation, and nothing newer was asserted. Absent in runs of before. */
  readonly isHeld?: boolean;
}

const READ_ASSERTED: Statement = {
  name: 'read_asserted',
  text: 'select id, asserted_version, wanted, status, is_refused, is_abandoned, has_application, is_unassigned, is_held from read_asserted($1, $2)',
};

/** The newest assertion of each of these users; a deactivation that a switch kept is asserted where that is on again. @throws UnavailableError */
export async function readAsserted(
  pool: pg.Pool,
  instance: InstanceId,
  users: readonly UserId[],
): Promise<Map<UserId, Asserted>> {
  type Row = {
    id: UserId;
    asserted_version: string;
    wanted: Asserted['wanted'];
    status: string;
    is_refused: boolean;
    is_abandoned: boolean;
    has_application: boolean;
    is_unassigned: boolean;
    is_held: boolean;
  };
  const rows = await run<Row>(pool, READ_ASSERTED, [instance, users]);
  return new Map(
    rows.map((row) => [
      row.id,
      {
        userId: row.id,
        version: Number(row.asserted_version),
        wanted: row.wanted,
        isNew: row.status === 'pending',
        ...(row.is_refused ? { isRefused: true } : {}),
        ...(row.is_abandoned ? { isAbandoned: true } : {}),
        ...(row.has_application ? { hasApplication: true } : {}),
        ...(row.is_unassigned ? { isUnassigned: true } : {}),
        ...(row.is_held ? { isHeld: true } : {}),
      },
    ]),
  );
}

const APPLY_ACCOUNTS: Statement = {
  name: 'apply_accounts',
  text: 'select id, held from apply_accounts($1, $2, $3)',
};

/**
 * Creates or updates the accounts of these users from what was asserted at their versions (status, profile, keys, the
 * mark of the wait of rule 4) and renames their teams. Whose access Okta has ended may be held (rule 12).
 * @returns for each whose version is still the asserted one, whether it is held; the others were left alone.
 * @throws UnavailableError
 */
export const applyAccounts = (
  pool: pg.Pool,
  instance: InstanceId,
  users: readonly UserAt[],
): Promise<Map<UserId, boolean>> => applyAccountsBy(on(pool), instance, users);

/** The same, within the transaction of an import's page. @throws UnavailableError */
export async function applyAccountsBy(
  query: Query,
  instance: InstanceId,
  users: readonly UserAt[],
): Promise<Map<UserId, boolean>> {
  const rows = await query<{ id: UserId; held: boolean }>(APPLY_ACCOUNTS, [instance, ...columns(users)]);
  return new Map(rows.map(({ id, held }) => [id, held]));
}

const CANCEL: Statement = { name: 'cancel_provisioning', text: 'select cancel_provisioning($1, $2, $3) as undone' };

/** Undoes the first provisioning of a user whose run was cancelled, unless something newer was asserted. @returns whether it was one @throws UnavailableError */
export async function cancelProvisioning(
  pool: pg.Pool,
  instance: InstanceId,
  { userId, version }: UserAt,
): Promise<boolean> {
  const [row] = await run<{ undone: boolean }>(pool, CANCEL, [instance, userId, version]);
  return row?.undone === true;
}

/** Runs a fenced step; gives the users whose version it found to be the asserted one. @throws UnavailableError */
export async function runStep(
  pool: pg.Pool,
  statement: Statement,
  instance: InstanceId,
  users: readonly UserAt[],
): Promise<Set<UserId>> {
  const rows = await run<{ id: UserId }>(pool, statement, [instance, ...columns(users)]);
  return new Set(rows.map((row) => row.id));
}

/** The ids and the versions as the two arrays that a step's statement takes. */
export const columns = (users: readonly UserAt[]): [UserId[], number[]] => [
  users.map((user) => user.userId),
  users.map((user) => user.version),
];
