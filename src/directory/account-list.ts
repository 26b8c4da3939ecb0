import type pg from 'pg';
import { run } from '../database/pool.js';
import type { InstanceId, UserId } from '../ids.js';
import { lowerBound, type Page } from './page.js';
import type { Role } from './roles.js';

export const ACCOUNT_STATUSES = ['pending', 'active', 'suspended', 'refused'] as const;
type AccountStatus = (typeof ACCOUNT_STATUSES)[number];

/** The effective state of a user: what is so, as against what Okta asserted. */
export interface Account {
  readonly id: UserId;
  readonly userName: string;
  readonly displayName: string;
  readonly title: string;
  readonly role: Role;
  readonly status: AccountStatus;
  /** Whom rule 2 gives, and by which of its clauses. */
  readonly manager: { readonly id: UserId; readonly userName: string; readonly origin: 'assigned' | 'default' } | null;
  readonly team: { readonly id: string; readonly name: string } | null;
  /** The newest assertion, the last one applied, and the number of effective changes so far. */
  readonly version: {
    readonly asserted: number;
    readonly applied: number;
    readonly revision: number;
    /** The revision that the application has; null where there is none. */
    readonly announced: number | null;
  };
}

/** Every condition given must hold. */
export interface AccountFilter {
  /** The key of a userName (`foldUserName`). */
  readonly userNameKey?: string | undefined;
  readonly status?: AccountStatus | undefined;
  readonly managerId?: UserId | undefined;
  readonly teamId?: string | undefined;
}

/** The column that each condition is about. */
const CONDITIONS: Record<keyof AccountFilter, string> = {
  userNameKey: 'u.user_name_key',
  status: 'a.status',
  managerId: 'a.manager_id',
  teamId: 'a.team_id',
};

/** A pending account has no profile of its own yet: its run copies what the user asserted. */
const SELECT = `
  select a.id, coalesce(a.user_name, u.user_name) as "userName", coalesce(a.display_name, u.display_name) as "displayName",
    a.title, a.role, a.status, a.origin, m.id as manager_id, m.user_name as manager_name, t.id as team_id, t.name as team_name,
    a.asserted_version, a.applied_version, a.revision, announced_revision(a) as announced
  from accounts a
  join users u on u.instance_id = a.instance_id and u.id = a.id
  left join accounts m on m.instance_id = a.instance_id and m.id = a.manager_id
  left join teams t on t.instance_id = a.instance_id and t.id = a.team_id
  where a.instance_id = $1`;

type Row = Pick<Account, 'id' | 'userName' | 'displayName' | 'title' | 'role' | 'status'> & {
  origin: 'assigned' | 'default' | 'none';
  manager_id: UserId | null;
  manager_name: string | null;
  team_id: string | null;
  team_name: string | null;
  asserted_version: string;
  applied_version: string;
  revision: string;
  announced: string | null;
};

/** An account by its user's id, a deleted user's too. @throws UnavailableError */
export async function findAccount(pool: pg.Pool, instance: InstanceId, id: UserId): Promise<Account | undefined> {
  const [row] = await run<Row>(pool, { name: 'find_account', text: `${SELECT} and a.id = $2` }, [instance, id]);
  return row && toAccount(row);
}

/** One page of an instance's accounts, without those of deleted users. @throws UnavailableError */
export async function listAccounts(
  pool: pg.Pool,
  instance: InstanceId,
  filter: AccountFilter,
  page: Page,
): Promise<Account[]> {
  const values: unknown[] = [instance, lowerBound(page), page.limit];
  const conditions = Object.entries(CONDITIONS).flatMap(([name, column]) => {
    const value = filter[name as keyof AccountFilter];
    return value === undefined ? [] : [` and ${column} = $${values.push(value)}`];
  });
  const text = `${SELECT} and u.deleted_at is null and a.id > $2${conditions.join('')} order by a.id limit $3`;
  // Without a name it is planned for the values it comes with: a status or a team may be rare or nearly everybody's.
  const rows = await run<Row>(pool, { name: '', text }, values);
  return rows.map(toAccount);
}

const toAccount = (row: Row): Account => ({
  id: row.id,
  userName: row.userName,
  displayName: row.displayName,
  title: row.title,
  role: row.role,
  status: row.status,
  manager:
    row.manager_id === null || row.origin === 'none'
      ? null
      : { id: row.manager_id, userName: row.manager_name ?? '', origin: row.origin },
  team: row.team_id === null ? null : { id: row.team_id, name: row.team_name ?? '' },
  version: {
    asserted: Number(row.asserted_version),
    applied: Number(row.applied_version),
    revision: Number(row.revision),
    announced: row.announced === null ? null : Number(row.announced),
  },
});
